/**
 * @file Ridge regression whose lookback, level and ridge are searched without the test rows, after the recipe of SearchCast (Huang, Xu
 * and Darlow, arXiv 2606.27282): windows are taken about a level of their own, the candidates are compared on folds that follow
 * what they are fitted on, and the best one is fitted to the training rows. Unlike there the lookbacks are a list, there is no noise on
 * the inputs, and one map serves all channels and the whole horizon.
 */
import * as z from "zod";
import { cholesky, choleskySolve } from "../../../linalg/cholesky.ts";
import { readOptions } from "../../../options.ts";
import type { ReferenceModule } from "../../task.ts";
import type { Fit, LinearMap } from "../forecaster.ts";
import type { ForecastingTask } from "../forecasting_task.ts";
import { levelled, withLevel } from "../level.ts";
import { linearForecaster } from "../linear_map.ts";
import { centre, type Covariances, trainingLoss, windowMoments } from "../moments.ts";
import type { Problem } from "../problem.ts";
import { addRidge, withIntercept } from "./ols.ts";

/** What is searched. */
export interface Candidates {
  /** Rows. */
  lookbacks: number[];
  /** The level is the mean of the whole window, or its last value. */
  levels: ("mean" | "last")[];
  /** Added to the diagonal of the sum of x x' over windows. */
  ridges: number[];
}

/** Where folds end, as shares of the rows before the test: fitted up to one, judged up to the next. */
const FOLDS = [0.5, 0.75, 1];
/** Steps of the horizon that candidates are judged on, evenly spaced: errors of neighbouring ones hardly differ. */
const JUDGED = 8;

const schema = () =>
  z.strictObject({
    lookbacks: z.array(z.number().int().min(1)).min(1),
    levels: z.array(z.enum(["mean", "last"])).min(1),
    ridges: z.array(z.number().positive()).min(1),
  });

/** A combination. */
export interface Choice {
  /** Rows. */
  lookback: number;
  /** Of the whole window, or its last value. */
  level: Candidates["levels"][number];
  /** Added to the diagonal of the sum of x x' over windows. */
  ridge: number;
}

const rowsOf = ({ lookback, level }: Choice) => level === "last" ? 1 : lookback;

/** The map of raw windows for one choice. */
function solve(covariances: Covariances, choice: Choice): LinearMap {
  const { lookback, horizon, count } = covariances;
  const { G, C } = levelled(covariances, rowsOf(choice));
  addRidge(G, lookback, choice.ridge / count);
  const weights = choleskySolve(cholesky(G, lookback), C, lookback, horizon);
  return withIntercept(covariances, withLevel(weights, lookback, horizon, rowsOf(choice)));
}

/** The same windows with their last rows only, and some of their targets; the energy is not theirs, and equal for all lookbacks. */
function part(all: Covariances, lookback: number, steps: readonly number[]): Covariances {
  const { lookback: rows, horizon, count, energy } = all;
  const first = rows - lookback;
  const G = new Float64Array(lookback * lookback), C = new Float64Array(lookback * steps.length);
  for (let a = 0; a < lookback; a++) {
    const row = (first + a) * rows + first;
    G.set(all.G.subarray(row, row + lookback), a * lookback);
    steps.forEach((step, s) => C[a * steps.length + s] = all.C[(first + a) * horizon + step]);
  }
  const meanY = Float64Array.from(steps, (step) => all.meanY[step]);
  return {
    ...{ lookback, horizon: steps.length, count, G, C, energy },
    ...{ meanX: all.meanX.slice(first), meanY },
  };
}

/** Mean squared error of a map on windows with these covariances, up to a number that no map changes. */
function error(covariances: Covariances, { weights, intercept }: LinearMap): number {
  const { lookback, horizon, meanX, meanY } = covariances;
  const bias = meanY.map((mean, h) => mean - intercept[h]);
  for (let a = 0; a < lookback; a++) {
    for (let h = 0; h < horizon; h++) bias[h] -= weights[a * horizon + h] * meanX[a];
  }
  return trainingLoss(covariances, weights) +
    bias.reduce((sum, value) => sum + value * value, 0) / horizon;
}

/** The candidate with the lowest mean error over folds; the first of equals. */
export function search(problem: Problem, { lookbacks, levels, ridges }: Candidates): Choice {
  const { channels, horizon, split } = problem;
  const longest = Math.max(...lookbacks);
  const ends = FOLDS.map((share) => Math.floor(share * split.validation[1]));
  const folds = ends.slice(1).map((end, k) => {
    const over = (from: number, to: number) =>
      centre(windowMoments(channels, [from, to], longest, horizon));
    return { fitted: over(0, ends[k]), judged: over(ends[k] - longest, end) };
  });
  const count = Math.min(JUDGED, horizon);
  const steps = Array.from({ length: count }, (_, s) => Math.floor((s + 0.5) * horizon / count));
  let best: Choice | undefined, lowest = Infinity;
  for (const lookback of lookbacks) {
    const parts = folds.map(({ fitted, judged }) => ({
      fitted: part(fitted, lookback, steps),
      judged: part(judged, lookback, steps),
    }));
    for (const level of levels) {
      for (const ridge of ridges) {
        const choice = { lookback, level, ridge };
        let sum = 0;
        for (const { fitted, judged } of parts) sum += error(judged, solve(fitted, choice));
        if (sum < lowest) [best, lowest] = [choice, sum];
      }
    }
  }
  if (!best) throw new RangeError("no candidate has a finite error on the folds.");
  return best;
}

/**
 * Searches, and fits the choice to the training rows.
 * @throws {RangeError} where the rows before the test hold no window of the longest lookback in half of them, or none to judge it by
 */
export function fit(problem: Problem, candidates: Candidates): Fit {
  const choice = search(problem, candidates);
  const { channels, split, horizon } = problem;
  const covariances = centre(windowMoments(channels, split.train, choice.lookback, horizon));
  const map = solve(covariances, choice);
  return {
    forecaster: linearForecaster(map),
    metrics: {
      ...{ lookback: choice.lookback, levelRows: rowsOf(choice), ridge: choice.ridge },
      trainingLoss: trainingLoss(covariances, map.weights),
    },
  };
}

/** What a job names; its options are the candidates. */
export const reference: ReferenceModule<ForecastingTask> = {
  score(task, _instance, _data, _protocol, options = {}) {
    const { forecaster, metrics } = fit(
      task.problem,
      readOptions("ridge_searched", schema(), options),
    );
    return task.evaluateForecaster(forecaster, metrics);
  },
};
