/** @file Cost of a study of training dynamics. */
import type { Params } from "../../stages/dynamics.ts";
import type { Pilot } from "../pilot.ts";

/** Measured whole: seconds at most, and the same for every seed. */
export function pilot(p: Params): Pilot {
  return { class: p.study, params: p, units: 1, of: 1 };
}
