/** @file Cost of fitting a forecaster. */
import type { Params } from "../../stages/forecast.ts";
import type { Pilot } from "../pilot.ts";

/**
 * A network's steps are the units, all of them, though it may reach its tolerance sooner. What has no steps is
 * measured whole.
 */
export function pilot(p: Params): Pilot {
  const { seed: _, steps, ...options } = p.options;
  if (typeof steps !== "number") return { class: p, params: p, units: 1, of: 1 };
  const few = Math.min(steps, 100); // one measurement of the training loss, as in every hundred steps
  return {
    class: { ...p, options },
    params: { ...p, options: { ...p.options, steps: few, tolerance: -1 } },
    units: few,
    of: steps,
  };
}
