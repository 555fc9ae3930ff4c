/** @file Languages of known law: the grid, the table from scores made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/linear_language_models/artificial_languages.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params as Evaluate } from "../../../../pipeline/stages/evaluate.ts";
import type { Params as Generate } from "../../../../pipeline/stages/generate.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import type { Params as Tune } from "../../../../pipeline/stages/tune.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { close, madeRun, seeds } from "./made_language.ts";

Deno.test("the grid: five models on three laws, a law a seed, scored on texts that no training draws", () => {
  assert.equal(graphOf(experiment, "quick").later.get("artificial-languages"), "standard");
  const runs = runsOf(experiment, "standard");
  assert.equal(runs.length, 3 * 5 * seeds.length * 2);
  for (const { tags, job } of runs) {
    if (tags.result === "training") {
      const { task, model, seeds: trained } = job.params as Train;
      const vocabulary = tags.law === "grammar" ? {} : { vocabulary: 32 };
      assert.deepEqual(task.options, { law: tags.law, length: 16, ...vocabulary });
      assert.deepEqual(trained.map(({ instance }) => instance), seeds);
      const [other] = ((job.inputs.tuned as JobNode).params as Tune).seeds;
      assert.ok(!seeds.includes(other.instance));
      if (model.name === "token_mixer") assert.equal(model.options.toeplitz, true);
      continue;
    }
    const { instance, index } = job.params as Evaluate;
    assert.deepEqual([instance, index], [tags.seed, tags.seed]);
    const scored = (job.inputs.data as JobNode).params as Generate;
    assert.deepEqual([scored.instance, scored.data, scored.task.options.law], [
      ...[tags.seed, 5000 + Number(tags.seed), tags.law],
    ]);
  }
});

/** Divergences with which the hypothesis holds, but for a change; the gap closed is one minus them. */
function table(change: (law: string, model: string, seed: number) => number = () => 0) {
  const usual: Record<string, number> = {
    "additive linear-256": 0.003,
    "products linear-64": 0.98,
    "products linear-256": 0.97,
    "products relu-256": 0.6,
  };
  return tableOf(
    experiment,
    runsOf(experiment, "standard").map(({ tags }) => {
      const { law, model, seed } = tags as { law: string; model: string; seed: number };
      const nats = (usual[`${law} ${model}`] ?? 0.5) + change(law, model, seed);
      return madeRun(tags, nats, { allowed: 0.9 });
    }).toReversed(),
  );
}

Deno.test("a row is a law and a model: divergence and gap closed", async () => {
  const made = await table((law, model, seed) =>
    law === "grammar" && model === "transformer" ? 0.01 * seed : 0
  );
  assert.equal(made.summary.rows.length, 15);
  const row = { setting: "grammar", model: "Transformer" };
  close(made.cell(row, "nats").value, 0.535);
  close(made.cell(row, "gap_closed").value, 0.465);
  close(made.cell(row, "edge").value, 1);
  close(made.cell(row, "allowed").value, 0.9);
  assert.equal("allowed" in made.row({ ...row, setting: "sums" }), false);
  assert.match(
    made.summary.findings[0],
    /0\.0030 nats from a law of sums; it closes 3\.0 % .* with a ReLU 40\.0 %, and 50\.0 % of that of a grammar, where 90\.0 %/,
  );
});

Deno.test("supported, refuted by each of its clauses, and undecided where seeds differ", async () => {
  assert.equal((await table()).outcome, "supported");
  const at = (which: string, by: number, half = false) =>
    table((law, model, seed) => `${law} ${model}` === which && !(half && seed % 2) ? by : 0);
  for (
    const [which, against] of [
      ["additive linear-256", 0.003],
      ["products linear-64", -0.04],
      ["products linear-256", -0.03],
      ["products relu-256", 0.2],
    ] as const
  ) {
    assert.equal((await at(which, against)).outcome, "refuted", which);
    assert.equal((await at(which, 9 * against, true)).outcome, "undecided", which);
  }
  assert.equal((await at("products relu-256", 0.15)).outcome, "supported");
  assert.equal((await at("grammar linear-256", 0.4)).outcome, "supported");
});
