/**
 * @file Stage that finds the learning rate of one configuration by successive halving, on a system of its own.
 */
import { init as initJax } from "@jax-js/jax";
import { z } from "zod";
import type { SequenceModel } from "../../lib/models/sequence_model.ts";
import type { Handle, Tensor, Tree } from "../../lib/engine/mod.ts";
import { type FilteringSeed, filteringTask } from "../../lib/tasks/filtering/filtering_task.ts";
import { disposeTree, readTree } from "../../lib/train/host.ts";
import { member, stack } from "../../lib/train/ensemble.ts";
import { stepsOfTrials, successiveHalving } from "../../lib/train/successive_halving.ts";
import { advance, type Progress, type TrainingState } from "../../lib/train/trainer.ts";
import type { StageContext, StageResult } from "../stage.ts";
import {
  type ModelParams,
  seedSchema,
  type SystemLaw,
  trainedModule,
  trainingFields,
} from "../system_params.ts";

export interface Params {
  model: ModelParams;
  system: SystemLaw;
  /** Not one of those that the results are about. */
  seed: FilteringSeed;
  /** Candidates, ascending. */
  rates: number[];
  /** Steps that a survivor has made at the end of each rung, ascending. */
  rungs: number[];
  /** Share that survives a rung. */
  keep: number;
  batch: number;
  length: number;
  warmup: number;
  weightDecay: number;
  clipNorm: number;
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

export function modules({ model }: Params) {
  return trainedModule(model);
}

/**
 * All candidates see the same batches, fresh ones at every step, so a trial is judged by its mean loss over the second half of
 * its rung; the rate stays at its peak after the warm-up. Leaves `trials.json` and the scalars `learningRate`, `trials`, and
 * `edge` (1 when the best of three or more candidates is the first or last).
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const p = ctx.params;
  const model = ctx.modules.model as SequenceModel;
  await initJax("wasm");
  const config = model.configure(p.model.options, p.system.obsDim);
  const optimiser = { weightDecay: p.weightDecay, clipNorm: p.clipNorm };
  const options = { optimiser, engine: ctx.engine, threads: ctx.threads };
  const total = stepsOfTrials(p.rates.length, p.rungs, p.keep);
  const reached = new Map<number, Progress>();
  let done = 0;

  /** Takes candidates from where they are to `until`, together. */
  const together = async (rates: readonly number[], rung: number, until: number) => {
    const seeds = rates.map(() => p.seed);
    const task = filteringTask(model, config, p.system, seeds, p, rates);
    const training = await task.compile(task.nextBatch(0), options);
    const from = rung === 0 ? 0 : p.rungs[rung - 1];
    const several = rates.length > 1;
    const states = rates.map((rate) => reached.get(rate)?.current as Tree<Tensor>);
    const current = rung === 0 ? training.fresh : several ? stack(states) : states[0];
    const sums = rates.map(() => 0);
    const judgedFrom = Math.floor((from + until) / 2);
    try {
      const progress = await advance(
        training,
        { step: from, current: current as TrainingState, lastLosses: [] },
        until,
        task.nextBatch,
        (step) => Math.min(1, (step + 1) / Math.max(1, p.warmup)),
        ({ step, losses }) => {
          ctx.signal.throwIfAborted();
          ctx.progress(done += rates.length, total);
          rates.forEach((rate, i) => {
            ctx.metric(`loss, rate ${rate}`, step, losses[i]);
            if (step >= judgedFrom) sums[i] += losses[i] / (until - judgedFrom);
          });
        },
        { tolerant: true },
      );
      const host = await readTree(progress.current as unknown as Tree<Handle>);
      disposeTree(progress.current);
      rates.forEach((rate, i) => {
        const own = several ? member(host, i) : host;
        reached.set(rate, { ...progress, current: own as TrainingState });
      });
    } finally {
      await training.close();
    }
    return sums;
  };

  const { best, trials } = await successiveHalving(p.rates, p.rungs, p.keep, together);
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
