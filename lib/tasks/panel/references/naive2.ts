/** @file Naive 2 of the M4 competition: the last value of the seasonally adjusted series. */
import type { ReferenceModule } from "../../task.ts";
import { adjustedReference } from "../adjusted_reference.ts";
import type { PanelTask } from "../panel_task.ts";

/** What a job names. */
export const reference: ReferenceModule<PanelTask> = adjustedReference(
  "naive2",
  (y, horizon) => new Float64Array(horizon).fill(y[y.length - 1]),
);
