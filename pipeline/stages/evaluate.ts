/** @file Stage that scores a trained model on test data, by the protocol of its task. */
import { z } from "zod";
import { freshParameters } from "../../lib/train/host.ts";
import { runnerOf } from "../../lib/train/runner.ts";
import { unflatten } from "../../lib/tensor/trees.ts";
import { modelOf, partModules, type Parts, partsFields, taskOf } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params extends Parts {
  instance: number;
  /** Which of the models that were trained together. */
  index: number;
  /** Sequences in a batch; free-running takes fewer where memory demands it. */
  batch: number;
  memoryMiB: number;
  /** How the task evaluates. */
  protocol: Record<string, unknown>;
}

export const usesEngine = true;

export function params() {
  return z.strictObject({
    ...partsFields(),
    instance: z.number().int().nonnegative().default(0),
    index: z.number().int().nonnegative().default(0),
    batch: z.number().int().min(1).default(32),
    memoryMiB: z.number().positive().default(1024),
    protocol: z.record(z.string(), z.unknown()).default({}),
  });
}

/** Sequences at once say nothing of those in a training step. */
export const own = ["batch"];

export function facts({ instance, index }: Params) {
  return { instance, [`instance of model ${index}`]: instance };
}

export function modules(params: Params) {
  return partModules(params);
}

/**
 * Inputs: `model` (of train or fit) and `data` (of generate or download). Leaves `scores.json`, what the task's evaluation says
 * in detail, and the scalars `loss`, `floor`, `optimum` and `gapClosed`.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { instance, index, batch, memoryMiB, protocol } = ctx.params;
  const { module, task, data } = await taskOf(ctx, ctx.inputs.data);
  const model = modelOf(ctx, task);
  const saved = await ctx.inputs.model.tensors(`model-${index}.safetensors`);
  const params = unflatten(await freshParameters(model, 0), saved);
  let all = 1;
  const runner = runnerOf(model, params, {
    compile: ctx.compile,
    batch,
    memoryBytes: memoryMiB * 2 ** 20,
    onProgress: (done, total) => ctx.progress(done, all = total),
    onBatch: (count) => ctx.tick("unit", count),
    onToken: (observations) => ctx.tick("token", observations),
    onMemory: (bytes) => ctx.observe("sequence bytes", bytes),
    log: ctx.log,
  });
  try {
    const { details, ...scalars } = await task.evaluate(
      runner,
      instance,
      data,
      module.protocol(protocol),
    );
    ctx.progress(all, all); // the scores, of all of them
    return { files: { "scores.json": { json: details } }, scalars };
  } finally {
    await runner.close();
  }
}
