/**
 * @file Cells of recurrent layers, one step in time each, for `scan` (lib/engine/scan.ts). The projections of the inputs do
 * not depend on the state, so they are made for all times at once, before the loop; a cell gets them ready.
 */
import { nn, numpy as np } from "@jax-js/jax";

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997, with forget gates).
 * @param u [h, 4 h], of the state: input, forget and output gates, then the candidate.
 * @param state hidden and cell state [B, h] each
 * @param x projected input [B, 4 h], bias included
 */
export function lstmCell(
  u: np.Array,
  state: { h: np.Array; c: np.Array },
  x: np.Array,
): [{ h: np.Array; c: np.Array }, np.Array] {
  const width = state.h.shape[1];
  const [gates, candidate] = np.split(x.add(np.matmul(state.h, u)), [3 * width], -1);
  const [input, forget, output] = np.split(nn.sigmoid(gates), 3, -1);
  const c = state.c.mul(forget).add(input.mul(np.tanh(candidate)));
  const h = output.mul(np.tanh(c.ref));
  return [{ h: h.ref, c }, h];
}

/**
 * Gated recurrent unit (Cho et al., arXiv 1406.1078), with the reset gate after the product, as in cuDNN.
 * @param u [h, 3 h] and b [3 h], of the state: reset, update, candidate.
 * @param x projected input [B, 3 h], bias included
 */
export function gruCell(
  { u, b }: { u: np.Array; b: np.Array },
  h: np.Array,
  x: np.Array,
): [np.Array, np.Array] {
  const width = h.shape[1];
  const [hGates, hCandidate] = np.split(np.matmul(h.ref, u).add(b), [2 * width], -1);
  const [xGates, xCandidate] = np.split(x, [2 * width], -1);
  const [reset, update] = np.split(nn.sigmoid(xGates.add(hGates)), 2, -1);
  const candidate = np.tanh(xCandidate.add(reset.mul(hCandidate)));
  const next = candidate.ref.add(update.mul(h.sub(candidate)));
  return [next.ref, next];
}

/**
 * Linear recurrent unit (Orvieto et al., arXiv 2303.06349, eq. 6): a diagonal complex state lambda h + x with
 * lambda = exp(-exp(nu) + i theta). Real and imaginary part are two real states.
 * @param nu [h], theta [h]
 * @param x projected input [B, 2 h]: real parts, imaginary parts
 * @returns output [B, 2 h]
 */
export function lruCell(
  { nu, theta }: { nu: np.Array; theta: np.Array },
  state: { re: np.Array; im: np.Array },
  x: np.Array,
): [{ re: np.Array; im: np.Array }, np.Array] {
  const decay = np.exp(np.exp(nu).neg());
  const lambdaRe = decay.ref.mul(np.cos(theta.ref));
  const lambdaIm = decay.mul(np.sin(theta));
  const [xRe, xIm] = np.split(x, 2, -1);
  const re = state.re.ref.mul(lambdaRe.ref).sub(state.im.ref.mul(lambdaIm.ref)).add(xRe);
  const im = state.im.mul(lambdaRe).add(state.re.mul(lambdaIm)).add(xIm);
  return [{ re: re.ref, im: im.ref }, np.concatenate([re, im], -1)];
}
