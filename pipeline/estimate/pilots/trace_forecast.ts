/** @file Cost of taking forecasts apart. */
import type { Params } from "../../stages/trace_forecast.ts";
import type { Pilot } from "../pilot.ts";
import { costly } from "../task_cost.ts";

/** Measured whole: it takes a second. */
export function pilot(p: Params): Pilot {
  return { class: { ...p, task: costly(p.task) }, params: p, units: 1, of: 1 };
}
