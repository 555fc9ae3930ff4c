/** @file Random keys for the parts of a model. */
import { type numpy as np, random } from "@jax-js/jax";

/**
 * A key for each of n parts that draw something.
 * @param key a jax-js key; consumed. Split only where there are several parts, so that a model of one part draws what the part
 *   draws.
 */
export function keysFor(key: np.Array, n: number): np.Array[] {
  if (n === 1) return [key];
  if (n === 0) key.dispose();
  return n === 0 ? [] : [...random.split(key, n)];
}
