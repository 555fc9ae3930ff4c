/** @file Stage that lets a trained model of symbols write, and finds how grammatical that is by what its task has for it. */
import { z } from "zod";
import type { Grammaticality } from "../../lib/tasks/grammaticality.ts";
import { unflatten } from "../../lib/tensor/trees.ts";
import { tokenizerOf } from "../../lib/text/tokenizer_json.ts";
import { freshParameters } from "../../lib/train/host.ts";
import { runnerOf } from "../../lib/train/runner.ts";
import { modelOf, partModules, type Parts, partsFields, taskOf } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params extends Parts {
  instance: number;
  /** Which of the models that were trained together. */
  index: number;
  /** Texts at once. */
  batch: number;
  /** Of what is drawn. */
  draw: number;
}

export const usesEngine = true;

export function params() {
  return z.strictObject({
    ...partsFields(),
    instance: z.number().int().nonnegative().default(0),
    index: z.number().int().nonnegative().default(0),
    batch: z.number().int().min(1).default(48),
    draw: z.number().int().nonnegative().default(0),
  });
}

/** Texts at once say nothing of sequences in a training step. */
export const own = ["batch", "draw"];

export function facts({ instance, index }: Params) {
  return { instance, [`instance of model ${index}`]: instance };
}

export function modules(params: Params) {
  const path = `lib/tasks/${params.task.name}/grammaticality.ts`;
  return { ...partModules(params), grammaticality: { path, exports: ["grammaticality"] } };
}

/** Inputs: `model` (of train) and, of a text, `data` (of tokenize). Leaves what was found as scalars. */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { instance, index, batch, draw } = ctx.params;
  const { data: reader, model: trained } = ctx.inputs;
  const { task, data } = await taskOf(ctx, reader);
  const model = modelOf(ctx, task);
  const saved = await trained.tensors(`model-${index}.safetensors`);
  const params = unflatten(await freshParameters(model, 0), saved);
  const json = "tokenizer.json";
  const tokenizer = reader?.files.includes(json) ? tokenizerOf(await reader.json(json)) : undefined;
  const { find }: Grammaticality = ctx.modules.grammaticality.grammaticality;
  const runner = runnerOf(model, params, { compile: ctx.compile, batch });
  ctx.progress(0, 1);
  try {
    const scalars = await find(task, runner, { data, tokenizer, instance, seed: draw });
    ctx.progress(1, 1);
    return { files: {}, scalars };
  } finally {
    await runner.close();
  }
}
