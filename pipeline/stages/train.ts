/** @file Stage that trains one model on one task: one seed, or several together in one program. */
import { z } from "zod";
import type { Seed } from "../../lib/tasks/task.ts";
import type { Tensor, Tree } from "../../lib/tensor/tensor.ts";
import { flatten, unstack } from "../../lib/tensor/trees.ts";
import { learning } from "../../lib/train/learning.ts";
import { DivergenceError, type StepReport, train } from "../../lib/train/trainer.ts";
import { modelOf, partModules, seedSchema, taskOf } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";
import { decodeTensors, encodeTensors } from "../store/safetensors.ts";
import { optimiserOf, trainingFields, type TrainingParams } from "../training.ts";

export interface Params extends TrainingParams {
  /** Trained together; each leaves a model of its own. */
  seeds: Seed[];
  steps: number;
  /** Peak of the warm-up and cosine schedule; that of the input `tuned` when left out. */
  learningRate?: number;
  /** The last learning rate as a share of the peak. */
  floor: number;
  /**
   * Ends the training of one seed as soon as its loss on all training data exceeds the lowest possible one by this share only, for
   * tasks that know it exactly.
   */
  tolerance?: number;
}

export const usesEngine = true;

export function params() {
  return z.strictObject({
    ...trainingFields(),
    seeds: z.array(seedSchema()).min(1),
    steps: z.number().int().min(1),
    learningRate: z.number().positive().optional(),
    floor: z.number().min(0).max(1).default(0.05),
    tolerance: z.number().optional(),
  });
}

export function facts({ seeds }: Params) {
  return Object.fromEntries(
    seeds.map(({ instance }, i) => [`instance of model ${i}`, instance]),
  );
}

export function modules(params: Params) {
  return partModules(params);
}

/** Seconds between checkpoints: a kill loses at most this much. */
const checkpointEvery = 20;
/** Steps between measurements of the excess over the lowest loss. */
const measureEvery = 100;

/**
 * Input: `data` (of download), for tasks on given data; `tuned`, for a learning rate. Leaves `model-0.safetensors`,
 * `model-1.safetensors`, ... in the order of the seeds, every parameter by its dotted name, and the scalars `parameters`,
 * `endParameters` (those of a stack's embedding and head among them), `memory` (numbers that layers carry from token to token, after
 * a whole sequence), `tokens` (that each seed has seen), `steps`, `learningRate` and `lastLoss` (mean over seeds). Where the rate was
 * tuned also what stage tune says of it: `edge`, `tuningTokens`, `tuningLoss`, and where they are known `tuningLossAtHalf` and
 * `tuningLossAtTwice`.
 * @throws {DivergenceError} with step and learning rate.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const p = ctx.params;
  const tuned = ctx.inputs.tuned?.scalars;
  const learningRate = p.learningRate ?? tuned?.learningRate;
  if (learningRate === undefined) {
    throw new Error(
      "train: no learningRate; give the parameter, or the input `tuned` of stage tune",
    );
  }
  const { task } = await taskOf(ctx, ctx.inputs.data);
  const model = modelOf(ctx, task);
  const several = p.seeds.length > 1;
  const { tolerance = -Infinity } = p;
  if (p.tolerance !== undefined && (several || !task.excess)) {
    throw new Error(
      `train: tolerance ${tolerance}, but ${
        several ? `there are ${p.seeds.length} seeds` : "the task does not know its lowest loss"
      }; leave tolerance out`,
    );
  }
  const learned = learning(task, model, p.seeds, p.batch);
  const told = tellApart(p.seeds);
  const curve = (name: string, i: number) => several ? `${name}, ${told[i]}` : name;
  const options = { optimiser: optimiserOf(p), compile: ctx.compile };
  const compiling = async (example: Tree<Tensor>) => {
    const step = await learned.compileStep(example, options);
    try {
      ctx.programsCompiled();
    } catch (same) {
      await step.close();
      throw same;
    }
    return step;
  };
  const point = ({ step, losses, gradNorms, rate }: StepReport) => {
    for (let i = 0; i < losses.length; i++) {
      ctx.metric(curve("loss", i), step, losses[i]);
      ctx.metric(curve("gradient norm", i), step, gradNorms[i]);
    }
    ctx.metric("learning rate", step, rate);
  };
  const result = await train(compiling, learned.nextBatch, {
    schedule: { peak: learningRate, steps: p.steps, warmup: p.warmup, floor: p.floor },
    signal: ctx.signal,
    onStep: (report) => {
      ctx.progress(report.step + 1, p.steps);
      point(report);
    },
    measure: task.excess && !several
      ? {
        every: measureEvery,
        run: (params, step) => {
          const excess = task.excess!(model, params);
          ctx.metric("excess", step, excess);
          return excess <= tolerance;
        },
      }
      : undefined,
    checkpoint: {
      every: checkpointEvery,
      load: async () => {
        const bytes = await ctx.checkpoint.load();
        return bytes && decodeTensors(bytes);
      },
      save: (state) => ctx.checkpoint.save(encodeTensors(state)),
    },
  }).catch((error) => {
    // The curve ends with the step that shows why.
    if (error instanceof DivergenceError) point(error.report);
    throw error;
  });
  ctx.observe("compile seconds", result.compileSeconds);
  // A step of all seeds over their number: what one of them costs.
  ctx.observe("step seconds", result.stepSeconds / p.seeds.length);
  const models = p.seeds.map((_, i) =>
    flatten(several ? unstack(result.params, i) : result.params)
  );
  const count = (of: (name: string) => boolean) =>
    Object.entries(models[0]).reduce((sum, [name, t]) => of(name) ? sum + t.data.length : sum, 0);
  const losses = Array.from(result.lastLosses);
  return {
    files: Object.fromEntries(
      models.map((tensors, i) => [`model-${i}.safetensors`, { tensors }]),
    ),
    scalars: {
      parameters: count(() => true),
      endParameters: count((name) => name.startsWith("ends.")),
      ...(model.memory ? { memory: model.memory(task.tokens(1)) } : {}),
      tokens: result.steps * task.tokens(p.batch),
      steps: result.steps,
      learningRate,
      ...(tuned && p.learningRate === undefined ? ofTuning(tuned) : {}),
      lastLoss: losses.reduce((a, b) => a + b, 0) / losses.length,
    },
  };
}

/** What is handed on of the search for the learning rate. */
function ofTuning(tuned: Record<string, number>): Record<string, number> {
  const names: [own: string, theirs: string][] = [
    ["edge", "edge"],
    ["tuningTokens", "tokens"],
    ["tuningLoss", "loss"],
    ["tuningLossAtHalf", "lossAtHalf"],
    ["tuningLossAtTwice", "lossAtTwice"],
  ];
  return Object.fromEntries(
    names.flatMap(([own, theirs]) => theirs in tuned ? [[own, tuned[theirs]]] : []),
  );
}

/** What a reader tells the seeds apart by. */
function tellApart(seeds: readonly Seed[]): string[] {
  for (const field of ["instance", "initialisation"] as const) {
    const values = seeds.map((seed) => seed[field]);
    if (new Set(values).size === values.length) return values.map((value) => `${field} ${value}`);
  }
  return seeds.map((_, i) => `seed ${i}`);
}
