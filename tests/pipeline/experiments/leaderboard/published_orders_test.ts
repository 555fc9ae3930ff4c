/** @file Published differences: the pairs, the grid, the table from scores made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/leaderboard/published_orders.ts";
import {
  pairsOf,
  published,
} from "../../../../pipeline/experiments/leaderboard/shared/published.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import { close } from "../close.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";
import { madeRun } from "./made_run.ts";

const path = "pipeline/experiments/leaderboard/published_orders.ts";
const runs = runsOf(experiment, "standard");

Deno.test("pairs are those that differ by a fifth and more, each once, the better one first", () => {
  const made = pairsOf({
    ...{ id: "t", label: "", source: "", metric: "" },
    scores: { a: 0.5, b: 0.75, c: 0.6, d: 0.3 },
  });
  assert.deepEqual(made.map(({ better, worse }) => better + worse), ["bd", "cd", "ba", "ad"]);
  close(made[0].published, 0.45);
  const counts = published.map((of) => pairsOf(of).length);
  // Three that solve parity against four that do not; and so on.
  assert.deepEqual(counts, [12, 5, 3, 5, 3]);
});

Deno.test(`the grid of ${path}: every published layer, eight seeds, rates found, no seed that tunes`, () => {
  assert.equal(graphOf(experiment, "quick").later.get("published-orders"), "standard");
  const cells = new Map<string, number[]>();
  for (const { tags, job } of runs.filter(({ tags }) => tags.result === "training")) {
    const { seeds, layers } = job.params as Train;
    assert.equal(layers.length, 2);
    cells.set(`${tags.task} ${tags.layer}`, seeds.map(({ initialisation }) => initialisation));
    const tuned = (job.inputs.tuned as JobNode).params as Train;
    assert.ok(tuned.seeds.every(({ data }) => seeds.every((one) => one.data !== data)));
  }
  const all = published.flatMap(({ id, scores }) =>
    Object.keys(scores).map((one) => `${id} ${one}`)
  );
  assert.deepEqual([...cells.keys()], all);
  for (const seeds of cells.values()) assert.deepEqual(seeds, [1, 2, 3, 4, 5, 6, 7, 8]);
  const tasks = new Map(
    runs.map(({ tags, job }) => [tags.task, (job.params as Train).task.name]),
  );
  assert.deepEqual([...tasks.values()], [
    ...["automaton_at_end", "automaton_at_end", "selective_copying", "recall", "induction"],
  ]);
});

type Score = (task: string, layer: string, seed: number) => number;
/** As published. */
const same: Score = (task, layer) => published.find(({ id }) => id === task)!.scores[layer];
const table = (score: Score = same) =>
  tableOf(
    experiment,
    runs.map(({ tags }) => {
      const { task, layer, seed } = tags as Record<string, never>;
      return madeRun(tags, score(task, layer, seed));
    }).toReversed(),
  );

Deno.test("a row is a pair: published beside ours, the best of three seeds, the median of all", async () => {
  const made = await table((task, layer, seed) =>
    same(task, layer, seed) - Math.abs(seed - 2) / 10
  );
  assert.equal(made.summary.rows.length, 28);
  const own = { task: "parity", better: "DeltaNet [-1, 1]", worse: "DeltaNet" };
  assert.equal(made.row(own).published, 0.983);
  close(made.cell(own, "ours").value, 0.983);
  assert.equal(made.row(own).order, "as published");
  close(made.cell(own, "best_better").value, 1);
  // 1 less .1, 0, .1, .2, .3, .4, .5, .6
  close(made.cell(own, "median_better").value, 0.75);
  close(made.cell(own, "rate_worse").value, 2 ** -8);
  const copied = { task: "selective copying", better: "Mamba", worse: "S4" };
  close(made.cell(copied, "ours").value, 0.815); // accuracies, 1 - loss
  assert.match(
    made.summary.findings[0],
    /^Of 28 .* 28 have the same sign here, 0 the other, 0 are/,
  );
  assert.match(made.summary.findings[1], /^Parity: the mean difference is 96\.\d %, published 96/);
});

Deno.test("supported as published, refuted where more than a quarter is reversed, undecided where nothing is learned or seeds differ", async () => {
  assert.equal((await table()).outcome, "supported");
  const none = await table(() => 0.1);
  assert.equal(none.outcome, "undecided");
  assert.deepEqual(none.names("order"), ["undecided"]);
  const reversed = await table((...of) => -same(...of));
  assert.equal(reversed.outcome, "refuted");
  assert.deepEqual(reversed.names("order"), ["reversed"]);
  const half = await table((task, layer, seed) => seed % 2 ? same(task, layer, seed) : 0);
  assert.equal(half.outcome, "undecided");
  // A difference of .1 and less takes no side.
  assert.equal((await table((...of) => same(...of) / 10)).outcome, "undecided");
  assert.equal((await table((...of) => same(...of) / 1.7)).outcome, "supported");
  // Reversed: the 5 of arithmetic and 3 of induction are 8 of 28, the 5 alone fewer than a quarter.
  const without = (...tasks: string[]) =>
    table((...of) => (tasks.includes(of[0]) ? -1 : 1) * same(...of));
  assert.equal((await without("arithmetic-at-end", "induction")).outcome, "refuted");
  assert.equal((await without("arithmetic-at-end")).outcome, "supported");
});

Deno.test("every cell and the verdict follow from the published scores", async () => {
  const made = await table((task, layer, seed) => same(task, layer, seed) * (1 + seed / 50));
  const { cells, verdicts } = await assertFollows(new Map([["published-orders", made]]));
  assert.ok(cells >= 190 && verdicts === 1, `${cells} cells, ${verdicts} verdicts`);
});
