/** @file Layers with and without negative eigenvalues: the pairs, the table from gaps made by hand, and the rule over pairs. */
import assert from "node:assert/strict";
import * as board from "../../../../pipeline/experiments/leaderboard/leaderboard.ts";
import * as experiment from "../../../../pipeline/experiments/leaderboard/negative_eigenvalues.ts";
import { entryOf } from "../../../../pipeline/experiments/leaderboard/shared/entries.ts";
import { taskIds } from "../../../../pipeline/experiments/leaderboard/shared/tasks.ts";
import { nameOf } from "../../../../pipeline/tags.ts";
import { close } from "../close.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";
import { madeRun } from "./made_run.ts";

const runs = runsOf(experiment, "standard");
const layers = [...new Set(runs.map(({ tags }) => tags.layer as string))];
const bases = layers.filter((id) => !id.endsWith("-negative"));

Deno.test("every pair is two layers of the leaderboard whose cells are those that stand there", () => {
  assert.equal(graphOf(experiment, "quick").later.get("negative-eigenvalues"), "standard");
  assert.ok(bases.length >= 12, `${bases.length} pairs`);
  assert.deepEqual(layers.toSorted(), bases.flatMap((id) => [id, `${id}-negative`]).toSorted());
  assert.equal(runs.length, layers.length * taskIds.length * 3);
  const there = new Map(runsOf(board, "standard").map(({ tags, job }) => [nameOf(tags), job]));
  for (const { tags, job } of runs) {
    const same = there.get(nameOf(tags));
    assert.deepEqual([same?.stage.name, same?.params], [job.stage.name, job.params]);
  }
});

Deno.test("the two of a pair differ in what lets their transitions below zero, and in nothing else", () => {
  for (const id of bases) {
    const { layer: { name, options } } = entryOf(id);
    const { layer: other } = entryOf(`${id}-negative`);
    if (other.name === name) {
      assert.deepEqual({ ...options, negative: true }, other.options, id);
      assert.notDeepEqual(options, other.options, id);
    } else {
      // The same file with signs; one of them counts its gates otherwise, see there.
      assert.equal(other.name, `${name}_signed`);
      const { gateNormaliser: _, ...rest } = other.options as Record<string, unknown>;
      assert.deepEqual(rest, options, id);
    }
  }
});

type Gap = (task: string, negative: boolean, pair: number, seed: number) => number;
const table = (gap: Gap) =>
  tableOf(
    experiment,
    runs.map(({ tags }) => {
      const { task, layer, seed } = tags as { task: string; layer: string; seed: number };
      const negative = layer.endsWith("-negative");
      const pair = bases.indexOf(layer.replace("-negative", ""));
      return madeRun(tags, gap(task, negative, pair, seed));
    }).toReversed(),
  );
/** On parity 30 points more, and a little for every pair and seed; the same elsewhere. */
const standard: Gap = (task, negative, pair, seed) =>
  0.4 + 0.01 * seed + (negative && task === "parity" ? 0.3 + 0.02 * seed + 0.001 * pair : 0);

Deno.test("a row is a layer: on each task without, with, and the difference of pairs", async () => {
  const made = await table(standard);
  assert.equal(made.names("layer").length, bases.length);
  assert.ok(made.names("layer").includes("DeltaProduct"), `${made.names("layer")}`);
  const row = { layer: entryOf(bases[2]).label };
  const value = (column: string) => made.cell(row, column);
  close(value("without_parity").value, 0.41);
  close(value("within_parity").value, 0.41 + 0.3 + 0.02 + 0.002);
  close(value("difference_parity").value, 0.322);
  assert.equal(value("difference_parity").n, 3);
  assert.ok(value("difference_parity").low! < 0.322 && value("difference_parity").high! > 0.322);
  close(value("difference_recall").value, 0);
  assert.deepEqual(
    made.summary.columns.map(({ id }) => id),
    [
      "layer",
      ...taskIds.flatMap((task) => ["without", "within", "difference"].map((w) => `${w}_${task}`)),
    ],
  );
  const points = (100 * (0.32 + 0.001 * (bases.length - 1) / 2)).toFixed(1);
  assert.ok(
    made.summary.findings[0].includes(
      `parity ${points} points (above 5 in ${bases.length}), automaton 0.0 points (above 5 in 0)`,
    ),
    made.summary.findings[0],
  );
});

Deno.test("supported where parity gains and nothing else loses, refuted by either, undecided where pairs differ", async () => {
  const changed = (task: string, by: number, some = bases.length) =>
    table((t, negative, pair, seed) =>
      standard(t, negative, pair, seed) + (t === task && negative && pair < some ? by : 0)
    );
  assert.equal((await table(standard)).outcome, "supported");
  assert.equal((await changed("parity", -0.31)).outcome, "refuted");
  // Five points less are allowed elsewhere.
  assert.equal((await changed("recall", -0.04)).outcome, "supported");
  assert.equal((await changed("recall", -0.06)).outcome, "refuted");
  assert.equal((await changed("filtering", -0.06)).outcome, "refuted");
  assert.equal((await changed("forecasting", -0.06)).outcome, "refuted");
  assert.equal((await changed("automaton", -0.4)).outcome, "supported");
  assert.equal((await changed("recall", -0.3, 3)).outcome, "undecided");
});

Deno.test("every cell and the verdict follow from the published scores", async () => {
  const { cells, verdicts } = await assertFollows(
    new Map([["negative-eigenvalues", await table(standard)]]),
  );
  assert.ok(cells >= 15 * bases.length && verdicts === 1, `${cells} cells, ${verdicts} verdicts`);
});
