/** @file One training step (forward, backward, Adam) of a loss, as `bench engine` measures it. */
import { numpy as np, tree } from "@jax-js/jax";
import { valueAndGrad } from "../../../lib/engine/gradient.ts";
import { compile, type Program, sizeOf, type Tensor, tensor } from "../../../lib/engine/mod.ts";
import { adamwInit, adamwUpdate } from "../../../lib/train/adamw.ts";
import { disposeTree, toHost } from "../../../lib/train/host.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

export interface Step {
  /** One training step; waits for its loss. */
  run(): Promise<void>;
  close(): Promise<void>;
}

/** A sequence layer and its options with all defaults. */
export interface Published {
  /** A file of lib/layers/sequence, and of tests/references/layers. */
  readonly layer: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface Case {
  readonly name: string;
  /** Its name in torch_steps.py and jax_steps.py; absent where they have none. */
  readonly torch?: string;
  /** A published implementation of the same layer, by tests/references. */
  readonly published?: Published;
  start(threads: number): Promise<Step>;
}

export const noise = (shape: number[], scale = 1): Tensor =>
  tensor(Float32Array.from({ length: sizeOf(shape) }, (_, i) => scale * Math.sin(i * i)), shape);
export const mse = (y: np.Array, target: np.Array) => {
  const error = y.sub(target);
  return np.mean(error.ref.mul(error));
};

/** Repeats a program whose results are its next arguments. */
function repeat(program: Program, initial: Any, data: Any[]): Step {
  let { params, state } = initial;
  return {
    async run() {
      const out = await program.run(params, state, ...data, tensor(1e-4));
      await out.value.read();
      disposeTree([params, state, out.value]);
      ({ params, state } = out);
    },
    close: () => program.close(),
  };
}

/** A step of a function `loss(params, x, target)`. */
export async function plain(
  loss: (params: Any, x: Any, target: np.Array) => np.Array,
  params: Any,
  x: Any,
  target: Tensor,
  threads: number,
): Promise<Step> {
  const host = toHost(params);
  const initial = { state: adamwInit(host), params: host };
  const update = (p: Any, s: Any, x: Any, t: np.Array, rate: np.Array) => {
    const [value, grads] = valueAndGrad(loss)(tree.ref(p), x, t);
    return { value, ...adamwUpdate(p, grads, s, rate) };
  };
  const example = [initial.params, initial.state, x, target, tensor(0)];
  const program = await compile(update, example, { threads });
  return repeat(program, initial, [x, target]);
}
