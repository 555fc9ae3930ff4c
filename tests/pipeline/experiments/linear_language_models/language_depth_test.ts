/** @file Depth of models of language: the grid, the table from losses made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/linear_language_models/language_depth.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import type { Params as Tune } from "../../../../pipeline/stages/tune.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { close, madeRun } from "./made_language.ts";

/** As many as three clauses need to be refuted among many experiments. */
const seeds = [0, 1, 2, 3, 4, 5, 6, 7, 8];

const names = { e1: "e1", mamba2: "mamba2", transformer: "softmax_attention" };

Deno.test("the grid: stacks of 1, 4 and 16 layers of one size, on the same tokens, at rates that are found", () => {
  assert.equal(graphOf(experiment, "quick").later.get("language-depth"), "standard");
  const runs = runsOf(experiment, "standard");
  assert.equal(runs.length, 3 * 3 * seeds.length * 2);
  for (const { tags, job } of runs.filter(({ tags }) => tags.result === "training")) {
    const { model, layers, task, steps, batch } = job.params as Train;
    assert.deepEqual(model.options, { parameters: 65_536 });
    assert.deepEqual(
      layers.map(({ name }) => name),
      Array(tags.layers).fill(names[tags.kind as keyof typeof names]),
    );
    assert.deepEqual(task.options, { length: 32, tokens: 60_000 });
    assert.equal(steps, Math.ceil(3 * Math.floor(59_999 / 32) / batch));
    const { seeds: [other] } = (job.inputs.tuned as JobNode).params as Tune;
    assert.ok(!seeds.includes(other.initialisation));
  }
});

/** Losses that fall with depth, but for a change. */
const table = (change: (kind: string, layers: number, seed: number) => number = () => 0) =>
  tableOf(
    experiment,
    runsOf(experiment, "standard").map(({ tags }) => {
      const { kind, layers, seed } = tags as { kind: string; layers: number; seed: number };
      const made = madeRun(tags, 3 - layers / 100 + 0.1 * seed + change(kind, layers, seed));
      if (tags.result === "training") Object.assign(made.scalars!, { endParameters: 4 });
      return made;
    }).toReversed(),
  );

Deno.test("a row is a kind of layer and a depth: loss, what is over one layer, parameters without the ends", async () => {
  const made = await table((kind, layers) => kind === "mamba2" && layers === 16 ? -0.05 : 0);
  assert.equal(made.summary.rows.length, 9);
  const row = { model: "Mamba-2", layers: 16 };
  close(made.cell(row, "nats").value, 3.19);
  close(made.cell(row, "over_one").value, -0.2);
  close(made.cell(row, "parameters").value, 6);
  close(made.cell(row, "learning_rate").value, 0.25);
  close(made.cell(row, "edge").value, 1);
  assert.equal("over_one" in made.row({ ...row, layers: 1 }), false);
  assert.equal(made.summary.columns.find(({ id }) => id === "nats")!.better, "lower");
  assert.match(
    made.summary.findings[0],
    /65,536 parameters with 1, 4, 16 layers: E1 3\.390, 3\.360, 3\.240; Mamba-2 3\.390, 3\.360, 3\.190; Transformer 3\.390/,
  );
});

Deno.test("supported, refuted by each kind of layer, and undecided where seeds differ", async () => {
  assert.equal((await table()).outcome, "supported");
  for (const which of Object.keys(names)) {
    const at = (half: boolean) =>
      table((kind, layers, seed) =>
        kind === which && layers === 16 && !(half && seed % 2) ? 0.3 : 0
      );
    assert.equal((await at(false)).outcome, "refuted", which);
    assert.equal((await at(true)).outcome, "undecided", which);
  }
  // One layer is shown, not judged.
  assert.equal((await table((_, layers) => layers === 1 ? -1 : 0)).outcome, "supported");
});
