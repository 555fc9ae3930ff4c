/** @file Tables of numbers inside a traced function. */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray, JaxDType } from "../engine/arrays.ts";

/** A constant of jax-js type `dtype`, so that a float64 trace stays in float64. */
export function constant(
  data: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>,
  shape: number[],
  dtype: JaxDType,
): JaxArray {
  if (dtype === np.float64) return np.array(Float64Array.from(data), { shape, dtype });
  return np.array(Float32Array.from(data), { shape }).astype(dtype);
}
