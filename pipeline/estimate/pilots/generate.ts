/** @file Cost of simulating sequences. */
import type { Params } from "../../stages/generate.ts";
import type { Pilot } from "../pilot.ts";
import { costly, observationsOf } from "../task_cost.ts";

/** Sequences are the units. */
export function pilot(p: Params): Pilot {
  const sequences = Math.min(p.sequences, 512); // fewer would time the compiler
  const each = observationsOf(p.task) * Float64Array.BYTES_PER_ELEMENT;
  const more = (p.sequences - sequences) * each;
  return {
    class: { task: costly(p.task), structure: p.task.options.structure },
    params: { ...p, sequences },
    units: sequences,
    of: p.sequences,
    disk: more,
    memory: () => 2 * more, // the numbers, and the file that they are written into
  };
}
