/** @file Cost of assessing a method of a field. */
import type { Params } from "../../stages/assess.ts";
import type { Pilot } from "../pilot.ts";

/** Measured whole: it takes seconds. */
export function pilot(params: Params): Pilot {
  return { class: params, params, units: 1, of: 1 };
}
