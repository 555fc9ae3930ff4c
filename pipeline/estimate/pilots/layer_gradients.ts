/** @file Cost of measuring gradients by layer. */
import type { Params } from "../../stages/layer_gradients.ts";
import type { Pilot } from "../pilot.ts";
import { costly } from "../task_cost.ts";

/** Measured whole: two gradients. */
export function pilot(p: Params): Pilot {
  return { class: { task: costly(p.task), model: p.model }, params: p, units: 1, of: 1 };
}
