/**
 * @file Stage that times a model by itself: its job runs while no other does, so that seconds of models can be compared, which those
 * of trainings are not that shared the cores and their memory with whatever ran beside them.
 */
import { z } from "zod";
import type { Arrays } from "../../lib/engine/arrays.ts";
import type { Handle } from "../../lib/engine/types.ts";
import { asSequenceModel, type Model } from "../../lib/models/model.ts";
import type { ClosedFormModule, Seed, Task } from "../../lib/tasks/task.ts";
import { type Tensor, tensor, type Tree } from "../../lib/tensor/tensor.ts";
import { disposeTree, freshParameters } from "../../lib/train/host.ts";
import { learning } from "../../lib/train/learning.ts";
import { compileRollout } from "../../lib/train/rollout.ts";
import { advance, type Progress } from "../../lib/train/trainer.ts";
import { closedFormModule, modelOf, partModules, taskOf } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";
import { optimiserOf, trainingFields, type TrainingParams } from "../training.ts";

export interface Params extends Omit<TrainingParams, "warmup"> {
  /** Of the whole training; one step at a time is timed. */
  steps: number;
  /** A file of the task's folder `closed_forms`, which is timed instead of a step. */
  closedForm?: string;
  /** Free-running rollouts, which are timed instead of whole sequences. */
  rollout?: Rollout;
  /** How often each is timed, after a first time that does not count. */
  repetitions: number;
}

interface Rollout {
  /** At once. */
  sequences: number;
  /** Observations that are read first. */
  warmup: number;
  /** Observations that are predicted. */
  steps: number;
}

export const usesEngine = true;
export const alone = true;

export function params() {
  const { warmup: _, ...fields } = trainingFields();
  const count = (least = 1) => z.number().int().min(least);
  return z.strictObject({
    ...fields,
    steps: z.number().int().nonnegative(),
    closedForm: z.string().regex(/^[a-z][a-z0-9_]*$/, "expected the name of a closed form")
      .optional(),
    rollout: z.strictObject({ sequences: count(), warmup: count(), steps: count(2) }).optional(),
    repetitions: z.number().int().min(5).default(5),
  });
}

export function modules(params: Params) {
  const { closedForm } = params;
  return closedForm === undefined
    ? partModules(params)
    : { ...partModules(params), ...closedFormModule(params.task, closedForm) };
}

/** What is timed needs parameters and data of the right shape, whatever they say. */
const seed: Seed = { instance: 0, initialisation: 0, data: 0 };

/**
 * Input: `data` (of download), for tasks on given data. Observes medians over the repetitions: of a training step of one model, with
 * its batch ("step seconds"), or of the closed form ("solving seconds"); and of a token: of whole sequences, a training batch at once
 * ("token seconds"), or of rollouts, from the second token on ("rollout token seconds"). Leaves no seconds, which are others every
 * time, but the scalars `steps`, by which a table multiplies, and `repetitions`.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { steps, closedForm, rollout, repetitions } = ctx.params;
  const { task } = await taskOf(ctx, ctx.inputs.data);
  const model = modelOf(ctx, task);
  const fresh = await freshParameters(model, seed.initialisation);
  if (closedForm === undefined) await timeStep(ctx, task, model);
  else {
    const { solve }: ClosedFormModule = ctx.modules.closedForm.closedForm;
    const solving = clocked(() => solve(task, seed.instance, fresh));
    ctx.observe("solving seconds", await medianOf(repetitions, solving));
  }
  if (rollout) await timeRollout(ctx, task, model, fresh, rollout);
  else await timeSequences(ctx, task, model, fresh);
  return { files: {}, scalars: { steps, repetitions } };
}

async function timeStep(ctx: StageContext<Params>, task: Task, model: Model) {
  const { batch, repetitions } = ctx.params;
  const { nextBatch, compileStep } = learning(task, model, [seed], batch);
  const options = { optimiser: optimiserOf(ctx.params), compile: ctx.compile, stepsPerRun: 1 };
  const step = await compileStep(nextBatch(0), options);
  let at: Progress = { step: 0, current: step.fresh, lastLosses: [] };
  try {
    const stepping = clocked(async () => {
      const { current } = at;
      // At a rate of 0 nothing can diverge, and the arithmetic is the same.
      at = await advance(step, at, at.step + 1, nextBatch, () => 0);
      disposeTree(current);
    });
    ctx.observe("step seconds", await medianOf(repetitions, stepping));
  } finally {
    disposeTree(at.current);
    await step.close();
  }
}

async function timeSequences(
  { params: { batch, repetitions }, compile, observe }: StageContext<Params>,
  task: Task,
  model: Model,
  fresh: Tree<Tensor>,
) {
  const example = learning(task, model, [seed], batch).nextBatch(0);
  const loss = (params: Arrays, batch: Arrays) => task.loss(model, params, batch);
  const program = await compile(loss, [fresh, example]);
  try {
    const forward = clocked(async () => {
      const value: Handle = await program.run(fresh, example);
      await value.read();
      value.dispose();
    });
    observe("token seconds", await medianOf(repetitions, forward) / task.tokens(batch));
  } finally {
    await program.close();
  }
}

async function timeRollout(
  { params: { repetitions }, compile, observe }: StageContext<Params>,
  { signature }: Task,
  model: Model,
  fresh: Tree<Tensor>,
  { sequences, warmup, steps }: Rollout,
) {
  if (signature.kind !== "series") {
    throw new Error(
      `time: rollout is given, but the task has ${signature.kind}; only a series can be rolled out: leave rollout out`,
    );
  }
  const shape = [sequences, warmup, signature.channels];
  const running = asSequenceModel(model);
  const program = await compileRollout(running, fresh, shape, steps, compile);
  try {
    const rolling = async () => {
      const told: number[] = [];
      await program.run(tensor(0, shape), () => told.push(performance.now()));
      // The first token ends the warm-up.
      return (told.at(-1)! - told[0]) / 1000 / ((told.length - 1) * running.patch * sequences);
    };
    observe("rollout token seconds", await medianOf(repetitions, rolling));
  } finally {
    await program.close();
  }
}

/** Seconds of some work. */
function clocked(work: () => unknown): () => Promise<number> {
  return async () => {
    const start = performance.now();
    await work();
    return (performance.now() - start) / 1000;
  };
}

/** The median of what repetitions say, after one that does not count: its kernels and caches are cold. */
async function medianOf(repetitions: number, measure: () => Promise<number>): Promise<number> {
  await measure();
  const found: number[] = [];
  for (let i = 0; i < repetitions; i++) found.push(await measure());
  found.sort((a, b) => a - b);
  return (found[(repetitions - 1) >> 1] + found[repetitions >> 1]) / 2;
}
