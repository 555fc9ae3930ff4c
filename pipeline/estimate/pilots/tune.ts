/** @file Cost of looking for a learning rate. */
import { stepsOfTrials } from "../../../lib/train/successive_halving.ts";
import type { Params } from "../../stages/tune.ts";
import type { Pilot } from "../pilot.ts";
import { costly, tokensOf } from "../task_cost.ts";

/** Steps of all candidates on all seeds are the units: those of the first rung, as many at once. */
export function pilot(p: Params): Pilot {
  const { task, model, layers, batch, seeds, rates, rungs, keep, moves, together } = p;
  const steps = Math.min(rungs[0], 5);
  const of = (stepsOfTrials(rates.length, rungs, keep) + uphill(p)) * seeds.length;
  return {
    class: {
      ...{ task: costly(task), model, layers, batch, rates: rates.length },
      ...{ seeds: seeds.length, climbs: moves > 0, together },
    },
    params: { ...p, rungs: [steps], warmup: Math.min(p.warmup, steps), moves: 0 },
    units: steps * rates.length * seeds.length,
    of,
    tokens: of * tokensOf(task, batch),
  };
}

/** Steps beyond the rungs: as if of the winner's neighbours one was left after the first rung, and there was no better one. */
function uphill({ rungs, moves }: Params): number {
  return moves > 0 ? rungs.at(-1)! - rungs[0] : 0;
}
