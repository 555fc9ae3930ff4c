/** @file Streaming parity: the grid, the table from gaps made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/leaderboard/streaming_parity.ts";
import type { Params as Evaluate } from "../../../../pipeline/stages/evaluate.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import { close } from "../close.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";
import { madeRun } from "./made_run.ts";

const path = "pipeline/experiments/leaderboard/streaming_parity.ts";
const runs = runsOf(experiment, "standard");

Deno.test(`the grid of ${path}: five lengths of training, ten seeds in one program, scored far beyond`, () => {
  assert.equal(graphOf(experiment, "quick").later.get("streaming-parity"), "standard");
  const lengths = new Map<number, number[]>();
  for (const { tags, job } of runs) {
    const { task, model } = job.params as Train;
    assert.deepEqual(task, {
      name: "parity",
      options: { minimum: 1, maximum: tags.trained, length: 256 },
    });
    assert.equal(model.options.block, "bare");
    if (tags.result === "score") {
      assert.deepEqual((job.params as Evaluate).protocol, { from: 129, length: 256 });
    } else {
      const { seeds, steps, learningRate } = job.params as Train;
      assert.deepEqual([steps, learningRate], [1500, 1e-2]);
      lengths.set(tags.trained as number, seeds.map(({ initialisation }) => initialisation));
    }
  }
  assert.deepEqual([...lengths.keys()], [2, 3, 4, 6, 10]);
  for (const seeds of lengths.values()) {
    assert.deepEqual(seeds, [20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
  }
});

/** Of a seed by its place, from 1. */
type Gap = (trained: number, seed: number) => number;
const usual: Gap = (trained, seed) => (trained < 4 ? 0 : 0.9) + seed / 100;
const table = (gap: Gap = usual) =>
  tableOf(
    experiment,
    runs.map(({ tags }) => madeRun(tags, gap(Number(tags.trained), Number(tags.seed) - 19)))
      .toReversed(),
  );

Deno.test("a row is a length of training: the mean, and how many seeds follow", async () => {
  const made = await table((trained, seed) =>
    trained === 4 && seed < 3 ? 0.79 : usual(trained, seed)
  );
  assert.deepEqual(made.names("trained"), [2, 3, 4, 6, 10]);
  close(made.cell({ trained: 3 }, "gap").value, 0.055);
  close(made.cell({ trained: 10 }, "gap").value, 0.955);
  assert.equal(made.row({ trained: 4 }).follows, "8 of 10");
  assert.match(made.summary.findings[0], /5\.5 % after up to 2 bits \(0 of 10 seeds follow\), /);
});

Deno.test("supported, refuted by either clause, undecided where seeds differ", async () => {
  assert.equal((await table()).outcome, "supported");
  // The difference is 90 points, the margin 50.
  const lower = (by: number, upTo = 10) =>
    table((trained, seed) => usual(trained, seed) + (trained === 2 && seed <= upTo ? by : 0));
  assert.equal((await lower(0.15)).outcome, "supported");
  assert.equal((await lower(0.82)).outcome, "refuted");
  assert.equal((await lower(0.82, 4)).outcome, "undecided");
  // One of five lengths may be between, two may not.
  const some = (lengths: number[], upTo = 10) =>
    table((trained, seed) =>
      lengths.includes(trained) && seed <= upTo ? 0.5 : usual(trained, seed)
    );
  assert.equal((await some([4])).outcome, "supported");
  assert.equal((await some([4, 6])).outcome, "refuted");
  assert.equal((await some([3, 4, 6], 4)).outcome, "undecided");
});

Deno.test("every cell and the verdict follow from the published scores", async () => {
  const { cells, verdicts } = await assertFollows(new Map([["streaming-parity", await table()]]));
  assert.ok(cells >= 10 && verdicts === 1, `${cells} cells, ${verdicts} verdicts`);
});
