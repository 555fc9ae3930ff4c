/** @file Cost of scoring a reference. */
import type { Params } from "../../stages/reference.ts";
import type { Pilot, PilotInput } from "../pilot.ts";
import { costly, observationsOf } from "../task_cost.ts";

/** Sequences are the units where data are simulated; on other data it is measured whole. */
export function pilot(p: Params, { data }: Record<string, PilotInput>): Pilot {
  const { task, reference, protocol } = p;
  if (data?.stage !== "generate") return { class: p, params: p, units: 1, of: 1 };
  const of = data.params.sequences;
  const sequences = Math.min(of, 512); // fewer would time the compiler
  const each = observationsOf(data.params.task) * Float64Array.BYTES_PER_ELEMENT;
  const { structure } = task.options;
  return {
    class: { task: costly(task), data: costly(data.params.task), structure, reference, protocol },
    params: p,
    inputs: { data: { ...data.params, sequences } },
    units: sequences,
    of,
    // The observations, the filter's predictions and the zeros beside them.
    memory: () => 3 * (of - sequences) * each,
  };
}
