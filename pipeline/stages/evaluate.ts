/**
 * @file Stage that scores a trained model: one patch ahead from every position, or free-running rollouts
 * after a warm-up.
 */
import { init as initJax } from "@jax-js/jax";
import { z } from "zod";
import type { SequenceModel } from "../../lib/models/sequence_model.ts";
import { createSystem, kalman, nextPatch, score } from "../../lib/ssm/mod.ts";
import { toHost, unflatten } from "../../lib/train/host.ts";
import { fitBatch, predictPatches, rollout, toFloat32 } from "../../lib/train/next_patch.ts";
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
    batch: z.number().int().min(1).default(32),
    rollout: z.strictObject({
      warmup: z.number().int().min(1).default(64),
      horizons: z.array(z.number().int().min(1)).min(1).default([2, 4, 8, 16, 32, 64]),
      memoryMiB: z.number().positive().default(1024),
    }).optional(),
  });
}

export function modules({ model, rollout }: Params) {
  const used = rollout
    ? ["configure", "init", "forward", "continueFrom", "step", "rolloutBytes"]
    : ["configure", "init", "forward"];
  return modelModule(model, used);
}

/**
 * Inputs: `model` (of train) and `data` (of generate). Leaves `scores.json`: {overall, byHorizon, horizons}.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { system: { key, ...options }, batch, rollout: free, model: { options: given } } =
    ctx.params;
  const model = ctx.modules.model as SequenceModel;
  await initJax("wasm");
  const { y } = await ctx.inputs.data.tensors("observations.safetensors");
  const [sequences, length, obs] = y.shape;
  const config = model.configure(given, options.obsDim);
  const example = toHost(model.init(config, 0));
  const params = unflatten(
    example,
    await ctx.inputs.model.tensors("model.safetensors") as never,
  );
  const filter = kalman(createSystem(key, options), length);
  const onBatch = (done: number, total: number) => ctx.progress(done, total);
  const run = { engine: ctx.engine, threads: ctx.threads, onBatch };

  if (!free) {
    const prediction = await predictPatches(model, config, params, toFloat32(y), { ...run, batch });
    const forecasts = nextPatch(length, config.patch);
    const scores = score(filter, y, prediction, forecasts);
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
  const fitting = fitBatch(sequences, bytes, memoryMiB * 2 ** 20);
  ctx.log(
    `rollouts: ${sequences} sequences, about ${(bytes / 2 ** 20).toFixed(2)} MiB each, ` +
      `batches of ${fitting} within ${memoryMiB} MiB` +
      (fitting < sequences ? " (reduced to fit)" : ""),
  );
  const start = toFloat32({
    shape: [sequences, warmup, obs],
    data: firstTokens(y.data, length, warmup, obs),
  });
  const rolled = await rollout(model, config, params, start, furthest, { ...run, batch: fitting });
  const picked = new Float32Array(sequences * horizons.length * obs);
  for (let b = 0; b < sequences; b++) {
    horizons.forEach((h, i) => {
      const from = (b * furthest + h - 1) * obs;
      picked.set(rolled.data.subarray(from, from + obs), (b * horizons.length + i) * obs);
    });
  }
  const prediction = { shape: [sequences, 1, horizons.length, obs], data: picked };
  return result(score(filter, y, prediction, { contexts: [warmup], horizons }), horizons);
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
