/** @file A linear drafter: the grid, the table from what jobs leave, and the rule. */
import assert from "node:assert/strict";
import * as language from "../../../../pipeline/experiments/linear_language_models/language_models.ts";
import * as experiment from "../../../../pipeline/experiments/linear_language_models/linear_drafter.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params } from "../../../../pipeline/stages/draft.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { close, fewer as seeds } from "./made_language.ts";

Deno.test("the grid: Transformer and linear mixer of language-models, seed by seed", () => {
  assert.equal(graphOf(experiment, "quick").later.get("linear-drafter"), "standard");
  const theirs = new Set(
    runsOf(language, "standard").filter(({ tags }) => tags.result === "training")
      .map(({ job }) => JSON.stringify(job.params)),
  );
  const runs = runsOf(experiment, "standard");
  assert.deepEqual(runs.map(({ tags }) => tags.seed), seeds);
  for (const [i, { job }] of runs.entries()) {
    const { model, layers, drafter, index, ahead, prompts, given, draw } = job.params as Params;
    assert.deepEqual([index, draw, prompts, given], [i, 8000 + i, 32, 8]);
    assert.deepEqual(ahead, [1, 2, 4, 8]);
    const [writer, linear] = ["model", "drafter"].map((name) => {
      const { params } = job.inputs[name] as JobNode;
      assert.ok(theirs.has(JSON.stringify(params)), name);
      return params as unknown as Train;
    });
    assert.deepEqual([writer.model, writer.layers], [model, layers]);
    assert.equal(layers[0].name, "softmax_attention");
    assert.deepEqual(linear.model, drafter);
    assert.equal(drafter.options.kind, "linear");
    assert.equal(writer.seeds[index].initialisation, seeds[i]);
  }
});

const table = (change: (name: string, seed: number) => number = () => 0) =>
  tableOf(
    experiment,
    runsOf(experiment, "standard").map(({ tags }) => {
      const seed = tags.seed as number;
      const of = (name: string, value: number) => [name, value + change(name, seed)];
      const drafts = ["greedy", "drawn"].flatMap((way, w) =>
        [1, 2, 4, 8].flatMap((ahead) => [
          of(`tokens a call, ${way}, ${ahead}`, 1.5 + 0.1 * ahead - 0.2 * w),
          of(`accepted, ${way}, ${ahead}`, 0.5 - 0.1 * w),
          of(`different, ${way}, ${ahead}`, 0),
        ])
      );
      const fed = [1, 2, 4, 8, 16].flatMap((step) => [
        of(`agreement at ${step}`, 1 / step),
        of(`agreement at ${step}, as they are`, 0.5 / step),
      ]);
      return { tags, scalars: Object.fromEntries([...drafts, ...fed]) };
    }).toReversed(),
  );

Deno.test("a row is a number of drafts, or a step of feeding logits back", async () => {
  const made = await table((name, seed) => name === "different, greedy, 8" && seed === 2 ? 7 : 0);
  assert.equal(made.summary.rows.length, 2 * 5 + 2 * 5);
  const drawn = { what: "drawn, 4 drafted" };
  close(made.cell(drawn, "tokens_a_call").value, 1.7);
  close(made.cell(drawn, "accepted").value, 0.4);
  close(made.cell({ what: "greedy, 8 drafted" }, "different").value, 1);
  const read = made.observed(drawn, "milliseconds");
  assert.deepEqual(read.observed, { name: "seconds a token, drawn, 4", scale: 1000 });
  assert.equal(read.runs.length, seeds.length);
  const alone = { what: "greedy, the Transformer alone" };
  assert.equal(made.observed(alone, "milliseconds").observed.name, "seconds a token, greedy, 0");
  assert.ok(!("tokens_a_call" in made.row(alone)));
  close(made.cell({ what: "logits fed back, scaled, token 4" }, "agreement").value, 0.25);
  const raw = { what: "logits fed back, as they are, token 4" };
  close(made.cell(raw, "agreement").value, 0.125);
  assert.ok(!("milliseconds" in made.row(raw)));
  const better = made.summary.columns.flatMap(({ id, better }) => better ? [[id, better]] : []);
  assert.deepEqual(better, [["tokens_a_call", "higher"], ["milliseconds", "lower"]]);
  const [drafts, fed] = made.summary.findings;
  assert.match(drafts, /gives 1\.70 tokens .* 40\.0 % of the judged .* and 7 tokens differ/);
  assert.match(fed, /token 4 of its greedy text in 25\.0 %/);
});

Deno.test("supported by both clauses, refuted by either, undecided where seeds differ", async () => {
  assert.equal((await table()).outcome, "supported");
  for (const [which, by] of [["tokens a call, drawn, 4", -0.4], ["agreement at 4", 0.5]] as const) {
    const at = (half: boolean) =>
      table((name, seed) => name === which && !(half && seed % 2) ? by : 0);
    assert.equal((await at(false)).outcome, "refuted", which);
    assert.equal((await at(true)).outcome, "undecided", which);
  }
  const others = await table((name) => /greedy|, 8$|as they are/.test(name) ? 0.4 : 0);
  assert.equal(others.outcome, "supported");
});
