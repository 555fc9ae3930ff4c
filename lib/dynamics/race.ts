/**
 * @file What optimisers are compared on: a square map of known condition behind inputs of known condition, learned by balanced layers whose determinant has the right sign. The noise is
 * as strong as the signal, so that 1 % above least squares is 99 % of the way.
 */
import { numpy as np } from "@jax-js/jax";
import { determinant, Matrix as Dense } from "ml-matrix";
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import { multiply, transpose } from "../linalg/matrix.ts";
import { randomOrthogonal } from "../linalg/orthogonal.ts";
import { type DeepLinear, endToEnd, stacked } from "../models/deep_linear.ts";
import { initialised } from "../models/initialisations.ts";
import { fold, keyOf } from "../random/random.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { excessLoss, type Regression } from "./regression.ts";
import { assembled, geometric, randomTeacher } from "./teacher.ts";

/** Sizes and conditions. */
export interface Course {
  /** Inputs, outputs and units between. */
  readonly width: number;
  /** Layers. */
  readonly depth: number;
  /** Of the map, whose singular values are around 1. */
  readonly condition: number;
  /** Of the inputs' covariance, whose eigenvalues are around 1. */
  readonly inputs: number;
}

/** A regression and the layers that start on it. @param key of everything random */
export function raceProblem(
  seed: number,
  { width, depth, condition, inputs }: Course,
): { regression: Regression; sizes: number[]; layers: Float64Array[] } {
  const key = keyOf(seed);
  const s = geometric(width, condition);
  const optimum = assembled(randomTeacher(fold(key, 1), width, width, s), width, width);
  const Q = randomOrthogonal(fold(key, 2), width);
  const powers = geometric(width, inputs);
  const covariance = multiply(
    transpose(Q, width, width).map((q, e) => q * powers[e % width]),
    Q,
    width,
    width,
    width,
  );
  const sizes = Array<number>(depth + 1).fill(width);
  const layers = initialised("balanced", fold(key, 3), sizes);
  const sign = (A: Float64Array) => Math.sign(determinant(Dense.from1DArray(width, width, [...A])));
  if (layers.reduce((product, W) => product * sign(W), 1) !== sign(optimum)) {
    for (let column = 0; column < width; column++) layers[0][column] *= -1;
  }
  const signal = { rows: width, columns: width, covariance, optimum };
  const noise = excessLoss(signal, new Float64Array(width * width));
  return { regression: { ...signal, noise }, sizes, layers };
}

/** The same for a program: layers as a network holds them, moments, and the loss that ends it at a relative excess. */
export function contestant(
  seed: number,
  course: Course,
  excess: number,
): {
  initial: DeepLinear<Tensor>;
  batch: Record<"covariance" | "optimum", Tensor>;
  target: number;
} {
  const { regression: { covariance, optimum, noise }, sizes, layers } = raceProblem(seed, course);
  const square = [course.width, course.width];
  return {
    initial: stacked(sizes, layers),
    batch: {
      covariance: tensor(Float32Array.from(covariance!), square),
      optimum: tensor(Float32Array.from(optimum), square),
    },
    target: excess * noise!,
  };
}

/** tr((X - X*)' S (X - X*)) / 2, traced: what layers are above least squares. */
export function raceLoss(params: Arrays, batch: Arrays): JaxArray {
  const { covariance, optimum } = batch as Record<"covariance" | "optimum", JaxArray>;
  const residual = endToEnd(params as DeepLinear<JaxArray>).sub(optimum);
  return np.sum(residual.ref.mul(np.matmul(covariance, residual))).mul(0.5);
}
