/** @file A map of each head's own numbers. */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";

/**
 * Every head by a matrix of its own. (With unlike batch axes jax-js's matmul returns them in another order.)
 * @param x [..., H, n]
 * @param weight [H, n, m]
 * @returns [..., H, m]
 */
export function byHead(x: JaxArray, weight: JaxArray): JaxArray {
  const [heads, inputs, outputs] = weight.shape;
  const lead = x.shape.slice(0, -2);
  const rows = lead.reduce((a, b) => a * b, 1);
  const each = np.transpose(x.reshape([rows, heads, inputs]), [1, 0, 2]);
  return np.transpose(np.matmul(each, weight), [1, 0, 2]).reshape([...lead, heads, outputs]);
}
