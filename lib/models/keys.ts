/** @file Random keys for the parts of a model. */
import { random } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";

/**
 * A key for each of n parts that draw something.
 * @param key a jax-js key; consumed. Split only where there are several parts, so that a model of one part draws what the part
 *   draws.
 */
export function keysFor(key: JaxArray, n: number): JaxArray[] {
  if (n === 1) return [key];
  if (n === 0) key.dispose();
  return n === 0 ? [] : [...random.split(key, n)];
}
