/**
 * @file How many steps gradient descent takes on a real series, predicted by integrating the flow of the product (balanced_flow.ts) from the same start
 * and dividing its time by the learning rate. Windows of real series are so far from white that no formula in condition numbers says it.
 */
import * as z from "zod";
import { readSeries } from "../../data/series.ts";
import { singularValues, symmetricEigen } from "../../linalg/svd.ts";
import { initialised } from "../../models/initialisations.ts";
import { readOptions } from "../../options.ts";
import { keyOf } from "../../random/random.ts";
import { centre, trainingLoss, trainingMoments } from "../../tasks/forecasting/moments.ts";
import { makeProblem } from "../../tasks/forecasting/problem.ts";
import { solveLeastSquares } from "../../tasks/forecasting/references/ols.ts";
import { SPLITS } from "../../tasks/forecasting/split.ts";
import { flow } from "../balanced_flow.ts";
import { type Chain, descended, gradients, productOf } from "../chain.ts";
import { endGradient, type Regression, relativeExcess } from "../regression.ts";
import { largestStableRate } from "../step_laws.ts";
import type { StudyModule } from "../study.ts";

const schema = () =>
  z.strictObject({
    /** Options of the forecasting task. */
    task: z.strictObject({
      dataset: z.string(),
      read: z.record(z.string(), z.unknown()).default({}),
      split: z.enum(SPLITS),
      season: z.number().int().positive().optional(),
      dropConstant: z.boolean().default(false),
      lookback: z.number().int().min(1),
      horizon: z.number().int().min(1),
    }),
    depth: z.number().int().min(1),
    /** Singular values of the product at the start. */
    scale: z.number().positive().default(0.25),
    /** Learning rate as a share of the largest that is stable at every balanced product as large as the optimum. */
    share: z.number().positive().default(0.5),
    /** Excess over least squares at which training is done. */
    target: z.number().positive().default(0.01),
    /** Training ends there; the steps are then this number. */
    cap: z.number().int().min(1).default(20_000),
  });

/**
 * Scalars: `steps` of gradient descent until the training loss is within `target` of least squares, `predicted` by the flow, and `reached` (1 where both
 * were before the cap, else 0).
 */
export const study: StudyModule = {
  configure(options) {
    const read = readOptions("forecast_steps", schema(), options);
    const { task: { dataset, read: how, ...windows }, depth, scale, share, target, cap } = read;
    const { lookback: rows, horizon: columns } = windows;
    return {
      run(seed, { text }, progress) {
        if (text === undefined) throw new Error("forecast_steps: the input `data` is no text file");
        const problem = makeProblem(readSeries(text, dataset, how), windows);
        const covariances = centre(trainingMoments(problem));
        const optimum = solveLeastSquares(covariances);
        const regression: Regression = {
          ...{ rows, columns, covariance: covariances.G, optimum },
          noise: trainingLoss(covariances, optimum) * columns / 2,
        };
        const done = (X: Float64Array) => relativeExcess(regression, X) <= target;
        const [largest] = singularValues(optimum, rows, columns);
        const power = symmetricEigen(covariances.G, rows).values[rows - 1];
        // Products that start larger than the optimum have their steepest curvature at the start.
        const steepest = { rows, columns, largest: Math.max(largest, scale), smallest: 0 };
        const limit = largestStableRate(steepest, depth, power);
        const rate = share * limit;
        const width = Math.min(rows, columns);
        const sizes = [rows, ...Array<number>(depth - 1).fill(width), columns];
        const layers = initialised("balanced", keyOf(seed), sizes, { scale });
        let chain: Chain = { sizes, layers };
        const start = productOf(chain);
        let steps = 0;
        for (; steps < cap && !done(productOf(chain)); steps++) {
          chain = descended(chain, gradients(chain, (X) => endGradient(regression, X)), rate);
          if (steps % 500 === 0) progress(steps, 2 * cap);
        }
        const { time, reached } = flow(start, {
          ...{ rows, columns, depth, done, longest: limit, until: cap * rate },
          gradient: (X) => endGradient(regression, X),
        });
        progress(2 * cap, 2 * cap);
        const both = reached && steps < cap;
        return {
          scalars: { steps, predicted: Math.min(cap, time / rate), reached: both ? 1 : 0 },
          details: { rate, largest, power },
        };
      },
    };
  },
};
