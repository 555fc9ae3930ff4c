/**
 * @file Stage that scores a trained model: one patch ahead from every position, or free-running rollouts
 * after a warm-up.
 */
import { init as initJax } from "@jax-js/jax";
import { z } from "zod";
import type { SequenceModel } from "../../lib/models/sequence_model.ts";
import {
  createSystem,
  type Kalman,
  kalman,
  nextPatch,
  type Score,
  score,
} from "../../lib/ssm/mod.ts";
import { toHost, unflatten } from "../../lib/train/host.ts";
import { fitBatch } from "../../lib/train/batches.ts";
import { type NumericTensor, toFloat32 } from "../../lib/tensor/tensor.ts";
import { predictPatches } from "../../lib/train/predictions.ts";
import { rollout } from "../../lib/train/rollout.ts";
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
  /** Which of the models that were trained together. */
  member: number;
  /** Sequences in a batch; rollouts take fewer where memory demands it. */
  batch: number;
  /** Rollouts instead of one-patch predictions. */
  rollout?: { warmup: number; horizons: number[]; memoryMiB: number };
}

export const usesEngine = true;

export function params() {
  return z.strictObject({
    model: modelSchema(),
    system: systemSchema(),
    member: z.number().int().nonnegative().default(0),
    batch: z.number().int().min(1).default(32),
    rollout: z.strictObject({
      warmup: z.number().int().min(1).default(64),
      horizons: z.array(z.number().int().min(1)).min(1).default([2, 4, 8, 16, 32, 64]),
      memoryMiB: z.number().positive().default(1024),
    }).optional(),
  });
}

export function modules({ model, rollout }: Params) {
  const used = ["configure", "init", "forward"];
  const own = rollout ? [...used, "initialState", "step", "rolloutBytes"] : used;
  return modelModule(model, own);
}

/**
 * Inputs: `model` (of train or fit) and `data` (of generate). Leaves `scores.json`: {overall, byHorizon, horizons}, and
 * for predictions of the next patch `aligned`, see {@linkcode alignedScore}.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { system: { key, ...options }, member, batch, rollout: free } = ctx.params;
  const model = ctx.modules.model as SequenceModel;
  await initJax("wasm");
  const { y } = await ctx.inputs.data.tensors("observations.safetensors");
  const [sequences, length, obs] = y.shape;
  const config = model.configure(ctx.params.model.options, options.obsDim);
  const example = toHost(model.init(config, 0));
  const params = unflatten(
    example,
    await ctx.inputs.model.tensors(`model-${member}.safetensors`),
  );
  const filter = kalman(createSystem(key, options), length);
  const run = { engine: ctx.engine, threads: ctx.threads };

  if (!free) {
    const prediction = await predictPatches(model, config, params, toFloat32(y), {
      ...run,
      batch,
      onBatch: ctx.progress,
    });
    const forecasts = nextPatch(length, config.patch);
    const scores = {
      ...score(filter, y, prediction, forecasts),
      aligned: alignedScore(filter, y, prediction, length),
    };
    ctx.progress(sequences, sequences);
    return result(scores, forecasts.horizons);
  }

  const { warmup, horizons, memoryMiB } = free;
  const furthest = Math.max(...horizons);
  if (warmup + furthest > length) {
    throw new RangeError(
      `rollouts of ${warmup} + ${furthest} observations need sequences of that length, not ${length}`,
    );
  }
  const bytes = model.rolloutBytes(config, Math.ceil((warmup + furthest) / config.patch));
  const fitting = fitBatch(Math.min(batch, sequences), bytes, memoryMiB * 2 ** 20);
  ctx.observe("sequence bytes", bytes);
  ctx.log(
    `rollouts: ${sequences} sequences, about ${(bytes / 2 ** 20).toFixed(2)} MiB each, ` +
      `batches of ${fitting} within ${memoryMiB} MiB` +
      (fitting < Math.min(batch, sequences) ? " (reduced to fit)" : ""),
  );
  const start = toFloat32({
    shape: [sequences, warmup, obs],
    data: firstTokens(y.data, length, warmup, obs),
  });
  let rolledOut = 0;
  const rolled = await rollout(model, config, params, start, furthest, {
    ...run,
    batch: fitting,
    onBatch(done, total) {
      ctx.progress(done, total); // also of parts of a batch
      if (done % fitting === 0 || done === total) {
        ctx.tick("unit", done - rolledOut);
        rolledOut = done;
      }
    },
    // The first token of a batch is predicted from the warm-up.
    onStep: (done) => ctx.tick("token", done === 1 ? 0 : fitting * config.patch),
  });
  const picked = new Float32Array(sequences * horizons.length * obs);
  for (let b = 0; b < sequences; b++) {
    horizons.forEach((h, i) => {
      const from = (b * furthest + h - 1) * obs;
      picked.set(rolled.data.subarray(from, from + obs), (b * horizons.length + i) * obs);
    });
  }
  const prediction = { shape: [sequences, 1, horizons.length, obs], data: picked };
  const scores = score(filter, y, prediction, { contexts: [warmup], horizons });
  ctx.progress(sequences, sequences);
  return result(scores, horizons);
}

/** Patches are powers of two up to this, so every patch size has a boundary at its multiples. */
const alignment = 32;

/**
 * One step ahead, at the boundaries that all patch sizes have: the same forecasts whatever the patch, which the next-patch
 * score is not. Absent when the sequences have no such boundary.
 */
function alignedScore(
  filter: Kalman,
  y: NumericTensor,
  { shape, data }: NumericTensor,
  length: number,
): Score | undefined {
  const [sequences, patches, patch, obs] = shape;
  if (alignment % patch !== 0) return undefined;
  const contexts: number[] = [];
  for (let c = alignment; c < length; c += alignment) contexts.push(c);
  if (contexts.length === 0) return undefined;
  const picked = new Float32Array(sequences * contexts.length * obs);
  for (let b = 0; b < sequences; b++) {
    contexts.forEach((c, i) => {
      const from = ((b * patches + c / patch - 1) * patch) * obs;
      for (let j = 0; j < obs; j++) {
        picked[(b * contexts.length + i) * obs + j] = data[from + j];
      }
    });
  }
  const prediction = { shape: [sequences, contexts.length, 1, obs], data: picked };
  return score(filter, y, prediction, { contexts, horizons: [1] }).overall;
}

function result(scores: ReturnType<typeof score>, horizons: readonly number[]): StageResult {
  return {
    files: { "scores.json": { json: { ...scores, horizons } } },
    scalars: { ratio: scores.overall.ratio, gapClosed: scores.overall.gapClosed },
  };
}

/** The first `warmup` tokens of every sequence. */
function firstTokens(data: ArrayLike<number>, length: number, warmup: number, obs: number) {
  const sequences = data.length / (length * obs);
  const out = new Float64Array(sequences * warmup * obs);
  for (let b = 0; b < sequences; b++) {
    for (let i = 0; i < warmup * obs; i++) out[b * warmup * obs + i] = data[b * length * obs + i];
  }
  return out;
}
