/** @file Stage that makes test data of one instance of a task whose data are simulated. */
import { z } from "zod";
import { type Part, taskModule, taskOf, taskSchema } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params {
  task: Part;
  instance: number;
  /** Key of the data; the training data of the same instance have another. */
  data: number;
  sequences: number;
}

export function params() {
  return z.strictObject({
    task: taskSchema(),
    instance: z.number().int().nonnegative(),
    data: z.number().int().nonnegative(),
    sequences: z.number().int().min(2),
  });
}

export function facts({ instance }: Params) {
  return { instance };
}

export function modules({ task }: Params) {
  return taskModule(task);
}

/** Leaves `data.safetensors` with the tensors that the task's `evaluate` reads. */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { task, instance, data, sequences } = ctx.params;
  const { task: made } = await taskOf(ctx);
  if (!made.generate) {
    throw new Error(
      `generate: the data of task ${task.name} are not simulated; use stage download`,
    );
  }
  ctx.progress(0, sequences);
  const tensors = made.generate(instance, data, sequences);
  ctx.progress(sequences, sequences);
  return { files: { "data.safetensors": { tensors } } };
}
