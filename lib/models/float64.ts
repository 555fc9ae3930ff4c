/** @file A traced function of parameters at work in double precision on the host: how models that are linear are collapsed. */
import { numpy as np } from "@jax-js/jax";
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import type { Tensor, Tree } from "../tensor/tensor.ts";
import { isSpec, mapLeaves } from "../tensor/trees.ts";

/**
 * Runs a function of parameters in float64, operation by operation; jax-js must be initialised, as it is wherever a model was.
 * Sums and products are exact to float64; exp, sin and cos are not: those of jax-js's WebAssembly have the digits of float32 (its
 * interpreter has all of them, at a hundredth of the speed).
 * @param fn pure; its parameters are consumed.
 * @returns its values, row-major
 */
export function inFloat64<Params extends Arrays>(
  fn: (params: Params) => JaxArray,
  params: Tree<Tensor>,
): Float64Array {
  const isTensor = (value: Tree<Tensor>): value is Tensor => isSpec(value);
  const double = mapLeaves(
    params,
    isTensor,
    ({ shape, data }): JaxArray =>
      np.array(Float64Array.from(data), { shape: [...shape], dtype: np.float64 }),
  );
  return fn(double as Params).dataSync() as Float64Array;
}
