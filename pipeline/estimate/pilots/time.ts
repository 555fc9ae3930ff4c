/** @file Cost of timing a model, which is measured whole. */
import type { Params } from "../../stages/time.ts";
import type { Pilot } from "../pilot.ts";
import { costly } from "../task_cost.ts";

/** How long the training is that it speaks of changes nothing. */
export function pilot(p: Params): Pilot {
  const { steps: _, ...rest } = p;
  const like = { ...rest, task: costly(p.task) };
  return { class: like, params: p, units: 1, of: 1 };
}
