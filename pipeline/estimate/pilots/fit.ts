/** @file Cost of a closed form. */
import type { Params } from "../../stages/fit.ts";
import type { Pilot } from "../pilot.ts";
import { costly } from "../task_cost.ts";

/** Measured whole: it takes a second. */
export function pilot(p: Params): Pilot {
  const { task, model, layers, closedForm } = p;
  return {
    class: { task: costly(task), model, layers, closedForm },
    params: p,
    units: 1,
    of: 1,
  };
}
