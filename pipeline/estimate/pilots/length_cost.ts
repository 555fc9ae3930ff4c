/** @file Cost of measuring what the length of sequences costs. */
import type { Params } from "../../stages/length_cost.ts";
import type { Pilot } from "../pilot.ts";

/** Of the first models, once for all repetitions: the others are taken to cost as much. */
export function pilot(p: Params): Pilot {
  const { repetition: _, ...rest } = p;
  const models = p.models.slice(0, 2);
  return { class: rest, params: { ...p, models }, units: models.length, of: p.models.length };
}
