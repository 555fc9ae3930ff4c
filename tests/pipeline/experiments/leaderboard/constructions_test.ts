/** @file Reflections that a group takes: the grid, the table from numbers made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/leaderboard/constructions.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params as Study } from "../../../../pipeline/stages/dynamics.ts";
import type { Params as Evaluate } from "../../../../pipeline/stages/evaluate.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { close } from "../close.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";
import { madeRun } from "./made_run.ts";

const path = "pipeline/experiments/leaderboard/constructions.ts";
const fewest: Record<string, number> = {
  ...{ parity: 1, z3: 2, z5: 2, s3: 2, s4: 2, a5: 2, s5: 4 },
};
const runs = runsOf(experiment, "standard");
const seeds = [20, 21, 22, 23, 24, 25, 26, 27, 28, 29];

Deno.test(`the grid of ${path}: seven groups by hand, three by training, rates found, ten seeds`, () => {
  assert.equal(graphOf(experiment, "quick").later.get("constructions"), "standard");
  const byHand = runs.filter(({ tags }) => tags.group !== undefined);
  assert.equal(byHand.length, 7 * seeds.length);
  for (const { tags, job } of byHand) {
    const { study, seed } = job.params as Study;
    assert.deepEqual([study.name, study.options, seed], [
      ...["group_words", { group: tags.group }, tags.seed],
    ]);
  }
  assert.deepEqual([...new Set(byHand.map(({ tags }) => tags.seed))], seeds);
  const cells = new Set<string>();
  for (const { tags, job } of runs.filter(({ tags }) => tags.result === "training")) {
    const { task, layers, steps, seeds: own, model } = job.params as Train;
    cells.add(`${tags.task} ${tags.factors}`);
    assert.deepEqual([steps, layers.length, layers[0].options.steps], [1600, 1, tags.factors]);
    assert.deepEqual([model.options.width, model.options.mlp], [32, false]);
    assert.equal(layers[0].options.negative, true);
    assert.deepEqual([task.options.minimum, task.options.maximum], [2, 12]);
    assert.deepEqual(own.map(({ initialisation }) => initialisation), seeds);
    const tuned = (job.inputs.tuned as JobNode).params as Train;
    assert.ok(tuned.seeds.every(({ data }) => own.every((one) => one.data !== data)));
  }
  assert.deepEqual([...cells], ["parity 1", "z3 1", "z3 2", "s3 1", "s3 2", "s3 3"]);
  for (const { job } of runs.filter(({ tags }) => tags.result === "score")) {
    const { protocol, task } = job.params as Evaluate;
    assert.deepEqual([protocol, task.options.length], [{ from: 13, to: 48 }, 48]);
  }
});

/** Of a seed by its place, from 1. */
type Gap = (task: string, factors: number, seed: number) => number;
const learned: Gap = (task, factors, seed) =>
  (task === "parity" || factors >= 2 ? 0.6 : 0.1) + seed / 100;
const table = (
  gap: Gap = learned,
  enough: (tags: Tags) => number = ({ group }) => fewest[String(group)],
) =>
  tableOf(
    experiment,
    runs.map(({ tags }) => {
      const { task, factors, seed, group } = tags as Record<string, never>;
      if (group === undefined) return madeRun(tags, gap(task, factors, seed - 19));
      const n = fewest[group];
      const followed = Object.fromEntries(
        [1, 2, 3, 4].map((tried) => [`followed ${tried}`, tried >= n ? 1 : tried / 10]),
      );
      return {
        tags,
        scores: {},
        scalars: { fewest: n, enough: enough(tags), distance: 0, ...followed },
      };
    }).toReversed(),
  );

Deno.test("a row is a group: by hand for all, by training with the factors that were tried", async () => {
  const made = await table();
  assert.deepEqual(made.names("words"), ["parity", "Z3", "Z5", "S3", "S4", "A5", "S5"]);
  close(made.cell({ words: "S5" }, "fewest").value, 4);
  close(made.cell({ words: "S5" }, "enough").value, 4);
  close(made.cell({ words: "S5" }, "followed_3").value, 0.3);
  close(made.cell({ words: "S3" }, "learned_2").value, 0.655);
  close(made.cell({ words: "S3" }, "learned_1").value, 0.155);
  close(made.cell({ words: "parity" }, "learned_1").value, 0.655);
  close(made.cell({ words: "Z3" }, "rate_2").value, 2 ** -8);
  assert.equal("learned_2" in made.row({ words: "parity" }), false);
  assert.equal("learned_1" in made.row({ words: "S5" }), false);
  const column = made.summary.columns.find(({ id }) => id === "learned_1")!;
  assert.deepEqual([column.format, column.better], ["percent", "higher"]);
  const [hand, ...trained] = made.summary.findings;
  assert.match(hand, /parity 1, Z3 2, Z5 2, S3 2, S4 2, A5 2, S5 4\./);
  assert.match(trained[2], /of S3 by training: 15\.5 % with 1 factor, 65\.5 % with 2 factors, 65/);
});

Deno.test("supported, refuted by either clause, undecided where seeds differ", async () => {
  assert.equal((await table()).outcome, "supported");
  const lower = (by: number, upTo = 10) =>
    table((task, factors, seed) =>
      learned(task, factors, seed) - (task === "s3" && factors === 2 && seed <= upTo ? by : 0)
    );
  // The difference is 50 points, the margin 20.
  assert.equal((await lower(0.29)).outcome, "supported");
  assert.equal((await lower(0.31)).outcome, "refuted");
  assert.equal((await lower(0.7, 4)).outcome, "undecided");
  const one = (seedsOff: number) =>
    table(
      learned,
      ({ group, seed }) =>
        fewest[String(group)] + Number(group === "a5" && Number(seed) - 19 <= seedsOff),
    );
  assert.equal((await one(10)).outcome, "refuted");
  assert.equal((await one(3)).outcome, "undecided");
  const other = await table((task, factors, seed) =>
    task === "s3" && factors < 3 ? learned(task, factors, seed) : 0
  );
  assert.equal(other.outcome, "supported");
});

Deno.test("every cell and the verdict follow from the published scores", async () => {
  const { cells, verdicts } = await assertFollows(new Map([["constructions", await table()]]));
  assert.ok(cells >= 54 && verdicts === 1, `${cells} cells, ${verdicts} verdicts`);
});
