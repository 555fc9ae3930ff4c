/** @file Cost of finding how grammatical a model writes. */
import type { Params } from "../../stages/grammaticality.ts";
import type { Pilot } from "../pilot.ts";
import { costly } from "../task_cost.ts";

/** Measured whole, once for all models of a kind. */
export function pilot(p: Params): Pilot {
  const { index: _, draw: __, instance: ___, ...rest } = p;
  return { class: { ...rest, task: costly(p.task) }, params: p, units: 1, of: 1 };
}
