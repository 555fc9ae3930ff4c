/** @file Stage that scores a predictor which is no trained model: the ends of a task's scale, a closed form. */
import { z } from "zod";
import type { ReferenceModule } from "../../lib/tasks/task.ts";
import { type Part, partSchema, taskModule, taskOf, taskSchema } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params {
  task: Part;
  /** A file of the task's folder `references`. */
  reference: Part;
  instance: number;
  /** How the task evaluates. */
  protocol: Record<string, unknown>;
}

export function params() {
  return z.strictObject({
    task: taskSchema(),
    reference: partSchema("a file in the folder references of the task"),
    instance: z.number().int().nonnegative().default(0),
    protocol: z.record(z.string(), z.unknown()).default({}),
  });
}

export function facts({ instance }: Params) {
  return { instance };
}

export function modules({ task, reference }: Params) {
  const path = `lib/tasks/${task.name}/references/${reference.name}.ts`;
  return { ...taskModule(task), reference: { path, exports: ["reference"] } };
}

/** Input: `data` (of generate or download). Leaves `scores.json` and the scalars `loss`, `floor`, `optimum`, `gapClosed`. */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { reference: { options }, instance, protocol } = ctx.params;
  const { module, task, data } = await taskOf(ctx, ctx.inputs.data);
  const reference: ReferenceModule = ctx.modules.reference.reference;
  const units = data.tensors ? Object.values(data.tensors)[0].shape[0] : 1;
  ctx.progress(0, units);
  const { details, ...scalars } = await reference.score(
    task,
    instance,
    data,
    module.protocol(protocol),
    options,
  );
  ctx.progress(units, units);
  return { files: { "scores.json": { json: details } }, scalars };
}
