/**
 * @file Stage that trains one sequence model on fresh simulated batches of state-space systems: one seed, or several together in
 * one program.
 */
import { init as initJax } from "@jax-js/jax";
import { z } from "zod";
import type { SequenceModel } from "../../lib/models/sequence_model.ts";
import type { Tensor, Tree } from "../../lib/engine/mod.ts";
import { type FilteringSeed, filteringTask } from "../../lib/tasks/filtering/filtering_task.ts";
import { flatten } from "../../lib/train/host.ts";
import { member } from "../../lib/train/ensemble.ts";
import { train } from "../../lib/train/trainer.ts";
import { decodeTensors, encodeTensors } from "../store/safetensors.ts";
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
  /** Trained together; each leaves a model of its own. */
  seeds: FilteringSeed[];
  steps: number;
  /** Sequences of each seed in a step. */
  batch: number;
  /** T */
  length: number;
  /** Peak of the warm-up and cosine schedule; that of the input `tuned` when left out. */
  learningRate?: number;
  warmup: number;
  weightDecay: number;
  clipNorm: number;
}

export const usesEngine = true;

export function params() {
  return z.strictObject({
    ...trainingFields(),
    seeds: z.array(seedSchema()).min(1),
    steps: z.number().int().min(1),
    learningRate: z.number().positive().optional(),
  });
}

export function modules({ model }: Params) {
  return trainedModule(model);
}

/** Seconds between checkpoints: a kill loses at most this much. */
const checkpointEvery = 20;

/**
 * Leaves `model-0.safetensors`, `model-1.safetensors`, ... in the order of the seeds, every parameter by its dotted name, and the
 * scalars `parameters`, `tokens` (observations that each seed has seen), `steps`, `learningRate` and `lastLoss` (mean over seeds).
 * @throws {DivergenceError} with step and learning rate.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const p = ctx.params;
  const learningRate = p.learningRate ?? ctx.inputs.tuned?.scalars.learningRate;
  if (learningRate === undefined) {
    throw new Error(
      "train: no learningRate; give the parameter, or the input `tuned` of stage tune",
    );
  }
  const model = ctx.modules.model as SequenceModel;
  await initJax("wasm");
  const config = model.configure(p.model.options, p.system.obsDim);
  const task = filteringTask(model, config, p.system, p.seeds, p);
  const several = p.seeds.length > 1;
  const curve = (name: string, i: number) =>
    several ? `${name}, system ${p.seeds[i].system}` : name;
  const optimiser = { weightDecay: p.weightDecay, clipNorm: p.clipNorm };
  const result = await train(
    (example) => task.compile(example, { optimiser, engine: ctx.engine, threads: ctx.threads }),
    task.nextBatch,
    {
      schedule: { peak: learningRate, steps: p.steps, warmup: p.warmup },
      signal: ctx.signal,
      onStep: ({ step, losses, gradNorms, rate }) => {
        ctx.progress(step + 1, p.steps);
        for (let i = 0; i < losses.length; i++) {
          ctx.metric(curve("loss", i), step, losses[i]);
          ctx.metric(curve("gradient norm", i), step, gradNorms[i]);
        }
        ctx.metric("learning rate", step, rate);
      },
      checkpoint: {
        every: checkpointEvery,
        load: async () => {
          const bytes = await ctx.checkpoint.load();
          return bytes && decodeTensors(bytes);
        },
        save: (state) => ctx.checkpoint.save(encodeTensors(state)),
      },
    },
  );
  ctx.observe("compile seconds", result.compileSeconds);
  // A step of all seeds over their number: what one of them costs.
  ctx.observe("step seconds", result.stepSeconds / p.seeds.length);
  const trained = result.params as Tree<Tensor>;
  const models = p.seeds.map((_, i) => flatten(several ? member(trained, i) : trained));
  const parameters = Object.values(models[0]).reduce((sum, t) => sum + t.data.length, 0);
  const losses = Array.from(result.lastLosses);
  return {
    files: Object.fromEntries(
      models.map((tensors, i) => [`model-${i}.safetensors`, { tensors }]),
    ),
    scalars: {
      parameters,
      tokens: p.steps * p.batch * p.length,
      steps: p.steps,
      learningRate,
      lastLoss: losses.reduce((a, b) => a + b, 0) / losses.length,
    },
  };
}
