/** @file References that forecast a seasonally adjusted series and put its season back, without quantiles. */
import * as z from "zod";
import type { ReferenceModule } from "../task.ts";
import { panelReference, type PanelTask } from "./panel_task.ts";
import { adjusted } from "./seasonal_adjustment.ts";

/**
 * A reference that forecasts the series without its season, and multiplies each step by the index of its season.
 * @param name for messages
 * @param forecast [horizon] of a series without a season; below zero it is cut to zero, as in the competition.
 */
export function adjustedReference(
  name: string,
  forecast: (y: Float64Array, horizon: number) => Float64Array,
): ReferenceModule<PanelTask> {
  return panelReference(
    name,
    () => z.strictObject({}),
    ({ panel: { season, horizon, levels } }) => {
      if (levels.length > 0) {
        throw new RangeError(`${name} has no quantiles; leave levels out of the task.`);
      }
      return {
        forecaster: {
          forecast({ values }, origin) {
            const { values: y, indexAt } = adjusted(values.subarray(0, origin), season);
            const point = forecast(y, horizon).map((value, h) => Math.max(0, value * indexAt(h)));
            return { point };
          },
        },
        metrics: {},
      };
    },
  );
}
