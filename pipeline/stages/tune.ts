/**
 * @file Stage that finds the learning rate of one configuration by successive halving, on a seed of its own.
 */
import { z } from "zod";
import type { Seed } from "../../lib/tasks/task.ts";
import type { Tensor, Tree } from "../../lib/tensor/tensor.ts";
import { stack, unstack } from "../../lib/tensor/trees.ts";
import { disposeTree, readTree } from "../../lib/train/host.ts";
import { type Learning, learning } from "../../lib/train/learning.ts";
import {
  candidatesOfRungs,
  stepsOfTrials,
  successiveHalving,
} from "../../lib/train/successive_halving.ts";
import {
  advance,
  type Progress,
  type TrainingState,
  type TrainingStep,
} from "../../lib/train/trainer.ts";
import { modelOf, partModules, seedSchema, taskOf } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";
import { optimiserOf, trainingFields, type TrainingParams } from "../training.ts";

export interface Params extends TrainingParams {
  /** Not one of those that the results are about. */
  seed: Seed;
  /** Candidates, ascending. */
  rates: number[];
  /** Steps that a survivor has made at the end of each rung, ascending. */
  rungs: number[];
  /** Share that survives a rung. */
  keep: number;
}

export const usesEngine = true;

export function params() {
  return z.strictObject({
    ...trainingFields(),
    seed: seedSchema(),
    rates: z.array(z.number().positive()).min(1),
    rungs: z.array(z.number().int().min(1)).min(1),
    keep: z.number().gt(0).lt(1).default(0.5),
  });
}

export function modules(params: Params) {
  return partModules(params);
}

/**
 * All candidates see the same batches, fresh ones at every step, so a trial is judged by its mean loss over the second half of
 * its rung; the rate stays at its peak after the warm-up. Leaves `trials.json` and the scalars `learningRate`, `trials`, and
 * `edge` (1 when the best of three or more candidates is the first or last).
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const p = ctx.params;
  const { task } = await taskOf(ctx, ctx.inputs.data);
  const model = modelOf(ctx, task);
  const options = { optimiser: optimiserOf(p), compile: ctx.compile };
  const total = stepsOfTrials(p.rates.length, p.rungs, p.keep);
  const reached = new Map<number, Progress>();
  const trainings = new Map<number, Pick<Learning, "nextBatch"> & { training: TrainingStep }>();
  let done = 0;

  /** The program that trains so many candidates together, whichever they are. */
  const trainingOf = async (count: number) => {
    let found = trainings.get(count);
    if (!found) {
      const seeds = Array<Seed>(count).fill(p.seed);
      const { nextBatch, compileStep } = learning(task, model, seeds, p.batch);
      // A rung may end anywhere, and survivors go on from there.
      const training = await compileStep(nextBatch(0), { ...options, stepsPerRun: 1 });
      trainings.set(count, found = { nextBatch, training });
    }
    return found;
  };

  /** Takes candidates from where they are to `until`, together. */
  const together = async (rates: readonly number[], rung: number, until: number) => {
    const { nextBatch, training } = await trainingOf(rates.length);
    const from = rung === 0 ? 0 : p.rungs[rung - 1];
    const several = rates.length > 1;
    const states = rates.map((rate) => reached.get(rate)?.current as Tree<Tensor>);
    const current = rung === 0 ? training.fresh : several ? stack(states) : states[0];
    const sums = rates.map(() => 0);
    const judgedFrom = Math.floor((from + until) / 2);
    const progress = await advance(
      training,
      { step: from, current: current as TrainingState, lastLosses: [] },
      until,
      nextBatch,
      (step) => Math.min(1, (step + 1) / Math.max(1, p.warmup)),
      ({ step, losses }) => {
        ctx.signal.throwIfAborted();
        ctx.progress(done += rates.length, total);
        rates.forEach((rate, i) => {
          ctx.metric(`loss, rate ${rate}`, step, losses[i]);
          if (step >= judgedFrom) sums[i] += losses[i] / (until - judgedFrom);
        });
      },
      { tolerant: true, scales: rates },
    );
    const host = await readTree(progress.current);
    disposeTree(progress.current);
    rates.forEach((rate, i) => {
      const own = several ? unstack(host, i) : host;
      reached.set(rate, { ...progress, current: own as TrainingState });
    });
    return sums;
  };

  const search = async () => {
    // Fewer survive where many have diverged; their program is then one more.
    for (const count of candidatesOfRungs(p.rates.length, p.rungs, p.keep)) await trainingOf(count);
    ctx.programsCompiled();
    return await successiveHalving(p.rates, p.rungs, p.keep, together);
  };
  const { best, trials } = await search().finally(async () => {
    for (const { training } of trainings.values()) await training.close();
  });
  const edge = p.rates.length > 2 && (best === p.rates[0] || best === p.rates.at(-1));
  if (edge) {
    ctx.log(`the best rate ${best} is the ${best === p.rates[0] ? "first" : "last"} candidate`);
  }
  const listed = trials.map(({ candidate, rung, budget, score }) => ({
    learningRate: candidate,
    rung,
    steps: budget,
    // JSON has no infinity; a trial that diverged has no loss.
    loss: Number.isFinite(score) ? score : null,
  }));
  return {
    files: { "trials.json": { json: listed } },
    scalars: { learningRate: best, trials: p.rates.length, edge: Number(edge) },
  };
}
