/** @file Cost of training a chain of Monarch layers. */
import type { Params } from "../../stages/train_chain.ts";
import type { Pilot } from "../pilot.ts";

/** Steps are the units; the largest batch a step can have and its layers need the memory of the whole job. */
export function pilot(p: Params): Pilot {
  const { blocks, size, layers, teacherLayers, batch, segments, steps } = p;
  const few = Math.min(steps, 3);
  return {
    class: { blocks, size, layers, teacherLayers, batch, segments },
    params: { ...p, steps: few },
    units: few,
    of: steps,
    tokens: steps * batch,
  };
}
