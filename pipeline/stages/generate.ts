/** @file Stage that simulates sequences of one state-space system, for evaluation. */
import { z } from "zod";
import { createSystem, simulate } from "../../lib/ssm/mod.ts";
import type { Pilot, StageContext, StageResult } from "../stage.ts";
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

/** Sequences are the units. */
export function pilot(p: Params): Pilot {
  const { latentDim, obsDim, structure } = p.system;
  const sequences = Math.min(p.sequences, 512); // fewer would time the compiler
  const more = (p.sequences - sequences) * p.length * obsDim * Float64Array.BYTES_PER_ELEMENT;
  return {
    class: { latentDim, obsDim, structure, length: p.length },
    params: { ...p, sequences },
    units: sequences,
    of: p.sequences,
    disk: more,
    memory: () => 2 * more, // the numbers, and the file that they are written into
  };
}

/** Leaves `observations.safetensors` with y [sequences, length, obs] in float64. */
export function run({ params, observe }: StageContext<Params>): StageResult {
  const { key, ...options } = params.system;
  const system = createSystem(key, options);
  const start = performance.now();
  const { shape, data } = simulate(system, params.dataSeed, {
    batch: params.sequences,
    length: params.length,
  });
  observe("unit seconds", (performance.now() - start) / 1000 / params.sequences);
  const y = { dtype: "float64" as const, shape: [...shape], data };
  return { files: { "observations.safetensors": { tensors: { y } } } };
}
