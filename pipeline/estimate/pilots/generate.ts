/** @file Cost of simulating sequences. */
import type { Params } from "../../stages/generate.ts";
import type { Pilot } from "../pilot.ts";

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
