/** @file How the tables on filtering are shown: the unit and direction of every column, and what the plots draw. */
import assert from "node:assert/strict";
import * as structures from "../../../../pipeline/experiments/transformer_filters/diagonal_vs_dense.ts";
import * as sweep from "../../../../pipeline/experiments/transformer_filters/eigenvalue_sweep.ts";
import * as leaderboard from "../../../../pipeline/experiments/transformer_filters/filter_leaderboard.ts";
import * as rollouts from "../../../../pipeline/experiments/transformer_filters/filter_rollouts.ts";
import * as size from "../../../../pipeline/experiments/transformer_filters/full_size.ts";
import * as norm from "../../../../pipeline/experiments/transformer_filters/instance_norm.ts";
import * as dimension from "../../../../pipeline/experiments/transformer_filters/observation_dimension.ts";
import * as patching from "../../../../pipeline/experiments/transformer_filters/patching.ts";
import * as variances from "../../../../pipeline/experiments/transformer_filters/variances.ts";
import type { Table } from "../grids.ts";
import { assertColumns, assertFollows, drawn } from "../presented.ts";
import { type Kind, madeTable } from "./made_scores.ts";

/** A few of the settings. */
const few = { keep: ({ lambda }: Kind) => lambda === 0.9 || lambda === 0.92 };

const tables = new Map<string, Table>();
for (
  const experiment of [
    ...[sweep, leaderboard, rollouts, structures, patching, dimension, size, norm, variances],
  ]
) {
  const profile = experiment === size ? "paper" : "standard";
  tables.set(experiment.meta.id, (await madeTable(experiment, few, profile)).table);
}

Deno.test("a column has the unit and direction that it has everywhere", () =>
  assertColumns(tables));

Deno.test("plots draw what their titles say", () => {
  const plots = (id: string) => tables.get(id)!.summary.plots.map(drawn);
  const intervals = "line and dot and interval";
  assert.deepEqual(plots("eigenvalue-sweep"), [
    `gap-closed: gap_closed over lambda (band), by predictor, ${intervals}, Kalman filter at 1`,
    `ratio: ratio over lambda (band), by predictor, ${intervals}, Kalman filter at 1`,
  ]);
  assert.deepEqual(plots("filter-leaderboard"), [
    "excess: excess (log) over lambda (band), by predictor, line and dot",
    `gap-closed: gap_closed over lambda (band), by predictor, ${intervals}, Kalman filter at 1`,
  ]);
  assert.deepEqual(plots("filter-rollouts"), [
    "error: error over horizon (log), by predictor, in panels by lambda, line and dot",
    "ratio: ratio over horizon (log), by predictor, in panels by lambda, line and dot, Kalman filter at 1",
  ]);
  assert.deepEqual(plots("diagonal-vs-dense"), [
    `gap-closed: gap_closed over lambda (band), by structure, ${intervals}`,
  ]);
  assert.deepEqual(plots("patching"), [
    `aligned-gap: aligned_gap over patch (log), by structure, in panels by lambda, ${intervals}`,
  ]);
  assert.deepEqual(plots("observation-dimension"), [
    `aligned-gap: aligned_gap over obs (log), by predictor, in panels by lambda, ${intervals}`,
  ]);
  assert.deepEqual(plots("full-size"), [
    "gap-closed: gap_closed over predictor (band), dot and interval",
  ]);
  assert.deepEqual(plots("variances"), []);
  assert.deepEqual(plots("instance-norm"), [
    "gap-closed: gap_closed over mode (band), by lambda, dot and interval",
  ]);
});

Deno.test("where systems are few the plots say so and have no intervals", async () => {
  const { table } = await madeTable(sweep, few, "quick");
  for (const { marks, caption } of table.summary.plots) {
    assert.deepEqual(marks, ["line", "dot"]);
    assert.match(caption, /Means of 2 systems, an illustration/);
  }
});

Deno.test("every cell and verdict follows from the published scores", async () => {
  // The larger tables have the same columns.
  const small = new Map([...tables].filter(([, { summary }]) => summary.rows.length <= 40));
  assert.ok(small.size >= 5, [...small.keys()].join());
  const { cells, verdicts } = await assertFollows(small);
  assert.ok(cells > 150 && verdicts >= 3, `${cells} cells, ${verdicts} verdicts`);
});
