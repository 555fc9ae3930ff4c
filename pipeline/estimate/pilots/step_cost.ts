/** @file Cost of measuring what a step of training costs. */
import type { Params } from "../../stages/step_cost.ts";
import type { Pilot } from "../pilot.ts";

/** Measured whole, once for all repetitions. */
export function pilot(p: Params): Pilot {
  const { repetition: _, ...rest } = p;
  return { class: rest, params: p, units: 1, of: 1 };
}
