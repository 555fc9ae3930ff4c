/** @file Cost of training. */
import type { Params } from "../../stages/train.ts";
import type { Pilot } from "../pilot.ts";

/** Steps are the units. What a system does, and how it is sampled, does not change their cost. */
export function pilot(p: Params): Pilot {
  const { system: { latentDim, obsDim }, model, batch, length } = p;
  const steps = Math.min(p.steps, 6);
  return {
    class: { model, batch, length, latentDim, obsDim, seeds: p.seeds.length },
    params: { ...p, steps, warmup: Math.min(p.warmup, steps), learningRate: 1e-3 },
    units: steps,
    of: p.steps,
    tokens: p.steps * batch * length * p.seeds.length,
  };
}
