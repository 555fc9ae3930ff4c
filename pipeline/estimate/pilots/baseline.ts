/** @file Cost of scoring the filter and zero. */
import type { Params } from "../../stages/baseline.ts";
import type { Pilot, PilotInput } from "../pilot.ts";

/** Sequences are the units. */
export function pilot(p: Params, { data }: Record<string, PilotInput>): Pilot {
  const { latentDim, obsDim, structure } = p.system;
  const { length, sequences: of } = data.params;
  const sequences = Math.min(of, 512); // fewer would time the compiler
  const horizons = { warmup: p.warmup, horizons: p.horizons };
  return {
    class: { latentDim, obsDim, structure, length, ...horizons },
    params: p,
    inputs: { data: { ...data.params, sequences } },
    units: sequences,
    of,
    // In float64: the observations, the filter's predictions and the zeros beside them.
    memory: () => 3 * (of - sequences) * length * obsDim * Float64Array.BYTES_PER_ELEMENT,
  };
}
