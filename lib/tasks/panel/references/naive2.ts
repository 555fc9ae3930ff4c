/** @file Naive 2 of the M4 competition: the last value of the seasonally adjusted series. */
import { adjustedReference } from "../adjusted_reference.ts";

/** What a job names. */
export const reference = adjustedReference(
  "naive2",
  (y, horizon) => new Float64Array(horizon).fill(y[y.length - 1]),
);
