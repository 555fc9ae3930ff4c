/**
 * @file The squared error of all training windows at once, for models that are one matrix M of a window in the end.
 *
 * It is quadratic in M, so the covariances of the windows are enough: a step costs no pass over the data, and the gradient is exact.
 *
 *   loss(M) = (energy - 2 tr(M'C) + tr(M'GM)) / horizon,   dloss/dM = 2 (GM - C) / horizon
 *
 * The intercept is not trained: for given weights the best one is mean(y) - M' mean(x), and it is used throughout (variable
 * projection).
 */
import { lax, numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { Covariances } from "./moments.ts";

/** Covariances as a batch for {@linkcode gramLoss}: `gram` [lookback, lookback], `cross` [lookback, horizon], `energy` a scalar. */
export function gramBatch(
  { lookback, horizon, G, C, energy }: Covariances,
): { gram: Tensor; cross: Tensor; energy: Tensor } {
  return {
    gram: tensor(G, [lookback, lookback]),
    cross: tensor(C, [lookback, horizon]),
    energy: tensor(energy),
  };
}

/**
 * Training loss of an end-to-end matrix M [lookback, horizon]. dloss/dM enters as a constant, so that differentiating
 * tr(M'D) gives the layers' gradients without differentiating the quadratic form a second time.
 */
export function gramLoss(
  M: JaxArray,
  { gram, cross, energy }: { gram: JaxArray; cross: JaxArray; energy: JaxArray },
): JaxArray {
  const horizon = cross.shape[1];
  const fixed = lax.stopGradient(M.ref);
  const product = np.matmul(gram, fixed.ref).sub(cross.ref);
  const slope = product.ref.mul(2 / horizon);
  const path = M.mul(slope.ref).sum();
  // The value: tr(M'(GM - C)) - tr(M'C), less what the path to the gradient adds.
  const quadratic = fixed.ref.mul(product.sub(cross)).sum().add(energy).mul(1 / horizon);
  return path.add(quadratic.sub(fixed.mul(slope).sum()));
}
