/** @file Cost of making a series. */
import type { Params } from "../../stages/simulate_series.ts";
import type { Pilot } from "../pilot.ts";

/** Measured whole: it takes a moment. */
export function pilot(p: Params): Pilot {
  return {
    class: { rows: p.rows, columns: p.columns, modes: p.modes },
    params: p,
    units: 1,
    of: 1,
  };
}
