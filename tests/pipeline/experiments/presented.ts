/** @file How tables are shown: the unit and direction of a column are the same in all of them, a plot in one line, cells from published scores. */
import assert from "node:assert/strict";
import type { PlotSpec, Summary } from "../../../pipeline/results.ts";
import { assertRecomputed, published, sourceOf } from "../publish/recomputed.ts";
import { horizons } from "./transformer_filters/made_scores.ts";

/** A column is written in the same unit, and read in the same direction, everywhere. */
export function assertColumns(tables: ReadonlyMap<string, { summary: Summary }>) {
  const gaps = ["filtering", "forecasting", "parity", "automaton", "recall"].map((task) =>
    `gap_${task}`
  );
  const bySeed = [0, 1, 2].map((seed) => `seed_${seed}`);
  const shares = [
    ...["gap_closed", "aligned_gap", "gained", "difference", "accuracy"],
    ...[...gaps, ...bySeed, "median", "upper", "within"],
  ];
  const ratios = ["ratio", "raw_ratio", "aligned_ratio", "zero", "error", "mse", "mae", "over_ols"];
  const format: Record<string, string | undefined> = {
    ...Object.fromEntries(shares.map((id) => [id, "percent"])),
    ...Object.fromEntries(horizons.map((h) => [`g${h}`, "percent"])),
    ...Object.fromEntries(ratios.map((id) => [id, "fixed3"])),
    ...Object.fromEntries(horizons.map((h) => [`h${h}`, "fixed3"])),
    ...{ rank: "fixed3", memory: "integer", tuning_tokens: "integer" },
    ...{ parameters: "integer", tokens: "integer", steps: "integer", seconds: "seconds" },
    ...Object.fromEntries(
      ["predictor", "structure", "mode", "setting", "model", "layer", "theory", "rule"].map((
        id,
      ) => [id, "text"]),
    ),
  };
  const higher = ["gap_closed", "aligned_gap", "accuracy", "median", "within", ...gaps];
  const lower = [
    "rank",
    "ratio",
    "aligned_ratio",
    "excess",
    "error",
    "mse",
    "mae",
    "token_seconds",
  ];
  for (const [experiment, { summary }] of tables) {
    for (const column of summary.columns) {
      const where = `${experiment}: ${column.id}`;
      // Of a task as of anything.
      const id = column.id.replace(/^((?:token_)?seconds)_.*/, "$1");
      assert.equal(column.format, format[id], where);
      if (
        id === "seconds" || experiment.startsWith("depth-scaling") && column.id === "excess"
      ) {
        continue;
      }
      const better = lower.includes(id)
        ? "lower"
        : higher.includes(column.id)
        ? "higher"
        : undefined;
      assert.equal(column.better, better, where);
    }
    for (const h of horizons) {
      const labels = summary.columns.filter(({ id }) => id === `h${h}` || id === `g${h}`);
      for (const { id, label } of labels) {
        assert.equal(label, id[0] === "g" ? `gap t+${h}` : `t+${h}`);
      }
    }
  }
}

/** "y over x, by series, in panels by facet: marks", with scales and reference lines. */
export function drawn({ id, x, y, series, facet, marks, rules }: PlotSpec): string {
  const axis = ({ column, scale }: PlotSpec["x"]) => scale ? `${column} (${scale})` : column;
  return [
    `${id}: ${axis(y)} over ${axis(x)}`,
    ...(series ? [`by ${series}`] : []),
    ...(facet ? [`in panels by ${facet}`] : []),
    marks.join(" and "),
    ...(rules ?? []).map(({ y, label }) => `${label} at ${y}`),
  ].join(", ");
}

/** Every cell and verdict of tables follows from their published scores, by the queries that the site prints. */
export async function assertFollows(tables: ReadonlyMap<string, { summary: Summary }>) {
  const all = [...tables].map(([id, { summary }]) => [id, summary] as const);
  return await published(
    sourceOf(Object.fromEntries(all)),
    (_, database) => assertRecomputed(database),
  );
}
