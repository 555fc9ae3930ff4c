/**
 * @file The Theta method (Assimakopoulos and Nikolopoulos 2000) as the M4 competition ran it: the mean of the regression line on time and
 * of the exponentially smoothed line with twice the distance of the values from it.
 */
import type { ReferenceModule } from "../../task.ts";
import { adjustedReference } from "../adjusted_reference.ts";
import { smooth } from "../exponential_smoothing.ts";
import type { PanelTask } from "../panel_task.ts";

/** Intercept and slope of least squares on the rows 0, 1, 2 ... */
function line(y: Float64Array): { intercept: number; slope: number } {
  const n = y.length, middle = (n - 1) / 2;
  let mean = 0, cross = 0;
  y.forEach((value, t) => {
    mean += value / n;
    cross += (t - middle) * value;
  });
  const slope = n === 1 ? 0 : cross / (n * (n * n - 1) / 12);
  return { intercept: mean - slope * middle, slope };
}

/** What a job names. */
export const reference: ReferenceModule<PanelTask> = adjustedReference("theta", (y, horizon) => {
  const { intercept, slope } = line(y);
  const at = (t: number) => intercept + slope * t;
  const { level } = smooth(y.map((value, t) => 2 * value - at(t)));
  return Float64Array.from({ length: horizon }, (_, h) => (at(y.length + h) + level) / 2);
});
