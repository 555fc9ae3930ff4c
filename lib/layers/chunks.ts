/** @file A sequence in chunks: the parallel form of layers that know what several tokens do to their state at once. */
import { numpy as np, tree } from "@jax-js/jax";
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import { scan } from "../engine/scan.ts";

/** So many chunks are written out: the way back of a loop computes each of them a second time. */
const fewChunks = 8;

/**
 * Goes over x [B, T, d] a chunk at a time.
 * @param form of some tokens at once: parameters, state and x [B, C, d] to the next state and y [B, C, d]
 * @param params consumed, like the other arrays.
 * @param size C; chunks are shorter where that makes them equal.
 * @returns the state after the last token, and y [B, T, d]
 */
export function inChunks<P extends Arrays, S extends Arrays>(
  form: (params: P, state: S, x: JaxArray) => [S, JaxArray],
  params: P,
  state: S,
  x: JaxArray,
  size: number,
): [S, JaxArray] {
  const [batch, length, width] = x.shape;
  const count = Math.ceil(length / size);
  const each = Math.ceil(length / count);
  const outputs: JaxArray[] = [];
  const one = (x: JaxArray) => {
    const [next, y] = form(tree.ref(params), state, x);
    state = next;
    outputs.push(y);
  };
  if (count <= fewChunks) {
    const cuts = Array.from({ length: count - 1 }, (_, i) => (i + 1) * each);
    np.split(x, cuts, 1).forEach(one);
  } else {
    const whole = Math.floor(length / each);
    const [xs, rest] = np.split(x, [whole * each], 1);
    const chunks = np.transpose(xs.reshape([batch, whole, each, width]), [1, 0, 2, 3]);
    const [last, ys] = scan(form, tree.ref(params), state, chunks);
    state = last;
    outputs.push(np.transpose(ys, [1, 0, 2, 3]).reshape([batch, whole * each, width]));
    if (rest.shape[1] > 0) one(rest);
    else rest.dispose();
  }
  tree.dispose(params);
  return [state, outputs.length === 1 ? outputs[0] : np.concatenate(outputs, 1)];
}
