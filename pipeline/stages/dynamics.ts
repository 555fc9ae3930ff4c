/** @file Stage that runs one study of training dynamics: a small training in float64, watched at every step. */
import { z } from "zod";
import type { StudyModule } from "../../lib/dynamics/study.ts";
import type { TaskData } from "../../lib/tasks/task.ts";
import { type Part, partSchema } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params {
  /** A file of lib/dynamics/studies. */
  study: Part;
  /** Of everything random. */
  seed: number;
}

export function params() {
  return z.strictObject({
    study: partSchema("a file in lib/dynamics/studies"),
    seed: z.number().int().nonnegative(),
  });
}

export function modules({ study }: Params) {
  return { study: { path: `lib/dynamics/studies/${study.name}.ts`, exports: ["study"] } };
}

/**
 * Input: `data` (of download), for studies on given data. Leaves `scores.json`, the study's details, and its scalars.
 * @throws {Error} for a scalar that is not finite: a training that blew up is no measurement
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { study: { options }, seed } = ctx.params;
  const module: StudyModule = ctx.modules.study.study;
  const data: TaskData = ctx.inputs.data ? { text: await ctx.inputs.data.bytes("data") } : {};
  const { scalars, details } = module.configure(options).run(seed, data, ctx.progress);
  const bad = Object.entries(scalars).find(([, value]) => !Number.isFinite(value));
  if (bad) {
    throw new Error(
      `dynamics: ${bad[0]} of study ${ctx.params.study.name} is ${
        bad[1]
      }; a smaller learning rate may help`,
    );
  }
  return { files: { "scores.json": { json: details } }, scalars: { ...scalars } };
}
