/** @file A run that is missing or gave no number stops the table; it is never left out of a mean. */
import assert from "node:assert/strict";
import * as depth from "../../../pipeline/experiments/depth_scaling.ts";
import * as structures from "../../../pipeline/experiments/diagonal_vs_dense.ts";
import * as sweep from "../../../pipeline/experiments/eigenvalue_sweep.ts";
import * as leaderboard from "../../../pipeline/experiments/filter_leaderboard.ts";
import * as rollouts from "../../../pipeline/experiments/filter_rollouts.ts";
import * as size from "../../../pipeline/experiments/full_size.ts";
import * as norm from "../../../pipeline/experiments/instance_norm.ts";
import * as dimension from "../../../pipeline/experiments/observation_dimension.ts";
import * as patching from "../../../pipeline/experiments/patching.ts";
import { type Experiment, runsOf, tableOf } from "./grids.ts";
import { type Kind, madeTable } from "./made_scores.ts";

const same = (a: Kind, b: Kind) => JSON.stringify(a) === JSON.stringify(b);

for (
  const experiment of [sweep, leaderboard, rollouts, structures, patching, dimension, size, norm]
) {
  const { id } = experiment.meta;
  Deno.test(`${id} does without none of its runs`, async () => {
    const { kinds } = await madeTable(experiment, {}, "smoke");
    for (const [name, missing] of kinds) {
      const making = { keep: (kind: Kind) => !same(kind, missing) };
      await assert.rejects(madeTable(experiment, making, "smoke"), name);
    }
  });

  Deno.test(`${id} refuses a score that is no number`, async () => {
    const { kinds } = await madeTable(experiment, {}, "smoke");
    for (const [name, diverged] of kinds) {
      if (diverged.what === "model") continue;
      const score = (kind: Kind) =>
        same({ ...kind, model: diverged.model }, diverged) ? NaN : undefined;
      await assert.rejects(
        madeTable(experiment, { score }, "smoke"),
        /expected finite numbers/,
        name,
      );
    }
  });
}

Deno.test("depth-scaling refuses an error that is no number, and a setting without least squares", async () => {
  const scores = (mse: number) => ({ test: { mse, mae: 1, windows: 1 }, blocks: [], fit: {} });
  const runs = runsOf(depth as Experiment, "smoke");
  const table = (mse: (model: string) => number, kept = runs) =>
    tableOf(
      depth as Experiment,
      Object.fromEntries(kept.map(([name, { params }]) => [name, {
        scores: scores(mse((params as { model: string }).model)),
      }])),
    );
  for (const diverged of ["ols", "ols_in", "deep_linear"]) {
    await assert.rejects(table((model) => model === diverged ? NaN : 1), /mse\.value is null/);
  }
  const others = runs.filter(([, { params }]) => (params as { model: string }).model !== "ols");
  await assert.rejects(table(() => 1, others));
});
