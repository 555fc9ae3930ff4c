/** @file Stage that counts the steps of an optimiser on deep linear networks until they are near least squares, at a learning rate that is tuned first. */
import { z } from "zod";
import { contestant, type Course, raceLoss } from "../../lib/dynamics/race.ts";
import type { OptimiserModule } from "../../lib/train/optimisers/optimiser.ts";
import { makeRace } from "../../lib/train/optimisers/steps_to_target.ts";
import { type Part, partSchema } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params {
  /** A file of lib/train/optimisers. */
  optimiser: Part;
  course: Course;
  /** Learning rates that are tried. */
  rates: number[];
  /** Problems on which they are. */
  tuningSeeds: number[];
  /** Problems that count; as many as rates times tuning seeds, so that one program serves both. */
  seeds: number[];
  /** Excess over least squares at which a training is done. */
  target: number;
  /** Steps after which it is given up. */
  cap: number;
}

export const usesEngine = true;

/** `target` of other stages is another number. */
export const own = ["target"];

export function params() {
  const seeds = z.array(z.number().int().nonnegative()).min(1);
  return z.strictObject({
    optimiser: partSchema("a file in lib/train/optimisers"),
    course: z.strictObject({
      width: z.number().int().min(1),
      depth: z.number().int().min(1),
      condition: z.number().min(1),
      inputs: z.number().min(1),
    }),
    rates: z.array(z.number().positive()).min(1),
    tuningSeeds: seeds,
    seeds,
    target: z.number().positive().default(0.01),
    cap: z.number().int().min(1),
  }).refine(
    ({ rates, tuningSeeds, seeds }) => seeds.length === rates.length * tuningSeeds.length,
    "expected as many seeds as rates times tuningSeeds: one program serves both",
  );
}

export function modules({ optimiser }: Params) {
  const path = `lib/train/optimisers/${optimiser.name}.ts`;
  return { optimiser: { path, exports: ["optimiser"] } };
}

/**
 * Leaves `scores.json` (`steps` of the seeds in their order, the cap where it came first; `reached`; `tried`, steps by rate and tuning seed) and the scalars
 * `rate`, the one whose slowest tuning seed was there first (the least rate where none was), `edge` (1 where it is the first or the last of the rates), `steps` (mean) and `reached`
 * (share).
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { optimiser: part, course, rates, tuningSeeds, seeds, target, cap } = ctx.params;
  const module: OptimiserModule = ctx.modules.optimiser.optimiser;
  const on = (list: readonly number[]) => list.map((seed) => contestant(seed, course, target));
  const judged = on(seeds);
  const race = await makeRace(raceLoss, module.configure(part.options), judged, ctx.compile);
  try {
    ctx.programsCompiled();
    const n = tuningSeeds.length;
    const tuning = on(tuningSeeds);
    const trials = rates.flatMap(() => tuning);
    const byRate = (steps: readonly (number | undefined)[]) =>
      rates.map((_, i) => Math.max(...steps.slice(i * n, (i + 1) * n).map((s) => s ?? Infinity)));
    const tried = await race.run(trials, rates.flatMap((rate) => Array(n).fill(rate)), {
      cap,
      // The first rate to bring all of its seeds there is the best one.
      enough: (steps) => byRate(steps).some(Number.isFinite),
    });
    ctx.progress(1, 2);
    const slowest = byRate(tried.steps);
    const best = slowest.indexOf(Math.min(...slowest));
    const rate = Number.isFinite(slowest[best]) ? rates[best] : Math.min(...rates);
    const { steps, stepSeconds } = await race.run(judged, judged.map(() => rate), { cap });
    ctx.progress(2, 2);
    ctx.observe("step seconds", stepSeconds);
    const counted = steps.map((count) => count ?? cap);
    const reached = steps.map((count) => count === undefined ? 0 : 1);
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const edge = rate === Math.min(...rates) || rate === Math.max(...rates);
    return {
      files: {
        "scores.json": {
          json: { steps: counted, reached, tried: tried.steps.map((s) => s ?? cap) },
        },
      },
      scalars: { rate, edge: edge ? 1 : 0, steps: mean(counted), reached: mean(reached) },
    };
  } finally {
    await race.close();
  }
}
