/** @file Root-mean-square normalisation (Zhang & Sennrich, arXiv 1910.07467, eq. 4). */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";

/** `x / rms(x) * scale` over the last axis; `scale` has its size. */
export function rmsNorm(scale: JaxArray, x: JaxArray, epsilon = 1e-6): JaxArray {
  const square = np.mean(x.ref.mul(x.ref), -1, { keepdims: true });
  return x.mul(np.reciprocal(np.sqrt(square.add(epsilon)))).mul(scale);
}
