/** @file The parameters by which a job names its state-space system. */
import { z } from "zod";

export interface SystemParams {
  /** Integer key of the draw; one seed of an experiment is one system. */
  key: number;
  latentDim: number;
  obsDim: number;
  lambda: number;
  sigma: number;
  structure: "diagonal" | "dense";
  condition: number;
  observation: "matched" | "redrawn";
}

export function systemSchema() {
  return z.strictObject({
    key: z.number().int().nonnegative(),
    latentDim: z.number().int().min(1).default(64),
    obsDim: z.number().int().min(1).default(2),
    lambda: z.number().gt(0).lt(1).default(0.9),
    sigma: z.number().positive().default(1),
    structure: z.enum(["diagonal", "dense"]).default("diagonal"),
    condition: z.number().min(1).default(1),
    observation: z.enum(["matched", "redrawn"]).default("matched"),
  });
}

/** The distribution that systems are drawn from: everything but the key. */
export type SystemLaw = Omit<SystemParams, "key">;

export function lawSchema() {
  return systemSchema().omit({ key: true });
}

/** What a model is trained on: a system, an initialisation, a stream of data. */
export function seedSchema() {
  return z.strictObject({
    system: z.number().int().nonnegative(),
    initialisation: z.number().int().nonnegative(),
    data: z.number().int().nonnegative(),
  });
}

/** How a model is trained, whatever the learning rate: common to `train` and `tune`. */
export function trainingFields() {
  return {
    model: modelSchema(),
    system: lawSchema(),
    /** Sequences of each seed in a step. */
    batch: z.number().int().min(1).default(16),
    /** T */
    length: z.number().int().min(2).default(256),
    /** Steps of linear warm-up. */
    warmup: z.number().int().min(0).default(20),
    weightDecay: z.number().min(0).default(0.01),
    clipNorm: z.number().positive().default(1),
  };
}

export interface ModelParams {
  /** File name in lib/models without its extension. */
  name: string;
  /** What the model's `configure` accepts. */
  options: Record<string, unknown>;
}

export function modelSchema() {
  return z.strictObject({
    name: z.string().regex(/^[a-z][a-z0-9_]*$/, "expected the name of a file in lib/models"),
    options: z.record(z.string(), z.unknown()).default({}),
  });
}

/** The one model module that a job names, and what a stage uses of it. */
export function modelModule({ name }: ModelParams, exports: string[]) {
  return { model: { path: `lib/models/${name}.ts`, exports } };
}

/** What training uses of it. */
export function trainedModule(model: ModelParams) {
  return modelModule(model, ["configure", "init", "forward"]);
}
