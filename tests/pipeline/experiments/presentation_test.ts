/** @file How the tables of all experiments are shown: the unit and direction of every column, and what the plots draw. */
import assert from "node:assert/strict";
import { assertRecomputed, published, sourceOf } from "../publish/recomputed.ts";
import * as etth1 from "../../../pipeline/experiments/deep_linear_networks/depth_scaling_etth1.ts";
import * as depth from "../../../pipeline/experiments/deep_linear_networks/depth_scaling.ts";
import * as structures from "../../../pipeline/experiments/transformer_filters/diagonal_vs_dense.ts";
import * as board from "../../../pipeline/experiments/leaderboard/leaderboard.ts";
import * as boardEtth1 from "../../../pipeline/experiments/leaderboard/leaderboard_etth1.ts";
import * as filters from "../../../pipeline/experiments/leaderboard/linear_filters.ts";
import * as parity from "../../../pipeline/experiments/leaderboard/parity_by_length.ts";
import * as recall from "../../../pipeline/experiments/leaderboard/recall_capacity.ts";
import * as sweep from "../../../pipeline/experiments/transformer_filters/eigenvalue_sweep.ts";
import * as leaderboard from "../../../pipeline/experiments/transformer_filters/filter_leaderboard.ts";
import * as rollouts from "../../../pipeline/experiments/transformer_filters/filter_rollouts.ts";
import * as size from "../../../pipeline/experiments/transformer_filters/full_size.ts";
import * as norm from "../../../pipeline/experiments/transformer_filters/instance_norm.ts";
import * as dimension from "../../../pipeline/experiments/transformer_filters/observation_dimension.ts";
import * as patching from "../../../pipeline/experiments/transformer_filters/patching.ts";
import * as variances from "../../../pipeline/experiments/transformer_filters/variances.ts";
import type { PlotSpec } from "../../../pipeline/results.ts";
import { plan, runsOf, type Table, tableOf } from "./grids.ts";
import { madeRun } from "./leaderboard/made_run.ts";
import { horizons, type Kind, madeTable } from "./transformer_filters/made_scores.ts";

/** A few of the settings. */
const few = { keep: ({ lambda }: Kind) => lambda === 0.9 || lambda === 0.92 };

const filtering = [
  ...[sweep, leaderboard, rollouts, structures, patching, dimension, size, norm, variances],
];
const tables = new Map<string, Table>();
for (const experiment of filtering) {
  const profile = experiment === size ? "paper" : "standard";
  tables.set(experiment.meta.id, (await madeTable(experiment, few, profile)).table);
}
const scores = { test: { mse: 1, mae: 1, windows: 1 }, blocks: [1, 2], fit: { excess: 0 } };
for (const [experiment, profile] of [[depth, "smoke"], [etth1, "standard"]] as const) {
  const made = runsOf(experiment, profile).map(({ tags }) => ({ tags, scores }));
  tables.set(experiment.meta.id, await tableOf(experiment, made));
}
for (const experiment of [board, boardEtth1, parity, filters, recall]) {
  const made = runsOf(experiment, "standard").map(({ tags }) => madeRun(tags));
  tables.set(experiment.meta.id, await tableOf(experiment, made));
}

Deno.test("no experiment is forgotten here", () => {
  assert.deepEqual([...tables.keys()].sort(), plan.experiments.map(({ meta }) => meta.id).sort());
});

Deno.test("a column is written in the same unit, and read in the same direction, everywhere", () => {
  const gaps = ["filtering", "forecasting", "parity", "recall"].map((task) => `gap_${task}`);
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
      assert.equal(column.format, format[column.id], where);
      if (
        column.id === "seconds" || experiment.startsWith("depth-scaling") && column.id === "excess"
      ) {
        continue;
      }
      const better = lower.includes(column.id)
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
});

/** "y over x, by series, in panels by facet: marks", with scales and reference lines. */
function drawn({ id, x, y, series, facet, marks, rules }: PlotSpec): string {
  const axis = ({ column, scale }: PlotSpec["x"]) => scale ? `${column} (${scale})` : column;
  return [
    `${id}: ${axis(y)} over ${axis(x)}`,
    ...(series ? [`by ${series}`] : []),
    ...(facet ? [`in panels by ${facet}`] : []),
    marks.join(" and "),
    ...(rules ?? []).map(({ y, label }) => `${label} at ${y}`),
  ].join(", ");
}

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
  for (const id of ["depth-scaling", "depth-scaling-etth1"]) {
    assert.deepEqual(plots(id), ["mse: mse over setting (band), by model, dot and interval"]);
  }
});

Deno.test("where systems are few the plots say so and have no intervals", async () => {
  const { table } = await madeTable(sweep, few, "quick");
  for (const { marks, caption } of table.summary.plots) {
    assert.deepEqual(marks, ["line", "dot"]);
    assert.match(caption, /Means of 2 systems, an illustration/);
  }
});

Deno.test("every cell and verdict follows from the published scores, by the queries that the site prints", async () => {
  // The larger tables have the same columns.
  const all = [...tables].map(([id, { summary }]) => [id, summary] as const)
    .filter(([, { rows }]) => rows.length <= 40);
  assert.ok(all.length >= 7, all.map(([id]) => id).join());
  const source = sourceOf(Object.fromEntries(all));
  const { cells, verdicts } = await published(source, (_, file) => assertRecomputed(file));
  assert.ok(cells > 300 && verdicts >= 3, `${cells} cells, ${verdicts} verdicts`);
});
