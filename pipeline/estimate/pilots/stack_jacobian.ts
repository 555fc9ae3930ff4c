/** @file Cost of the Jacobian of a stack. */
import type { Params } from "../../stages/stack_jacobian.ts";
import type { Pilot } from "../pilot.ts";
import { costly } from "../task_cost.ts";

/** Measured whole, once for all seeds and systems. */
export function pilot(p: Params): Pilot {
  const { instance: _, initialisation: __, index: ___, ...rest } = p;
  return { class: { ...rest, task: costly(p.task) }, params: p, units: 1, of: 1 };
}
