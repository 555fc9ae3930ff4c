/**
 * @file What gradient descent on a product of matrices conserves. With D_l = W_l' W_l - W_{l+1} W_{l+1}' the flow keeps every D_l (Arora,
 * Cohen, Hazan, "On the Optimization of Deep Networks", arXiv 1802.06509, theorem 1), because W_l' G_l = G_{l+1} W_{l+1}'. A step of size
 * eta changes it by the second-order term alone,
 *
 *     D_l after - D_l before = eta^2 (G_l' G_l - G_{l+1} G_{l+1}'),
 *
 * exactly, for any loss of the product: an identity that holds to rounding or not at all.
 */
import { type Matrix, multiply, multiplyTransposed, transpose } from "../linalg/matrix.ts";
import type { Chain } from "./chain.ts";

/** D_1 ... D_{N-1}, each [width, width] of the units between two layers; none for one layer. */
export function imbalances(chain: Chain): Matrix[] {
  return differences(chain, chain.layers);
}

/** The largest |D_l|_F over the largest |W_l|_F^2: 0 for balanced layers, and for a single one. */
export function imbalance(chain: Chain): number {
  const largest = Math.max(...chain.layers.map((W) => norm(W) ** 2));
  const worst = Math.max(0, ...imbalances(chain).map(norm));
  return worst === 0 ? 0 : worst / largest;
}

/** Largest |entry| by which a step of gradient descent misses the identity; 0 for one layer. */
export function conservationError(
  before: Chain,
  gradients: readonly Matrix[],
  rate: number,
  after: Chain,
): number {
  const [D, E, G] = [imbalances(before), imbalances(after), differences(before, gradients)];
  let worst = 0;
  for (const [l, Dl] of D.entries()) {
    for (let i = 0; i < Dl.length; i++) {
      worst = Math.max(worst, Math.abs(E[l][i] - Dl[i] - rate ** 2 * G[l][i]));
    }
  }
  return worst;
}

/** Square root of the sum of all |D_l(b) - D_l(a)|_F^2: how far what the flow keeps has drifted. */
export function drift(a: Chain, b: Chain): number {
  const [D, E] = [imbalances(a), imbalances(b)];
  return Math.sqrt(
    D.reduce((sum, Dl, l) => sum + Dl.reduce((s, d, i) => s + (E[l][i] - d) ** 2, 0), 0),
  );
}

/** A_l' A_l - A_{l+1} A_{l+1}' of matrices as large as the layers. */
function differences({ sizes }: Chain, A: readonly Matrix[]): Matrix[] {
  return A.slice(1).map((next, l) => {
    const [rows, width, columns] = [sizes[l], sizes[l + 1], sizes[l + 2]];
    const own = multiply(transpose(A[l], rows, width), A[l], width, rows, width);
    const others = multiplyTransposed(next, next, width, columns, width);
    return own.map((value, i) => value - others[i]);
  });
}

function norm(a: Float64Array): number {
  return Math.sqrt(a.reduce((sum, value) => sum + value * value, 0));
}
