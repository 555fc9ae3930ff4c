/** @file Stage that simulates sequences of one state-space system, for evaluation. */
import { z } from "zod";
import { createSystem, simulate } from "../../lib/ssm/mod.ts";
import type { StageContext, StageResult } from "../stage.ts";
import { type SystemParams, systemSchema } from "../system_params.ts";

export interface Params {
  system: SystemParams;
  /** Key of the observations; the training data of the same system has another. */
  dataSeed: number;
  sequences: number;
  /** T */
  length: number;
}

export function params() {
  return z.strictObject({
    system: systemSchema(),
    dataSeed: z.number().int().nonnegative(),
    sequences: z.number().int().min(2),
    length: z.number().int().min(2),
  });
}

/** Leaves `observations.safetensors` with y [sequences, length, obs] in float64. */
export function run({ params, progress }: StageContext<Params>): StageResult {
  const { key, ...options } = params.system;
  const system = createSystem(key, options);
  progress(0, params.sequences);
  const { shape, data } = simulate(system, params.dataSeed, {
    batch: params.sequences,
    length: params.length,
  });
  progress(params.sequences, params.sequences);
  const y = { dtype: "float64" as const, shape: [...shape], data };
  return { files: { "observations.safetensors": { tensors: { y } } } };
}
