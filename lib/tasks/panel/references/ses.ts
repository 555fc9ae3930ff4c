/** @file Simple exponential smoothing of the seasonally adjusted series. */
import { adjustedReference } from "../adjusted_reference.ts";
import { smooth } from "../exponential_smoothing.ts";

/** What a job names. */
export const reference = adjustedReference(
  "ses",
  (y, horizon) => new Float64Array(horizon).fill(smooth(y).level),
);
