/** @file Cost of writing with a drafter. */
import type { Params } from "../../stages/draft.ts";
import type { Pilot } from "../pilot.ts";
import { costly } from "../task_cost.ts";

/** Measured whole, once for all seeds. */
export function pilot(p: Params): Pilot {
  const { index: _, draw: __, ...rest } = p;
  return { class: { ...rest, task: costly(p.task) }, params: p, units: 1, of: 1 };
}
