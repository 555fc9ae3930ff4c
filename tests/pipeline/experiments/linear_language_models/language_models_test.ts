/** @file Five models and counts on one text: the grid, the table from losses made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/linear_language_models/language_models.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params as Reference } from "../../../../pipeline/stages/reference.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { close, fewer as seeds, madeRun } from "./made_language.ts";

Deno.test("the grid: five models on the same tokens, at rates that are found, and counts of four orders", () => {
  assert.equal(graphOf(experiment, "quick").later.get("language-models"), "standard");
  const runs = runsOf(experiment, "standard");
  assert.equal(runs.length, 5 * seeds.length * 2 + 4);
  const trained = runs.filter(({ tags }) => tags.result === "training");
  for (const { job } of trained) {
    const { task, steps, batch, model, layers } = job.params as Train;
    assert.deepEqual([task.options, steps, batch], [{ length: 32, tokens: 120_000 }, 703, 16]);
    assert.equal((job.inputs.tuned as JobNode).stage.name, "tune");
    assert.deepEqual(model.options.width, model.name === "stack" ? 128 : 512);
    assert.equal(layers.length, model.name === "stack" ? 1 : 0);
  }
  assert.equal(new Set(trained.map(({ job }) => job)).size, 5);
  const orders = runs.filter(({ tags }) => tags.model === "counts").map(({ job }) => {
    const { task, reference } = job.params as Reference;
    assert.deepEqual(task.options, { length: 32, tokens: 120_000 });
    assert.equal(reference.name, "kneser_ney");
    return reference.options.order;
  });
  assert.deepEqual(orders, [5, 3, 2, 1]);
});

const usual: Record<string, number> = {
  ...{ transformer: 2, "masked-mixer": 2.2, relu: 2.5, "nearly-linear": 2.8, linear: 2.6 },
};

function table(change: (model: string, seed: number) => number = () => 0) {
  return tableOf(
    experiment,
    runsOf(experiment, "standard").map(({ tags }) => {
      const { model, seed, order } = tags as { model: string; seed: number; order: number };
      if (model === "counts") return madeRun(tags, 4 - order / 10);
      return madeRun(tags, usual[model] + change(model, seed));
    }).toReversed(),
  );
}

Deno.test("a row is a model: loss, at the first position and at the last ones", async () => {
  const made = await table((model, seed) => model === "relu" ? 0.1 * seed : 0);
  assert.equal(made.summary.rows.length, 9);
  const row = { model: "linear mixer with ReLU" };
  close(made.cell(row, "nats").value, 2.8);
  close(made.cell(row, "first").value, 3.8);
  close(made.cell(row, "last").value, 2.3);
  close(made.cell(row, "learning_rate").value, 0.25);
  const counts = { model: "Kneser-Ney, order 5" };
  close(made.cell(counts, "nats").value, 3.5);
  close(made.cell(counts, "first").value, 4.5);
  assert.equal("learning_rate" in made.row(counts), false);
  close(made.cell({ model: "frequencies" }, "nats").value, 3.9);
  assert.match(
    made.summary.findings[0],
    /Transformer 2\.000, masked mixer 2\.200, .* frequencies 3\.900\.$/,
  );
});

Deno.test("supported in the published order, refuted where a pair is reversed, undecided where seeds differ", async () => {
  assert.equal((await table()).outcome, "supported");
  for (
    const [worse, by] of [["masked-mixer", -0.3], ["relu", -0.4], ["nearly-linear", -0.4]] as const
  ) {
    const at = (by: number, half = false) =>
      table((model, seed) => model === worse && !(half && seed % 2) ? by : 0);
    assert.equal((await at(by)).outcome, "refuted", worse);
    assert.equal((await at(by, true)).outcome, "undecided", worse);
  }
  assert.equal((await table((model) => model === "linear" ? -2 : 0)).outcome, "supported");
});
