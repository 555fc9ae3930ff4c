/** @file Stage that fits one forecaster to one dataset at one lookback and horizon, and scores it. */
import { z } from "zod";
import { readSeries } from "../../lib/data/series.ts";
import { evaluate } from "../../lib/tasks/forecasting/evaluate.ts";
import type { ForecastModel } from "../../lib/tasks/forecasting/forecaster.ts";
import { blockMeans } from "../../lib/tasks/forecasting/metrics.ts";
import { makeProblem } from "../../lib/tasks/forecasting/problem.ts";
import type { StageContext, StageResult } from "../stage.ts";

export const usesEngine = true;

export function params() {
  return z.strictObject({
    /** Id of the dataset, for messages. */
    dataset: z.string(),
    /** File name in lib/tasks/forecasting/references without its extension. */
    model: z.string().regex(
      /^[a-z][a-z0-9_]*$/,
      "expected a file of lib/tasks/forecasting/references",
    ),
    /** What the model's `fit` accepts. */
    options: z.record(z.string(), z.unknown()).default({}),
    /** How the file is read; see lib/data/series.ts. */
    read: z.record(z.string(), z.unknown()).default({}),
    split: z.enum(["etth", "ettm", "70/10/20"]),
    season: z.number().int().positive().optional(),
    dropConstant: z.boolean().default(false),
    lookback: z.number().int().min(1),
    horizon: z.number().int().min(1),
  });
}

export type Params = z.infer<ReturnType<typeof params>>;

export function modules({ model }: Params) {
  return { model: { path: `lib/tasks/forecasting/references/${model}.ts`, exports: ["fit"] } };
}

/**
 * Input: `data` (of download). Leaves `scores.json`: test and validation errors, the squared error of every
 * block of `horizon` test origins, and what the fit determined (training loss and its excess).
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { dataset, read, lookback, horizon, split, season, dropConstant } = ctx.params;
  const text = await ctx.inputs.data.text("data");
  const series = readSeries(text, dataset, read);
  const problem = makeProblem(series, { lookback, horizon, split, season, dropConstant });
  for (const note of [...series.notes, ...problem.notes]) ctx.log(note);
  const steps = Number(ctx.params.options.steps ?? 1);
  const evaluation = await evaluate(problem, ctx.modules.model as ForecastModel<unknown>, {
    ...ctx.params.options,
    engine: ctx.engine,
    threads: ctx.threads,
    signal: ctx.signal,
    onProgress: (step: number) => ctx.progress(step, Math.max(step, steps)),
  });
  const { test, validation, fit, observations } = evaluation;
  for (const [name, value] of Object.entries(observations)) ctx.observe(name, value);
  for (const [name, points] of Object.entries(fit.curves ?? {})) {
    for (const { step, value } of points) ctx.metric(name, step, value);
  }
  return {
    files: {
      "scores.json": {
        json: {
          test: { mse: test.mse, mae: test.mae, windows: test.windows, channels: test.channels },
          validation: validation && { mse: validation.mse, mae: validation.mae },
          blocks: blockMeans(test.squaredErrors, horizon),
          columns: problem.columns,
          fit: fit.metrics,
        },
      },
    },
    scalars: { mse: test.mse, mae: test.mae },
  };
}
