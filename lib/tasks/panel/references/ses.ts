/** @file Simple exponential smoothing of the seasonally adjusted series. */
import type { ReferenceModule } from "../../task.ts";
import { adjustedReference } from "../adjusted_reference.ts";
import { smooth } from "../exponential_smoothing.ts";
import type { PanelTask } from "../panel_task.ts";

/** What a job names. */
export const reference: ReferenceModule<PanelTask> = adjustedReference(
  "ses",
  (y, horizon) => new Float64Array(horizon).fill(smooth(y).level),
);
