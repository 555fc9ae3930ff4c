/** @file Stage that reads files of series and hands them on as one panel: the input of the panel task. */
import { z } from "zod";
import { readSeries } from "../../lib/data/series.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params {
  /** In their order; each is the input of that name. */
  files: { dataset: string; read: Record<string, unknown> }[];
}

export const fixed = "the experiment says which files its panel is made of";

export function params() {
  return z.strictObject({
    files: z.array(z.strictObject({
      /** Name of the input, and of its series before a slash. */
      dataset: z.string().min(1),
      /** How the file is read; see lib/data/series.ts. */
      read: z.record(z.string(), z.unknown()).default({}),
    })).min(1),
  });
}

/** Inputs: the downloads of `files`. Leaves `panel.safetensors`, a float64 tensor [rows] for each column, and the scalar `series`. */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const tensors: Record<string, Tensor> = {};
  for (const { dataset, read } of ctx.params.files) {
    const { columns, channels, notes } = readSeries(
      await ctx.inputs[dataset].bytes("data"),
      dataset,
      read,
    );
    notes.forEach((note) => ctx.log(`${dataset}: ${note}`));
    columns.forEach((column, c) => {
      tensors[`${dataset}/${column}`] = {
        dtype: "float64",
        shape: [channels[c].length],
        data: channels[c],
      };
    });
  }
  return {
    files: { "panel.safetensors": { tensors } },
    scalars: { series: Object.keys(tensors).length },
  };
}
