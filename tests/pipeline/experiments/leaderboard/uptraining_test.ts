/** @file A Transformer made linear: the grid, the table from gaps made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/leaderboard/uptraining.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params as Evaluate } from "../../../../pipeline/stages/evaluate.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import { close } from "../close.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";

const path = "pipeline/experiments/leaderboard/uptraining.ts";
const runs = runsOf(experiment, "standard");
const models = ["transformer", "uptrained", "scratch", "short"];
const trainingOf = (model: string) =>
  runs.find(({ tags }) => tags.model === model && tags.result === "training")!.job;
const paramsOf = (job: unknown) => (job as JobNode).params as Train;

Deno.test(`the grid of ${path}: going on has a tenth of the steps, the Transformer's models and the rate of its own layer`, () => {
  assert.equal(graphOf(experiment, "quick").later.get("uptraining"), "standard");
  assert.equal(runs.length, models.length * 8 * 2);
  const [transformer, uptrained, scratch, short] = models.map(trainingOf);
  assert.deepEqual(
    [transformer, uptrained, scratch, short].map(({ stage }) => stage.name),
    ["train", "uptrain", "train", "train"],
  );
  assert.equal(uptrained.inputs.model, transformer);
  assert.deepEqual([transformer, uptrained, scratch, short].map((job) => paramsOf(job).steps), [
    600,
    60,
    600,
    60,
  ]);
  for (const job of [uptrained, scratch, short]) {
    assert.deepEqual(paramsOf(job).layers.map(({ name }) => name), ["supra", "supra"]);
    assert.equal(job.inputs.tuned, scratch.inputs.tuned);
    assert.deepEqual(paramsOf(job).model, paramsOf(transformer).model);
    assert.deepEqual(paramsOf(job).seeds, paramsOf(transformer).seeds);
    assert.ok(paramsOf(job).warmup < paramsOf(job).steps);
  }
  assert.notEqual(transformer.inputs.tuned, scratch.inputs.tuned);
  for (const job of [transformer, scratch]) {
    const { seeds, layers } = paramsOf(job.inputs.tuned);
    assert.deepEqual(layers, paramsOf(job).layers);
    const own = paramsOf(job).seeds;
    for (const part of ["instance", "initialisation", "data"] as const) {
      assert.ok(own.every((seed) => seed[part] !== seeds[0][part]), part);
    }
  }
});

Deno.test("a seed is scored on its own system by its own model, on data of no training step", () => {
  for (const { tags, job } of runs.filter(({ tags }) => tags.result === "score")) {
    const { instance, index, layers } = job.params as Evaluate;
    const trained = job.inputs.model as JobNode;
    assert.equal(trained, trainingOf(tags.model as string));
    assert.deepEqual(layers, paramsOf(trained).layers);
    const { seeds } = paramsOf(trained);
    assert.deepEqual([instance, seeds[index].instance], [tags.seed, tags.seed]);
    const made = (job.inputs.data as JobNode).params as { instance: number; data: number };
    assert.equal(made.instance, tags.seed);
    assert.ok(seeds.every(({ data }) => data !== made.data));
  }
});

type Gap = (model: string, seed: number) => number;
const standard: Gap = (model, seed) =>
  ({ transformer: 0.8, uptrained: 0.7, scratch: 0.6, short: 0.3 })[model]! + seed / 100;
const table = (gap: Gap) =>
  tableOf(
    experiment,
    runs.map(({ tags }) => {
      const { model, seed, result } = tags as { model: string; seed: number; result: string };
      const gapClosed = gap(model, seed);
      const scalars: Record<string, number> = result === "training"
        ? { learningRate: 2 ** -7, steps: model === "short" ? 60 : 600 }
        : { gapClosed, loss: 1 - gapClosed, floor: 1, optimum: 0 };
      return { tags, scalars };
    }).toReversed(),
  );

Deno.test("a row is a model: its gap, what it closes more than the linear one from nothing, steps and rate", async () => {
  const made = await table(standard);
  assert.deepEqual(made.names("model"), [
    "Transformer",
    "SUPRA, from the Transformer",
    "SUPRA, from nothing, all steps",
    "SUPRA, from nothing, as few steps",
  ]);
  const from = { model: "SUPRA, from the Transformer" };
  close(made.cell(from, "gap_closed").value, 0.735);
  close(made.cell(from, "difference").value, 0.1);
  assert.equal(made.cell(from, "difference").n, 8);
  close(made.cell({ model: "SUPRA, from nothing, as few steps" }, "difference").value, -0.3);
  assert.equal("difference" in made.row({ model: "SUPRA, from nothing, all steps" }), false);
  assert.equal(made.cell({ model: "SUPRA, from nothing, as few steps" }, "steps").value, 60);
  close(made.cell(from, "learning_rate").value, 2 ** -7);
  const column = (name: string) => made.summary.columns.find(({ id }) => id === name)!;
  assert.deepEqual([column("gap_closed").format, column("gap_closed").better], [
    "percent",
    "higher",
  ]);
  assert.equal(column("difference").better, undefined);
  assert.match(made.summary.findings[0], /Transformer 83\.5 %.*\(8 systems\)\.$/);
});

Deno.test("supported where both differences hold, refuted where one is reversed, undecided where systems differ", async () => {
  const changed = (by: number, model = "uptrained", systems = 8) =>
    table((m, seed) => standard(m, seed) + (m === model && seed < systems ? by : 0));
  assert.equal((await table(standard)).outcome, "supported");
  // 10 points above the model from nothing, 5 below are allowed.
  assert.equal((await changed(-0.14)).outcome, "supported");
  assert.equal((await changed(-0.16)).outcome, "refuted");
  assert.equal((await changed(-0.16, "uptrained", 4)).outcome, "undecided");
  // As few steps from nothing do as well.
  assert.equal((await changed(0.41, "short")).outcome, "refuted");
  assert.equal((await changed(0.8, "short", 4)).outcome, "undecided");
  // The Transformer itself is not judged.
  assert.equal((await changed(-2, "transformer")).outcome, "supported");
});

Deno.test("every cell and the verdict follow from the published scores", async () => {
  const { cells, verdicts } = await assertFollows(new Map([["uptraining", await table(standard)]]));
  assert.ok(cells >= 6 && verdicts === 1, `${cells} cells, ${verdicts} verdicts`);
});
