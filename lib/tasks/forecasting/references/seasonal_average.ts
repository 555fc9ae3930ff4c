/**
 * @file The mean of the same place in the last few seasons: what traffic engineers call the historical average. It steps back by rows, so
 * that a gap in the file disturbs it for a few seasons and not for good.
 */
import * as z from "zod";
import type { ReferenceModule } from "../../task.ts";
import type { ForecastingTask } from "../forecasting_task.ts";
import { readOptions } from "../../../options.ts";
import type { Fit } from "../forecaster.ts";
import type { Problem } from "../problem.ts";
import { referenceOf } from "./reference.ts";

const schema = () =>
  z.strictObject({
    /** How many seasons. */
    seasons: z.int().positive(),
    /** Rows of one. */
    season: z.int().positive(),
  });

/** Nothing is fitted. */
export function fit({ horizon }: Problem, options: unknown): Fit {
  const { seasons, season } = readOptions("seasonal_average", schema(), options);
  return {
    forecaster: {
      lookback: season * seasons,
      horizon,
      predict(channel, first, count, out) {
        out.fill(0, 0, horizon * count);
        for (let h = 0; h < horizon; h++) {
          for (let s = 1; s <= seasons; s++) {
            const start = first - s * season + h % season;
            for (let i = 0; i < count; i++) out[h * count + i] += channel[start + i] / seasons;
          }
        }
      },
    },
    metrics: {},
  };
}

/** What a job names. */
export const reference: ReferenceModule<ForecastingTask> = referenceOf({ fit });
