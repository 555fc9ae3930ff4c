/**
 * @file How a job names its science: a task, a model, and the sequence layers that the model is a stack of, each one module and
 * its options. Only those modules are part of the job's key, and only they are loaded.
 */
import { z } from "zod";
import type { SequenceLayer } from "../lib/layers/sequence/sequence_layer.ts";
import type { Context, Model, ModelModule } from "../lib/models/model.ts";
import type { Task, TaskData, TaskModule } from "../lib/tasks/task.ts";
import type { Tensor } from "../lib/tensor/tensor.ts";
import type { ArtifactReader, ModuleRef, StageContext } from "./stage.ts";

/** A module by name, and the options of its `configure`. */
export interface Part {
  name: string;
  options: Record<string, unknown>;
}

/** Parameters of every job that is about a task and a model. */
export interface Parts {
  /** A folder of lib/tasks. */
  task: Part;
  /** A file of lib/models. */
  model: Part;
  /** Files of lib/layers/sequence, from input to output; none for models that are no stacks. */
  layers: Part[];
}

/** @param of where the names come from, for the message. */
export function partSchema(of: string) {
  return z.strictObject({
    name: z.string().regex(/^[a-z][a-z0-9_]*$/, `expected the name of ${of}`),
    options: z.record(z.string(), z.unknown()).default({}),
  });
}

export function taskSchema() {
  return partSchema("a folder in lib/tasks");
}

export function partsFields() {
  return {
    task: taskSchema(),
    model: partSchema("a file in lib/models"),
    layers: z.array(partSchema("a file in lib/layers/sequence")).default([]),
  };
}

/** What training starts from, see lib/tasks/task.ts. */
export function seedSchema() {
  return z.strictObject({
    instance: z.number().int().nonnegative(),
    initialisation: z.number().int().nonnegative(),
    data: z.number().int().nonnegative(),
  });
}

export function taskModule({ name }: Part): Record<string, ModuleRef> {
  return { task: { path: `lib/tasks/${name}/${name}.ts`, exports: ["task"] } };
}

/** @param name a file of the task's folder `closed_forms` */
export function closedFormModule({ name: task }: Part, name: string): Record<string, ModuleRef> {
  const path = `lib/tasks/${task}/closed_forms/${name}.ts`;
  return { closedForm: { path, exports: ["closedForm"] } };
}

export function partModules({ task, model, layers }: Parts): Record<string, ModuleRef> {
  const named = layers.map(({ name }): [string, ModuleRef] => [
    layerKey(name),
    { path: `lib/layers/sequence/${name}.ts`, exports: ["layer"] },
  ]);
  return {
    ...taskModule(task),
    model: { path: `lib/models/${model.name}.ts`, exports: ["model"] },
    ...Object.fromEntries(named),
  };
}

const layerKey = (name: string) => `layer ${name}`;

/** The task of a job, made from its options and the artifact that it reads, if any. */
export async function taskOf(
  ctx: Pick<StageContext<Pick<Parts, "task">>, "params" | "modules" | "log">,
  data?: ArtifactReader,
): Promise<{ module: TaskModule; task: Task; data: TaskData }> {
  const module: TaskModule = ctx.modules.task.task;
  const read = data ? await readData(data) : {};
  const task = module.configure(ctx.params.task.options, read);
  task.notes?.forEach(ctx.log);
  return { module, task, data: read };
}

/** The model of a job, for its task. */
export function modelOf(
  { params: { model, layers }, modules }: Pick<StageContext<Parts>, "params" | "modules">,
  task: Task,
): Model {
  const module: ModelModule = modules.model.model;
  const context: Context = {
    signature: task.signature,
    layers: layers.map(({ name, options }) => {
      return { name, options, layer: modules[layerKey(name)].layer as SequenceLayer };
    }),
  };
  return module.configure(model.options, context);
}

/** An artifact as a task reads it: the bytes of a download, or tensors. */
async function readData(reader: ArtifactReader): Promise<TaskData> {
  if (reader.files.includes("data")) return { text: await reader.bytes("data") };
  const tensors: Record<string, Tensor> = {};
  for (const file of reader.files.filter((name) => name.endsWith(".safetensors"))) {
    Object.assign(tensors, await reader.tensors(file));
  }
  return { tensors };
}
