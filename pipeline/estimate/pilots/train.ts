/** @file Cost of training. */
import type { Params } from "../../stages/train.ts";
import type { Pilot } from "../pilot.ts";
import { costly, tokensOf } from "../task_cost.ts";

/** Steps are the units; what is learned, from which seed and at which rate, does not change their cost. */
export function pilot(p: Params): Pilot {
  const { task, model, layers, batch, seeds } = p;
  // With a tolerance, so many that the training loss is measured once, as in every hundred steps.
  const steps = Math.min(p.steps, p.tolerance === undefined ? 6 : 100);
  const tolerance = p.tolerance === undefined ? {} : { tolerance: -1 };
  return {
    class: { task: costly(task), model, layers, batch, seeds: seeds.length, ...tolerance },
    params: { ...p, ...tolerance, steps, warmup: Math.min(p.warmup, steps), learningRate: 1e-3 },
    units: steps,
    of: p.steps,
    tokens: p.steps * tokensOf(task, batch) * seeds.length,
  };
}
