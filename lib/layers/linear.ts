/** @file Affine maps and their initialisation. */
import { numpy as np, random } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";

/** Parameters of an affine map: `weight` [in, out], `bias` [out]. */
export type LinearParams = { weight: JaxArray; bias: JaxArray };

/**
 * Normal weights with standard deviation `gain / sqrt(inputs)`, zero biases.
 * @param key a jax-js key; consumed.
 */
export function linearInit(
  key: JaxArray,
  inputs: number,
  outputs: number,
  gain = 1,
): LinearParams {
  const weight = random.normal(key, [inputs, outputs]).mul(gain / Math.sqrt(inputs));
  return { weight, bias: np.zeros([outputs]) };
}

/** `x` [..., in] to [..., out]. */
export function linear({ weight, bias }: LinearParams, x: JaxArray): JaxArray {
  return np.matmul(x, weight).add(bias);
}
