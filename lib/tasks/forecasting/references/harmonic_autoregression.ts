/**
 * @file Trend and harmonics of the season by least squares, and an autoregression of what they leave (Hyndman and Athanasopoulos,
 * Forecasting: Principles and Practice, sections 7.4 and 10.5): the first thing that is tried on CO2, temperature or tides.
 *
 *   x_t = sum_j beta_j f_j(t) + r_t,  r_t = sum_l phi_l r_{t-l} + e_t,  f = 1, t, t^2, ..., cos and sin of 2 pi k t / season
 */
import * as z from "zod";
import type { ReferenceModule } from "../../task.ts";
import type { ForecastingTask } from "../forecasting_task.ts";
import { cholesky, choleskySolve } from "../../../linalg/cholesky.ts";
import { readOptions } from "../../../options.ts";
import type { Fit } from "../forecaster.ts";
import { linearForecaster } from "../linear_map.ts";
import type { Problem } from "../problem.ts";
import { addRidge, RIDGE, solveLeastSquares } from "./ols.ts";
import { centre, windowMoments } from "../moments.ts";
import { referenceOf } from "./reference.ts";

const schema = () =>
  z.strictObject({
    /** Degree of the polynomial trend. */
    trend: z.int().min(0).max(3),
    /** Harmonics of the season, the fundamental first. */
    harmonics: z.int().min(0),
    /** Rows of the season. */
    season: z.number().min(2),
    /** Order of the autoregression. */
    order: z.int().positive(),
  });

/** Fits each channel on its training rows. @throws {RangeError} for several channels, of which each has its own curve */
export function fit(problem: Problem, options: unknown): Fit {
  const { trend, harmonics, season, order } = readOptions(
    "harmonic_autoregression",
    schema(),
    options,
  );
  const { channels, split: { train }, horizon } = problem;
  if (channels.length !== 1) {
    throw new RangeError(
      `harmonic_autoregression has one curve, and ${problem.file} ${channels.length} columns; choose one.`,
    );
  }
  const rows = train[1] - train[0];
  const features = (t: number) => {
    const x = (t - train[0]) / rows; // powers of row numbers would be large
    return [
      ...Array.from({ length: trend + 1 }, (_, k) => x ** k),
      ...Array.from({ length: harmonics }, (_, k) => {
        const angle = 2 * Math.PI * (k + 1) * t / season;
        return [Math.cos(angle), Math.sin(angle)];
      }).flat(),
    ];
  };
  const [channel] = channels;
  const beta = regress(features, channel, train);
  const curve = (t: number) => features(t).reduce((sum, f, j) => sum + beta[j] * f, 0);
  const residuals = channel.slice(...train).map((x, i) => x - curve(train[0] + i));
  const covariances = centre(windowMoments([residuals], [0, rows], order, 1));
  const map = linearForecaster({
    ...{ lookback: order, horizon, intercept: new Float64Array(horizon) },
    weights: iterated(solveLeastSquares(covariances), horizon),
  });
  return {
    forecaster: {
      lookback: order,
      horizon,
      async predict(values, first, count, out) {
        const curves = Float64Array.from(
          { length: order + count + horizon - 1 },
          (_, i) => curve(first - order + i),
        );
        const left = values.slice(first - order, first + count - 1).map((x, i) => x - curves[i]);
        await map.predict(left, order, count, out);
        for (let h = 0; h < horizon; h++) {
          for (let i = 0; i < count; i++) out[h * count + i] += curves[order + i + h];
        }
      },
    },
    metrics: {},
  };
}

/** Least squares of values on features of their rows. */
function regress(
  features: (t: number) => number[],
  values: Float64Array,
  [from, to]: [number, number],
): Float64Array {
  const n = features(from).length;
  const A = new Float64Array(n * n), b = new Float64Array(n);
  for (let t = from; t < to; t++) {
    const f = features(t);
    for (let j = 0; j < n; j++) {
      b[j] += f[j] * values[t];
      for (let k = 0; k < n; k++) A[j * n + k] += f[j] * f[k];
    }
  }
  addRidge(A, n, RIDGE);
  return choleskySolve(cholesky(A, n), b, n, 1);
}

/**
 * Weights [order, horizon] of forecasts that put forecasts in the place of rows that are not there yet.
 * @param phi [order], the newest row last
 */
function iterated(phi: Float64Array, horizon: number): Float64Array {
  const order = phi.length;
  const weights = new Float64Array(order * horizon);
  // Each row as a combination of those that are known: the known ones are themselves.
  const known = Array.from({ length: order }, (_, l) => {
    const row = new Float64Array(order);
    row[l] = 1;
    return row;
  });
  for (let h = 0; h < horizon; h++) {
    const next = new Float64Array(order);
    phi.forEach((weight, l) => known[h + l].forEach((part, a) => next[a] += weight * part));
    known.push(next);
    next.forEach((part, a) => weights[a * horizon + h] = part);
  }
  return weights;
}

/** What a job names. */
export const reference: ReferenceModule<ForecastingTask> = referenceOf({ fit });
