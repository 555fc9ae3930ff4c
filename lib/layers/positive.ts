/** @file The candidate of minimal recurrent units, which the logarithms of their parallel form need to be positive. */
import { nn, numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";

/**
 * x + 1/2 where x >= 0, sigmoid(x) elsewhere: always positive, and continuous with slopes 1 and 1/4 at zero (Feng et al., arXiv 2410.01201,
 * appendix B.3).
 */
export function positive(x: JaxArray): JaxArray {
  const isHigh = x.ref.greaterEqual(0);
  return np.where(isHigh, x.ref.add(0.5), nn.sigmoid(x));
}
