/**
 * @file Linear time-invariant maps of a sequence, in the form in which they train fast: as one causal convolution with
 * their impulse response. A recurrence h_t = A h_{t-1} + B u_t, p_t = C h_t + D u_t has the kernel C A^k B (+ D at
 * k = 0), so no loop over time is traced (Gu et al., arXiv 2111.00396, section 2.4).
 */
import { lax, numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";

/**
 * p_t = sum_k kernel[k] u_{t-k}, with u = 0 before the first token.
 * @param kernel [taps, out, in], lag 0 first.
 * @param u tokens [B, N, in]
 * @returns [B, N, out]
 */
export function causalConvolution(kernel: JaxArray, u: JaxArray): JaxArray {
  const tokens = u.shape[1];
  const taps = Math.min(kernel.shape[0], tokens);
  if (taps < kernel.shape[0]) kernel = kernel.slice([0, taps]);
  // `lax` correlates: the last weight meets the newest token.
  const weights = np.flip(np.transpose(kernel, [1, 2, 0]), 2);
  const padded = np.pad(np.transpose(u, [0, 2, 1]), [[0, 0], [0, 0], [taps - 1, 0]]);
  return np.transpose(lax.conv(padded, weights, [1], "VALID"), [0, 2, 1]);
}

/**
 * Whether a training step over so many tokens takes less time as a convolution than as a loop over them: its work grows with the
 * squares of both, the loop's with neither. (At 2048, widths 8 and 256 tokens, they are equal on a CPU; at 64 x 256 the loop is
 * twenty times as fast.)
 */
export const convolutionPays = (tokens: number, width: number): boolean => tokens * width <= 1024;

/**
 * Impulse response C V of a state to its readout.
 * @param readout C [out, n]
 * @param response V [n, taps, in], of the state: A^k B.
 * @returns [taps, out, in]
 */
export function kernelOf(readout: JaxArray, response: JaxArray): JaxArray {
  const [n, taps, inputs] = response.shape;
  const flat = np.matmul(readout, response.reshape([n, taps * inputs]));
  return np.transpose(flat.reshape([flat.shape[0], taps, inputs]), [1, 0, 2]);
}

/**
 * The state after the last token, from zero before the first one: sum_k V_k u_{T-1-k}.
 * @param response V [n, T, in], of the state: A^k B.
 * @param u tokens [B, T, in]
 * @returns [B, n]
 */
export function lastState(response: JaxArray, u: JaxArray): JaxArray {
  const [n, tokens, inputs] = response.shape;
  const newestLast = np.flip(response, 1).reshape([n, tokens * inputs]);
  return np.matmul(u.reshape([u.shape[0], tokens * inputs]), np.transpose(newestLast));
}
