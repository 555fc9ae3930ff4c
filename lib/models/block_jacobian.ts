/** @file How what leaves a block of a stack depends on what enters it, token by token and channel by channel. */
import { numpy as np, tree } from "@jax-js/jax";
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import { valueAndGrad } from "../engine/gradient.ts";
import type { TracedFunction } from "../engine/types.ts";
import { overSequence } from "../layers/sequence/forms.ts";
import type { SequenceLayer } from "../layers/sequence/sequence_layer.ts";
import { rmsNorm } from "../layers/rms_norm.ts";
import type { Block } from "./stack.ts";

/**
 * A function of a block of stack.ts without an MLP and of n = T d copies of one stream x, [n, T, d]: every copy has one output
 * differentiated, so that one program and one reverse pass give the whole Jacobian.
 * @returns (when called) [[sum, y], J]: y [n, T, d], n times what leaves the block, and J [n, T, d], row k the gradient of its k-th number.
 */
export function blockJacobian(layer: SequenceLayer, config: unknown): TracedFunction {
  const through = ({ norm, layer: params }: Block, x: JaxArray): JaxArray => {
    const into = norm ? rmsNorm(norm, x.ref) : x.ref;
    const [last, y] = overSequence(layer, config, params, into);
    tree.dispose(last);
    if (norm) return x.add(y);
    x.dispose();
    return y;
  };
  const output = (block: Arrays, copies: JaxArray) => {
    const y = through(block as Block, copies);
    const [n, length, width] = y.shape;
    const each = np.eye(n).astype(y.dtype).reshape([n, length, width]);
    return [np.sum(y.ref.mul(each)), y];
  };
  return valueAndGrad(output, { argnums: 1, hasAux: true });
}
