/** @file Affine maps and their initialisation. */
import { numpy as np, random } from "@jax-js/jax";

/** Parameters of an affine map: `weight` [in, out], `bias` [out]. */
export type LinearParams = { weight: np.Array; bias: np.Array };

/**
 * Normal weights with standard deviation `gain / sqrt(inputs)`, zero biases.
 * @param key a jax-js key; consumed.
 */
export function linearInit(
  key: np.Array,
  inputs: number,
  outputs: number,
  gain = 1,
): LinearParams {
  const weight = random.normal(key, [inputs, outputs]).mul(gain / Math.sqrt(inputs));
  return { weight, bias: np.zeros([outputs]) };
}

/** `x` [..., in] to [..., out]. */
export function linear({ weight, bias }: LinearParams, x: np.Array): np.Array {
  return np.matmul(x, weight).add(bias);
}
