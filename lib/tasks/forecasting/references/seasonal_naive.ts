/**
 * @file Repeats the last season (Hyndman and Athanasopoulos, Forecasting: Principles and Practice,
 * section 5.2). It reads one season back even where that is more than the problem's lookback.
 */
import type { ReferenceModule } from "../../task.ts";
import type { ForecastingTask } from "../forecasting_task.ts";
import { referenceOf } from "./reference.ts";
import type { Fit } from "../forecaster.ts";
import type { Problem } from "../problem.ts";

/**
 * Nothing is fitted.
 * @throws RangeError when the problem has no season.
 */
export function fit({ horizon, season }: Problem): Fit {
  if (season === undefined) {
    throw new RangeError("the seasonal naive forecast needs a season (--season ROWS).");
  }
  return {
    forecaster: {
      lookback: season,
      horizon,
      predict(channel, first, count, out) {
        for (let h = 0; h < horizon; h++) {
          const start = first - season + h % season;
          out.set(channel.subarray(start, start + count), h * count);
        }
      },
    },
    metrics: {},
  };
}

/** What a job names. */
export const reference: ReferenceModule<ForecastingTask> = referenceOf({ fit });
