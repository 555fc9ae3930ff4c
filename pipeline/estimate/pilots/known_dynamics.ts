/** @file Cost of learning a field. */
import type { Params } from "../../stages/known_dynamics.ts";
import type { Pilot } from "../pilot.ts";

/** Measured whole: it takes a second. */
export function pilot(p: Params): Pilot {
  const { place: _, ...rest } = p;
  return { class: rest, params: p, units: 1, of: 1 };
}
