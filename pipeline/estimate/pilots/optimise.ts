/** @file Cost of a comparison of optimisers. */
import type { Params } from "../../stages/optimise.ts";
import type { Pilot } from "../pilot.ts";

/** Measured whole: how many steps there are is what it finds. */
export function pilot(p: Params): Pilot {
  return { class: p, params: p, units: 1, of: 1 };
}
