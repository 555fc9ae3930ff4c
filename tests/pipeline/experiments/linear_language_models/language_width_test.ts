/** @file Width of linear language models: the grid, the table from losses made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/linear_language_models/language_width.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params as Tokenize } from "../../../../pipeline/stages/tokenize.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import type { Params as Tune } from "../../../../pipeline/stages/tune.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { close, fresh as seeds, madeRun } from "./made_language.ts";

Deno.test("the grid: two mixers at three widths, at the published rate and at rates that are found on another seed", () => {
  assert.equal(graphOf(experiment, "quick").later.get("language-width"), "standard");
  const runs = runsOf(experiment, "standard");
  assert.equal(runs.length, 2 * 3 * 2 * seeds.length * 2);
  for (const { tags, job } of runs.filter(({ tags }) => tags.result === "training")) {
    const { model, seeds: trained, learningRate, task, steps, batch } = job.params as Train;
    assert.deepEqual(model.options, { width: tags.width, length: 32, kind: tags.kind });
    assert.deepEqual(task.options, { length: 32, tokens: 120_000 });
    // Three epochs of (120,000 - 1) / 32 sequences.
    assert.equal(steps, Math.ceil(3 * Math.floor(119_999 / 32) / batch));
    assert.deepEqual(trained.map(({ initialisation }) => initialisation), seeds);
    if (tags.rate === "fixed") {
      assert.deepEqual([learningRate, job.inputs.tuned], [5e-4, undefined]);
      continue;
    }
    const tuned = job.inputs.tuned as JobNode;
    const { rates, seeds: others, floor, rungs, moves } = tuned.params as Tune;
    assert.deepEqual(rates, [2e-3, 8e-3, 3.2e-2]);
    assert.deepEqual([floor, rungs, moves], [0.05, [120, 360], 3]);
    assert.ok(others.every(({ initialisation }) => !seeds.includes(initialisation)));
    assert.deepEqual([learningRate, tuned.inputs.data], [undefined, job.inputs.data]);
  }
  const tokens = runs[0].job.inputs.data as JobNode;
  assert.equal((tokens.params as Tokenize).vocabulary, 290);
  assert.equal(Object.keys(tokens.inputs).length, 78);
});

/** Losses with which the hypothesis holds, but for a change. */
function table(
  change: (kind: string, rate: string, width: number, seed: number) => number = () => 0,
) {
  const saved: Record<string, number> = {
    "linear fixed": 0.06,
    "linear found": 0.01,
    "relu found": 0.05,
  };
  return tableOf(
    experiment,
    runsOf(experiment, "standard").map(({ tags }) => {
      const { kind, rate, width, seed } = tags as {
        kind: string;
        rate: string;
        width: number;
        seed: number;
      };
      const slope = saved[`${kind} ${rate}`] ?? 0;
      const nats = 3 - slope * Math.log2(width) + 0.001 * seed;
      return madeRun(tags, nats + change(kind, rate, width, seed));
    }).toReversed(),
  );
}

Deno.test("a row is a mixer at a width and rate: loss, what a doubling saved, the rate", async () => {
  const made = await table();
  assert.equal(made.summary.rows.length, 12);
  const row = { model: "linear", setting: "fixed", width: 1024 };
  close(made.cell(row, "nats").value, 3 - 0.06 * 10 + 0.0245);
  close(made.cell(row, "saved").value, 0.06);
  close(made.cell({ ...row, width: 256 }, "saved").value, 0.06);
  assert.equal("saved" in made.row({ ...row, width: 64 }), false);
  close(made.cell(row, "learning_rate").value, 0.25);
  assert.deepEqual(
    ["fixed", "found"].map((setting) => made.cell({ ...row, setting }, "edge").value),
    [0, 1],
  );
  assert.match(
    made.summary.findings[0],
    /0\.060 nats .* 0\.010 at rates found for each; .* 0\.050\.$/,
  );
});

Deno.test("supported, refuted by each of its clauses, and undecided where seeds differ", async () => {
  assert.equal((await table()).outcome, "supported");
  const at = (kind: string, rate: string, by: number, half = false) =>
    table((k, r, width, seed) =>
      k === kind && r === rate && width === 1024 && !(half && seed % 2) ? by : 0
    );
  // Two doublings: .06 each to less than .05, .01 to more than .03, .05 to less than .03.
  for (
    const [kind, rate, against] of [["linear", "fixed", 0.03], ["linear", "found", -0.05], [
      "relu",
      "found",
      0.05,
    ]] as const
  ) {
    assert.equal((await at(kind, rate, against)).outcome, "refuted", `${kind} ${rate}`);
    assert.equal((await at(kind, rate, -against)).outcome, "supported", `${kind} ${rate}`);
    assert.equal((await at(kind, rate, 8 * against, true)).outcome, "undecided", `${kind} ${rate}`);
  }
  assert.equal((await at("relu", "fixed", 1)).outcome, "supported");
});
