/** @file Stage that makes a series whose best forecast is known to be of low rank, as a file like a downloaded one. */
import { z } from "zod";
import { keyOf } from "../../lib/random/random.ts";
import { lowRankTwin, type TwinOptions } from "../../lib/tasks/forecasting/low_rank_twin.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params extends TwinOptions {
  seed: number;
}

export function params() {
  return z.strictObject({
    rows: z.number().int().min(1),
    columns: z.number().int().min(1),
    modes: z.number().int().min(1),
    noise: z.number().min(0),
    seed: z.number().int().nonnegative(),
  });
}

/** Leaves `data`, a CSV of columns y0, y1, …. */
export function run({ params: { seed, ...options } }: StageContext<Params>): StageResult {
  const columns = lowRankTwin(keyOf(seed), options);
  const names = columns.map((_, column) => `y${column}`);
  const rows = Array.from(columns[0], (_, t) => columns.map((column) => column[t]).join(","));
  return { files: { data: [names.join(","), ...rows, ""].join("\n") } };
}
