/**
 * @file Repeats the last value: the forecast every model must beat.
 */
import type { ReferenceModule } from "../../task.ts";
import type { ForecastingTask } from "../forecasting_task.ts";
import { referenceOf } from "./reference.ts";
import type { Fit } from "../forecaster.ts";
import type { Problem } from "../problem.ts";

/** Nothing is fitted. */
export function fit({ horizon }: Problem): Fit {
  return {
    forecaster: {
      lookback: 1,
      horizon,
      predict(channel, first, count, out) {
        for (let h = 0; h < horizon; h++) {
          out.set(channel.subarray(first - 1, first - 1 + count), h * count);
        }
      },
    },
    metrics: {},
  };
}

/** What a job names. */
export const reference: ReferenceModule<ForecastingTask> = referenceOf({ fit });
