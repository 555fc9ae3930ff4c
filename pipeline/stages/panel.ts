/** @file Stage that reads files of series and hands them on as one panel: the input of the panel task. */
import { z } from "zod";
import { readRowSeries, type RowSeries } from "../../lib/data/row_series.ts";
import { readSeries } from "../../lib/data/series.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params {
  /** In their order; each is the input of that name. */
  files: PanelFile[];
}

interface PanelFile {
  dataset: string;
  /** A table with a series in each column, or one in each row. */
  form: "columns" | "rows";
  read: Record<string, unknown>;
}

export const fixed = "the experiment says which files its panel is made of";

export function params() {
  return z.strictObject({
    files: z.array(z.strictObject({
      /** Name of the input. */
      dataset: z.string().min(1),
      form: z.enum(["columns", "rows"]).default("columns"),
      /** How a table of columns is read; see lib/data/series.ts. */
      read: z.record(z.string(), z.unknown()).default({}),
    })).min(1),
  });
}

/**
 * Inputs: the downloads of `files`. Leaves `panel.safetensors`, a float64 tensor [rows] for each series, and the scalar `series`. A
 * column is called "dataset/column". A row keeps its name, and goes on in a later file that has the same one: what was to be forecast
 * follows what was known.
 * @throws {Error} for a later file of rows with other series than the first
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const columns: RowSeries[] = [];
  let rows: RowSeries[] = [];
  for (const { dataset, form, read } of ctx.params.files) {
    const bytes = await ctx.inputs[dataset].bytes("data");
    if (form === "rows") rows = continued(rows, readRowSeries(bytes, dataset), dataset);
    else {
      const table = readSeries(bytes, dataset, read);
      table.notes.forEach((note) => ctx.log(`${dataset}: ${note}`));
      table.columns.forEach((column, c) =>
        columns.push({ name: `${dataset}/${column}`, values: table.channels[c] })
      );
    }
  }
  const tensors = Object.fromEntries(
    [...columns, ...rows].map(({ name, values }): [string, Tensor] => [name, {
      ...{ dtype: "float64", shape: [values.length], data: values },
    }]),
  );
  return {
    files: { "panel.safetensors": { tensors } },
    scalars: { series: Object.keys(tensors).length },
  };
}

function continued(before: RowSeries[], next: RowSeries[], file: string): RowSeries[] {
  if (before.length === 0) return next;
  const more = new Map(next.map(({ name, values }) => [name, values]));
  const missing = before.find(({ name }) => !more.has(name));
  if (missing || next.length !== before.length) {
    throw new Error(
      `panel: ${file} has ${next.length} series, the file before it ${before.length}${
        missing ? `, among them ${missing.name}, which is missing` : ""
      }. Expected the same series in both.`,
    );
  }
  return before.map(({ name, values }) => ({
    name,
    values: Float64Array.of(...values, ...more.get(name)!),
  }));
}
