/** @file Cost of a closed form. */
import type { Params } from "../../stages/fit.ts";
import type { Pilot } from "../pilot.ts";

/** Measured whole: it takes a second. */
export function pilot(p: Params): Pilot {
  const { system: { latentDim, obsDim }, model, length } = p;
  return { class: { latentDim, obsDim, model, length }, params: p, units: 1, of: 1 };
}
