/**
 * @file Reversible instance normalisation (Kim et al., ICLR 2022) made causal.
 *
 * RevIN normalises a window by its own mean and standard deviation and puts them back at the output. Over
 * a sequence whose every position is predicted, those statistics would leak the future, so here they expand
 * with time. Modes:
 * - `none`: the input is standardised with train statistics, the output is left as it is;
 * - `fixed`: the same statistics are put back at the output;
 * - `causal`: statistics of the observations so far, shrunk towards the train statistics as if those were
 *   worth `priorWeight` observations; in rollouts they are frozen after the warm-up.
 */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";

/** Which statistics standardise the input, and whether they are put back at the output: see the top of this file. */
export type NormMode = "none" | "fixed" | "causal";

/** How many observations the train statistics are worth. */
export const priorWeight = 8;
const minimumVariance = 1e-6;

/** Train statistics by channel: mean and variance, [obs] each. */
export type Statistics = { mean: JaxArray; variance: JaxArray };

/** What inputs are standardised with, broadcastable to [B, N, patch, obs]. */
export type Normaliser = { mean: JaxArray; deviation: JaxArray };

/** The normaliser of modes `none` and `fixed`. */
export function trainNormaliser({ mean, variance }: Statistics): Normaliser {
  return { mean, deviation: np.sqrt(variance) };
}

/** Running sums of a stream: `sum` and `square` [B, obs], and the number of observations seen. */
export type RunningSums = { sum: JaxArray; square: JaxArray; count: JaxArray };

function fromSums(train: Statistics, { sum, square, count }: RunningSums): Normaliser {
  const total = count.add(priorWeight);
  const inverse = np.reciprocal(total);
  const priorSquare = train.variance.add(train.mean.ref.mul(train.mean.ref));
  const mean = sum.add(train.mean.mul(priorWeight)).mul(inverse.ref);
  const meanSquare = square.add(priorSquare.mul(priorWeight)).mul(inverse);
  const variance = np.maximum(meanSquare.sub(mean.ref.mul(mean.ref)), minimumVariance);
  return { mean, deviation: np.sqrt(variance) };
}

/**
 * Expanding statistics at the end of every patch.
 * @param y observations [B, T, obs]
 * @param patch observations in a token; T is a multiple of it.
 * @returns mean and standard deviation [B, T / patch, 1, obs], of everything up to and including the token.
 */
export function expandingStatistics(
  train: Statistics,
  y: JaxArray,
  patch: number,
): Normaliser {
  const [batch, length, obs] = y.shape;
  const tokens = length / patch;
  // Row k adds the observations of tokens 0..k; a triangular product is a cumulative sum.
  const rows = new Float32Array(tokens * length);
  for (let k = 0; k < tokens; k++) rows.fill(1, k * length, k * length + (k + 1) * patch);
  const triangle = np.array(rows, { shape: [tokens, length] }).astype(y.dtype);
  const count = np.array(Float32Array.from({ length: tokens }, (_, k) => (k + 1) * patch))
    .reshape([tokens, 1]).astype(y.dtype);
  // (einsum, because jax-js's matmul of a matrix with a stack of matrices is not NumPy's.)
  const accumulate = (x: JaxArray) => np.einsum("kt,bto->bko", triangle.ref, x);
  const sums = { sum: accumulate(y.ref), square: accumulate(y.ref.mul(y)), count };
  triangle.dispose();
  const { mean, deviation } = fromSums(train, sums);
  const shape = [batch, tokens, 1, obs];
  return { mean: mean.reshape(shape), deviation: deviation.reshape(shape) };
}

/** The same statistics from running sums: [B, 1, 1, obs]. */
export function runningStatistics(train: Statistics, sums: RunningSums): Normaliser {
  const [batch, obs] = sums.sum.shape;
  const { mean, deviation } = fromSums(train, sums);
  return {
    mean: mean.reshape([batch, 1, 1, obs]),
    deviation: deviation.reshape([batch, 1, 1, obs]),
  };
}

function addToSums({ sum, square, count }: RunningSums, y: JaxArray): RunningSums {
  const patch = y.shape[1];
  return {
    sum: sum.add(np.sum(y.ref, 1)),
    square: square.add(np.sum(y.ref.mul(y), 1)),
    count: count.add(patch),
  };
}

/** No observations yet, on the host. */
export function emptySums(batch: number, obs: number): { [K in keyof RunningSums]: Tensor } {
  const zero = tensor(0, [batch, obs]);
  return { sum: zero, square: zero, count: tensor(0) };
}

/**
 * The sums after one more patch y [B, patch, obs].
 * @param observed float scalar: 1 to add it, 0 to leave the sums as they are.
 */
export function learn(sums: RunningSums, y: JaxArray, observed: JaxArray): RunningSums {
  const added = addToSums({ sum: sums.sum.ref, square: sums.square.ref, count: sums.count.ref }, y);
  const blend = (old: JaxArray, fresh: JaxArray) => old.ref.add(fresh.sub(old).mul(observed.ref));
  const learned = {
    sum: blend(sums.sum, added.sum),
    square: blend(sums.square, added.square),
    count: blend(sums.count, added.count),
  };
  observed.dispose();
  return learned;
}
