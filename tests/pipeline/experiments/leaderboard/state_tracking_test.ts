/** @file Following automata: the grid, the table from gaps made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/leaderboard/state_tracking.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params as Evaluate } from "../../../../pipeline/stages/evaluate.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import { close } from "../close.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";
import { madeRun } from "./made_run.ts";

const path = "pipeline/experiments/leaderboard/state_tracking.ts";
const tasks = ["s3-swaps", "s3", "a5", "circle", "arithmetic"];
const judged = ["deltanet", "deltanet-negative"];
const runs = runsOf(experiment, "standard");

Deno.test(`the grid of ${path}: six seeds of what is judged, three of the rest, rates found, no seed that was looked at`, () => {
  assert.equal(graphOf(experiment, "quick").later.get("state-tracking"), "standard");
  assert.equal(runs.length, 2 * ((2 * 6 + 4 * 3) + 4 * 3 * 3));
  for (const { tags, job } of runs.filter(({ tags }) => tags.result === "training")) {
    const { task, seeds, layers, steps } = job.params as Train;
    assert.equal(steps, tags.task === "s3-swaps" ? 1000 : 600);
    assert.equal(task.name, "automaton");
    assert.deepEqual([task.options.minimum, task.options.maximum], [3, 40]);
    const isJudged = judged.includes(tags.layer as string) && tags.task === "s3-swaps";
    assert.equal(seeds.length, isJudged ? 6 : 3);
    assert.ok(tags.seed !== 0 && seeds.every(({ data }) => data !== 1000));
    assert.equal(layers.length, 2);
    assert.equal((job.inputs.tuned as JobNode).stage.name, "tune");
    const tuned = (job.inputs.tuned as JobNode).params as Train;
    assert.ok(
      tuned.seeds.every(({ initialisation, data }) =>
        seeds.every((own) => own.initialisation !== initialisation && own.data !== data)
      ),
    );
  }
  const negative = (tags: { layer?: unknown }) =>
    (runs.find((run) => run.tags.layer === tags.layer)!.job.params as Train).layers
      .map(({ options }) => options.negative);
  assert.deepEqual([{ layer: judged[0] }, { layer: judged[1] }].map(negative), [
    [false, false],
    [true, true],
  ]);
});

Deno.test("scored is what lies beyond the lengths of training, on test data of no training step", () => {
  for (const { tags, job } of runs.filter(({ tags }) => tags.result === "score")) {
    const { protocol, task, index } = job.params as Evaluate;
    assert.deepEqual(protocol, { from: 41, to: 256 });
    assert.equal(task.options.length, 256);
    assert.equal(index, (tags.seed as number) - 1);
    const { seeds } = (job.inputs.model as JobNode).params as Train;
    const made = (job.inputs.data as JobNode).params as { task: unknown; data: number };
    assert.deepEqual(made.task, task);
    assert.ok(seeds.every(({ data }) => data !== made.data));
  }
});

type Gap = (task: string, layer: string, seed: number) => number;
const standard: Gap = (task, layer, seed) =>
  (layer === "deltanet-negative" ? 0.5 : layer === "lstm" ? 0.9 : 0.1) + seed / 100 +
  tasks.indexOf(task) / 10;
const table = (gap: Gap) =>
  tableOf(
    experiment,
    runs.map(({ tags }) => {
      const { task, layer, seed } = tags as { task: string; layer: string; seed: number };
      return madeRun(tags, gap(task, layer, seed));
    }).toReversed(),
  );

Deno.test("a row is a layer: gaps of its own tasks and seeds, and of one DeltaNet the pairs with the other", async () => {
  const made = await table(standard);
  assert.equal(made.names("layer").length, 6);
  close(made.cell({ layer: "LSTM" }, "gap_a5").value, 1.12); // seeds 1 to 3
  const own = made.cell({ layer: "DeltaNet [-1, 1]" }, "gap_s3_swaps");
  close(own.value, 0.535); // seeds 1 to 6
  assert.deepEqual([own.n, made.cell({ layer: "LSTM" }, "gap_s3_swaps").n], [6, 3]);
  assert.equal(made.cell({ layer: "DeltaNet" }, "gap_s3").n, 3);
  close(made.cell({ layer: "DeltaNet [-1, 1]" }, "over_arithmetic").value, 0.4);
  assert.equal("over_s3" in made.row({ layer: "DeltaNet" }), false);
  for (const none of ["gap_s3", "rate_a5"]) {
    assert.equal(none in made.row({ layer: "GRU" }), false);
    assert.equal(none in made.row({ layer: "LSTM" }), true);
  }
  close(made.cell({ layer: "GRU" }, "rate_s3_swaps").value, 2 ** -8);
  const gap = made.summary.columns.find(({ id }) => id === "gap_s3_swaps")!;
  assert.deepEqual([gap.format, gap.better], ["percent", "higher"]);
  const over = made.summary.columns.find(({ id }) => id === "over_s3_swaps")!;
  assert.deepEqual([over.format, over.better], ["percent", undefined]);
  assert.match(made.summary.findings[0], /^Gap closed of S3 by swaps .*LSTM 92\.0 %/);
  assert.doesNotMatch(made.summary.findings[1], /GRU/);
  assert.deepEqual(made.summary.plots!.map(({ id }) => id), tasks);
});

Deno.test("supported, refuted where the difference is below the margin, undecided where seeds differ", async () => {
  assert.equal((await table(standard)).outcome, "supported");
  const lower = (by: number, seeds = 6) =>
    table((task, layer, seed) =>
      standard(task, layer, seed) -
      (task === "s3-swaps" && layer === "deltanet-negative" && seed <= seeds ? by : 0)
    );
  // The difference is 40 points, the margin 20.
  assert.equal((await lower(0.19)).outcome, "supported");
  assert.equal((await lower(0.21)).outcome, "refuted");
  assert.equal((await lower(0.7)).outcome, "refuted");
  assert.equal((await lower(0.7, 4)).outcome, "undecided");
  // What is not judged changes nothing.
  const others = await table((task, layer, seed) =>
    judged.includes(layer) && task === "s3-swaps" ? standard(task, layer, seed) : 0
  );
  assert.equal(others.outcome, "supported");
});

Deno.test("every cell and the verdict follow from the published scores", async () => {
  const tables = new Map([["state-tracking", await table(standard)]]);
  const { cells, verdicts } = await assertFollows(tables);
  assert.ok(cells > 30 && verdicts === 1, `${cells} cells, ${verdicts} verdicts`);
});
