/** @file Cost of looking for a learning rate. */
import { stepsOfTrials } from "../../../lib/train/successive_halving.ts";
import type { Params } from "../../stages/tune.ts";
import type { Pilot } from "../pilot.ts";
import { costly, tokensOf } from "../task_cost.ts";

/** Steps of all candidates are the units: those of the first rung, as many candidates at once. */
export function pilot(p: Params): Pilot {
  const { task, model, layers, batch, rates, rungs, keep } = p;
  const steps = Math.min(rungs[0], 5);
  return {
    class: { task: costly(task), model, layers, batch, rates: rates.length },
    params: { ...p, rungs: [steps], warmup: Math.min(p.warmup, steps) },
    units: steps * rates.length,
    of: stepsOfTrials(rates.length, rungs, keep),
    tokens: stepsOfTrials(rates.length, rungs, keep) * tokensOf(task, batch),
  };
}
