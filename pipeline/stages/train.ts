/** @file Stage that trains one sequence model on fresh simulated batches of one state-space system. */
import { init as initJax } from "@jax-js/jax";
import { z } from "zod";
import type { SequenceModel } from "../../lib/models/sequence_model.ts";
import { createSystem, fold, kalman, keyOf, simulate } from "../../lib/ssm/mod.ts";
import { flatten } from "../../lib/train/host.ts";
import {
  nextPatchLoss,
  patchWeights,
  toFloat32,
  unitStatistics,
} from "../../lib/train/next_patch.ts";
import { train } from "../../lib/train/trainer.ts";
import { decodeTensors, encodeTensors } from "../store/safetensors.ts";
import type { StageContext, StageResult } from "../stage.ts";
import {
  modelModule,
  type ModelParams,
  modelSchema,
  type SystemParams,
  systemSchema,
} from "../system_params.ts";

export interface Params {
  model: ModelParams;
  system: SystemParams;
  initSeed: number;
  dataSeed: number;
  steps: number;
  /** Sequences in a step. */
  batch: number;
  /** T */
  length: number;
  /** Peak of the warm-up and cosine schedule. */
  learningRate: number;
  warmup: number;
  weightDecay: number;
  clipNorm: number;
}

export const usesEngine = true;

export function params() {
  return z.strictObject({
    model: modelSchema(),
    system: systemSchema(),
    initSeed: z.number().int().nonnegative(),
    dataSeed: z.number().int().nonnegative(),
    steps: z.number().int().min(1),
    batch: z.number().int().min(1).default(16),
    length: z.number().int().min(2).default(256),
    learningRate: z.number().positive().default(3e-3),
    warmup: z.number().int().min(0).default(20),
    weightDecay: z.number().min(0).default(0.01),
    clipNorm: z.number().positive().default(1),
  });
}

export function modules({ model }: Params) {
  return modelModule(model, ["configure", "init", "forward"]);
}

/** Seconds between checkpoints: a kill loses at most this much. */
const checkpointEvery = 20;

/**
 * Leaves `model.safetensors`, every parameter by its dotted name, and the scalars `parameters`, `tokens` (observations seen) and `lastLoss`.
 * @throws {DivergenceError} with step and learning rate.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { system: { key, ...options }, ...p } = ctx.params;
  const model = ctx.modules.model as SequenceModel;
  await initJax("wasm");
  const system = createSystem(key, options);
  const filter = kalman(system, p.length);
  const config = model.configure(p.model.options, options.obsDim);
  if (p.length % config.patch !== 0) {
    throw new RangeError(
      `length ${p.length} is not a multiple of the patch ${config.patch}; choose one that is`,
    );
  }
  const weights = patchWeights(filter, p.length, config.patch);
  const statistics = unitStatistics(options.obsDim);
  const dataKey = keyOf(p.dataSeed);
  const nextBatch = (step: number) => ({
    y: toFloat32(simulate(system, fold(dataKey, step), { batch: p.batch, length: p.length })),
    weights,
    train: statistics,
  });
  const result = await train(
    nextPatchLoss(model, config),
    model.init(config, p.initSeed),
    nextBatch,
    {
      schedule: { peak: p.learningRate, steps: p.steps, warmup: p.warmup },
      optimiser: { weightDecay: p.weightDecay, clipNorm: p.clipNorm },
      engine: ctx.engine,
      threads: ctx.threads,
      signal: ctx.signal,
      onStep: ({ step, loss, gradNorm, rate }) => {
        ctx.progress(step + 1, p.steps);
        ctx.metric("loss", step, loss);
        ctx.metric("gradient norm", step, gradNorm);
        ctx.metric("learning rate", step, rate);
      },
      checkpoint: {
        every: checkpointEvery,
        load: async () => {
          const bytes = await ctx.checkpoint.load();
          return bytes && decodeTensors(bytes) as never;
        },
        save: (state) => ctx.checkpoint.save(encodeTensors(state as never)),
      },
    },
  );
  ctx.observe("compile seconds", result.compileSeconds);
  ctx.observe("step seconds", result.stepSeconds);
  const tensors = flatten(result.params);
  const parameters = Object.values(tensors).reduce((sum, t) => sum + t.data.length, 0);
  return {
    files: { "model.safetensors": { tensors: tensors as never } },
    scalars: { parameters, tokens: p.steps * p.batch * p.length, lastLoss: result.lastLoss },
  };
}
