/** @file Stage that finds the parameters of a model in closed form, as those of least expected loss on a known system. */
import { z } from "zod";
import type { ClosedFormModule } from "../../lib/tasks/task.ts";
import { freshParameters } from "../../lib/train/host.ts";
import { toFloat32 } from "../../lib/tensor/tensor.ts";
import {
  closedFormModule,
  modelOf,
  partModules,
  type Parts,
  partsFields,
  taskOf,
} from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params extends Parts {
  /** A file of the task's folder `closed_forms`. */
  closedForm: string;
  instance: number;
}

export function params() {
  return z.strictObject({
    ...partsFields(),
    closedForm: z.string().regex(/^[a-z][a-z0-9_]*$/, "expected the name of a closed form"),
    instance: z.number().int().nonnegative(),
  });
}

export function facts({ instance }: Params) {
  return { "instance of model 0": instance };
}

export function modules(params: Params) {
  return { ...partModules(params), ...closedFormModule(params.task, params.closedForm) };
}

/**
 * Leaves `model-0.safetensors` as train does, and the scalars `parameters`, and `tokens` and `steps`, which are 0: the
 * distribution of the data is given; and `excess`, the expected loss minus the optimum's, where that is known exactly.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { task } = await taskOf(ctx);
  const model = modelOf(ctx, task);
  const closedForm: ClosedFormModule = ctx.modules.closedForm.closedForm;
  const example = await freshParameters(model, 0);
  const solved = closedForm.solve(task, ctx.params.instance, example);
  const tensors = Object.fromEntries(
    Object.entries(solved).map(([name, tensor]) => [name, toFloat32(tensor)]),
  );
  const parameters = Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0);
  const excess = closedForm.excess?.(task, ctx.params.instance, solved);
  return {
    files: { "model-0.safetensors": { tensors } },
    scalars: { parameters, tokens: 0, steps: 0, ...(excess === undefined ? {} : { excess }) },
  };
}
