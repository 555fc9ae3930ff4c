/** @file Repeats the last season: the forecast that the errors of all others are measured by. */
import * as z from "zod";
import type { ReferenceModule } from "../../task.ts";
import { panelReference, type PanelTask } from "../panel_task.ts";
import { repeating } from "../repeating.ts";

const schema = () => z.strictObject({ recent: z.number().int().min(2).optional() });

/** What a job names. Options: `recent`, rows that the spread of its errors is measured on. */
export const reference: ReferenceModule<PanelTask> = panelReference(
  "seasonal_naive",
  schema,
  ({ panel }, { recent }) => ({ forecaster: repeating(panel, panel.season, recent), metrics: {} }),
);
