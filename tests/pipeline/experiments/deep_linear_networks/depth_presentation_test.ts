/** @file How the tables of deep linear forecasters are shown. */
import assert from "node:assert/strict";
import * as etth1 from "../../../../pipeline/experiments/deep_linear_networks/depth_scaling_etth1.ts";
import * as depth from "../../../../pipeline/experiments/deep_linear_networks/depth_scaling.ts";
import { runsOf, type Table, tableOf } from "../grids.ts";
import { assertColumns, assertFollows, drawn } from "../presented.ts";

const scores = { test: { mse: 1, mae: 1, windows: 1 }, blocks: [1, 2, 4], fit: { excess: 0 } };
const tables = new Map<string, Table>();
for (const [experiment, profile] of [[depth, "smoke"], [etth1, "standard"]] as const) {
  const made = runsOf(experiment, profile).map(({ tags }) => ({ tags, scores }));
  tables.set(experiment.meta.id, await tableOf(experiment, made));
}

Deno.test("a column has the unit and direction that it has everywhere", () =>
  assertColumns(tables));

Deno.test("plots draw what their titles say", () => {
  for (const [id, { summary: { plots } }] of tables) {
    assert.deepEqual(
      plots.map(drawn),
      ["mse: mse over setting (band), by model, dot and interval"],
      id,
    );
  }
});

Deno.test("every cell follows from the published scores", async () => {
  const { cells } = await assertFollows(tables);
  assert.ok(cells > 20, `${cells} cells`);
});
