/** @file A run that is missing or gave no number stops the table; it is never left out of a mean. */
import assert from "node:assert/strict";
import * as depth from "../../../pipeline/experiments/deep_linear_networks/depth_scaling.ts";
import * as structures from "../../../pipeline/experiments/transformer_filters/diagonal_vs_dense.ts";
import * as sweep from "../../../pipeline/experiments/transformer_filters/eigenvalue_sweep.ts";
import * as leaderboard from "../../../pipeline/experiments/transformer_filters/filter_leaderboard.ts";
import * as rollouts from "../../../pipeline/experiments/transformer_filters/filter_rollouts.ts";
import * as size from "../../../pipeline/experiments/transformer_filters/full_size.ts";
import * as norm from "../../../pipeline/experiments/transformer_filters/instance_norm.ts";
import * as dimension from "../../../pipeline/experiments/transformer_filters/observation_dimension.ts";
import * as patching from "../../../pipeline/experiments/transformer_filters/patching.ts";
import * as variances from "../../../pipeline/experiments/transformer_filters/variances.ts";
import type { JobNode } from "../../../pipeline/graph.ts";
import { forecastOf } from "./deep_linear_networks/forecast_of.ts";
import { runsOf, tableOf } from "./grids.ts";
import { type Kind, madeTable } from "./transformer_filters/made_scores.ts";

const same = (a: Kind, b: Kind) => JSON.stringify(a) === JSON.stringify(b);

for (
  const experiment of [
    ...[sweep, leaderboard, rollouts, structures, patching, dimension, size, norm, variances],
  ]
) {
  const { id, from = "smoke" } = experiment.meta;
  Deno.test(`${id} does without none of its runs`, async () => {
    const { kinds } = await madeTable(experiment, {}, from);
    for (const [name, missing] of kinds) {
      const making = { keep: (kind: Kind) => !same(kind, missing) };
      await assert.rejects(madeTable(experiment, making, from), name);
    }
  });

  Deno.test(`${id} refuses a score that is no number`, async () => {
    const { kinds } = await madeTable(experiment, {}, from);
    for (const [name, diverged] of kinds) {
      if (diverged.what === "model") continue;
      const score = (kind: Kind) =>
        same({ ...kind, model: diverged.model }, diverged) ? NaN : undefined;
      await assert.rejects(
        madeTable(experiment, { score }, from),
        /expected finite numbers/,
        name,
      );
    }
  });
}

Deno.test("depth-scaling refuses an error that is no number, and a setting without least squares", async () => {
  const model = (job: JobNode) => forecastOf(job).model;
  const table = (mse: (model: string) => number, left = "") =>
    tableOf(
      depth,
      runsOf(depth, "smoke").filter(({ job }) => model(job) !== left).map(({ tags, job }) => {
        const test = { mse: mse(model(job)), mae: 1, windows: 1 };
        return { tags, scores: { test, blocks: [], fit: {} } };
      }),
    );
  for (const diverged of ["ols", "ols_in", "deep_linear"]) {
    await assert.rejects(table((model) => model === diverged ? NaN : 1), /mse\.value is null/);
  }
  for (const left of ["repeat_last", "seasonal_naive", "ols", "ols_in"]) {
    await assert.rejects(table(() => 1, left), /No run has .*model=/, left);
  }
});
