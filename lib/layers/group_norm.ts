/** @file Normalisation by mean and variance within groups (Wu & He, arXiv 1803.08494, eq. 1 and 2; one group: Ba et al., arXiv 1607.06450). */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";

/** (x - mean) / sqrt(variance + epsilon) over the last axis, of every group by itself. @param x [..., groups, n] */
export function standardised(x: JaxArray, epsilon: number): JaxArray {
  const centred = x.ref.sub(np.mean(x, -1, { keepdims: true }));
  const variance = np.mean(centred.ref.mul(centred.ref), -1, { keepdims: true });
  return centred.mul(np.reciprocal(np.sqrt(variance.add(epsilon))));
}

/**
 * Groups of one vector, normalised and joined again.
 * @param x [..., groups, n]
 * @param scale [groups n]; likewise `shift`, if there is one.
 * @returns [..., groups n]
 */
export function groupNorm(
  { scale, shift }: { scale: JaxArray; shift?: JaxArray },
  x: JaxArray,
  epsilon = 1e-5,
): JaxArray {
  const [groups, each] = x.shape.slice(-2);
  const flat = standardised(x, epsilon).reshape([...x.shape.slice(0, -2), groups * each]);
  const scaled = flat.mul(scale);
  return shift ? scaled.add(shift) : scaled;
}
