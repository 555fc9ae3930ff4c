/** @file Vectors of length 1, which the keys of a delta rule are. */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";

/** x / sqrt(|x|^2 + epsilon), along the last axis. */
export function normalised(x: JaxArray, epsilon = 1e-6): JaxArray {
  const square = np.sum(x.ref.mul(x.ref), -1, { keepdims: true });
  return x.mul(np.reciprocal(np.sqrt(square.add(epsilon))));
}
