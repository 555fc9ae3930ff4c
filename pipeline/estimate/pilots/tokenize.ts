/** @file Cost of making tokens of texts. */
import type { Params } from "../../stages/tokenize.ts";
import type { Pilot } from "../pilot.ts";

/** Measured whole: it takes seconds. */
export function pilot(params: Params): Pilot {
  return { class: params, params, units: 1, of: 1 };
}
