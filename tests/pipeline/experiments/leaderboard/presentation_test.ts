/** @file How the tables of the leaderboard family are shown. */
import assert from "node:assert/strict";
import * as board from "../../../../pipeline/experiments/leaderboard/leaderboard.ts";
import * as filters from "../../../../pipeline/experiments/leaderboard/linear_filters.ts";
import * as parity from "../../../../pipeline/experiments/leaderboard/parity_by_length.ts";
import * as recall from "../../../../pipeline/experiments/leaderboard/recall_capacity.ts";
import { runsOf, type Table, tableOf } from "../grids.ts";
import { assertColumns, assertFollows } from "../presented.ts";
import { madeRun } from "./made_run.ts";

const tables = new Map<string, Table>();
for (const experiment of [board, parity, filters, recall]) {
  const made = runsOf(experiment, "standard").map(({ tags }) => madeRun(tags));
  tables.set(experiment.meta.id, await tableOf(experiment, made));
}

Deno.test("a column has the unit and direction that it has everywhere", () =>
  assertColumns(tables));

Deno.test("every cell and verdict follows from the published scores", async () => {
  const { cells, verdicts } = await assertFollows(tables);
  assert.ok(cells > 100 && verdicts >= 2, `${cells} cells, ${verdicts} verdicts`);
});
