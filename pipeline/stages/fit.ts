/** @file Stage that finds a model in closed form, as the one of least expected loss on a known system. */
import { z } from "zod";
import type { SequenceConfig } from "../../lib/models/sequence_model.ts";
import { createSystem, type Kalman, kalman } from "../../lib/ssm/mod.ts";
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
  /** T */
  length: number;
}

export function params() {
  return z.strictObject({
    model: modelSchema(),
    system: systemSchema(),
    length: z.number().int().min(2).default(256),
  });
}

export function modules({ model }: Params) {
  return modelModule(model, ["configure", "closedForm"]);
}

interface ClosedForm {
  configure(options: unknown, obsDim: number): SequenceConfig;
  closedForm(
    config: SequenceConfig,
    filter: Kalman,
  ): Record<string, { shape: number[]; data: Float64Array<ArrayBuffer> }>;
}

/**
 * Leaves `model-0.safetensors` as train does, and the scalars `parameters`, and `tokens` and `steps`, which are 0: the law of the
 * system is given.
 */
export function run({ params: p, modules }: StageContext<Params>): StageResult {
  const { key, ...law } = p.system;
  const model = modules.model as ClosedForm;
  const config = model.configure(p.model.options, law.obsDim);
  const solved = model.closedForm(config, kalman(createSystem(key, law), p.length));
  const tensors = Object.fromEntries(
    Object.entries(solved).map(([name, { shape, data }]) => [
      name,
      { dtype: "float32" as const, shape, data: Float32Array.from(data) },
    ]),
  );
  const parameters = Object.values(tensors).reduce((sum, t) => sum + t.data.length, 0);
  return {
    files: { "model-0.safetensors": { tensors } },
    scalars: { parameters, tokens: 0, steps: 0 },
  };
}
