/** @file Cost of following a path of early stopping. */
import type { Params } from "../../stages/early_stop.ts";
import type { Pilot } from "../pilot.ts";
import { costly } from "../task_cost.ts";

/** Looks at the map are the units; where a path starts and how fast it goes do not change their cost. */
export function pilot(p: Params): Pilot {
  const { task, depth, width, optimiser, starts, steps, every } = p;
  const looks = Math.ceil(steps / every);
  const few = Math.min(looks, 3);
  return {
    class: { task: costly(task), depth, width, optimiser, every },
    params: { ...p, starts: starts.slice(0, 1), steps: few * every },
    units: few,
    of: starts.length * looks,
  };
}
