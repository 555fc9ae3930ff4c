/** @file Time of a token by layers: the grid, what is read when it is published, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/linear_language_models/language_latency.ts";
import type { Params } from "../../../../pipeline/stages/generation_cost.ts";
import { verdictOf } from "../../../../pipeline/table/judged.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";

const measurements = Array.from({ length: 12 }, (_, k) => k);
const depths = [1, 2, 4, 8, 16];

Deno.test("the grid: twelve measurements of four kinds of models, by depth", () => {
  assert.equal(graphOf(experiment, "quick").later.get("language-latency"), "standard");
  const runs = runsOf(experiment, "standard");
  assert.deepEqual(runs.map(({ tags }) => tags.seed), measurements);
  for (const [i, { job }] of runs.entries()) {
    const { kinds, repetition, context, rounds, tokens } = job.params as Params;
    assert.deepEqual([repetition, context, rounds, tokens], [i, 64, 15, 8]);
    assert.deepEqual(kinds.map(({ id }) => id), ["transformer", "nearly", "linear", "collapsed"]);
    const [transformer, nearly, linear, collapsed] = kinds.map(({ depths }) => depths);
    for (const own of [transformer, nearly, linear]) {
      assert.deepEqual(own.map(({ depth }) => depth), depths);
    }
    assert.deepEqual(transformer.map(({ layers }) => layers.length), depths);
    assert.deepEqual(linear.map(({ model }) => model.options.depth), depths);
    assert.deepEqual(nearly.map(({ model }) => model.options.depth), depths);
    assert.ok(nearly.every(({ model }) => model.options.kind === "nearly linear"));
    assert.ok(linear.every(({ model }) => model.options.kind === "linear"));
    // All look back as far; what is composed has no other width or depth.
    for (const { model } of [...nearly, ...linear]) {
      assert.deepEqual([model.options.taps, model.options.width], [64, 256]);
    }
    assert.deepEqual(collapsed.map(({ depth }) => depth), [1, 16]);
    assert.ok(collapsed.every(({ model }) => model.name === "one_matrix"));
    assert.deepEqual(collapsed.map(({ model }) => model.options), [{ taps: 64 }, { taps: 64 }]);
  }
});

const table = () =>
  tableOf(
    experiment,
    runsOf(experiment, "standard").map(({ tags }) => ({
      tags,
      scalars: Object.fromEntries(
        ["transformer", "nearly", "linear", "collapsed"].flatMap((id, i) =>
          depths.map((depth) => [`parameters of ${id} at ${depth}`, 100 * i + depth])
        ),
      ),
    })),
  );

Deno.test("a row is a kind and a depth; times and exponents are read when it is published", async () => {
  const made = await table();
  assert.equal(made.summary.rows.length, 3 * 5 + 2);
  const row = { model: "linear mixers, layer by layer", layers: 16 };
  assert.equal(made.cell(row, "parameters").value, 216);
  const read = (column: string) => made.observed(row, column).observed;
  assert.deepEqual(read("milliseconds"), { name: "seconds of linear at 16", scale: 1000 });
  assert.deepEqual(read("exponent"), { name: "exponent of linear" });
  assert.deepEqual(read("slope"), { name: "slope of linear" });
  assert.equal(made.observed(row, "slope").runs.length, 12);
  assert.ok(!("exponent" in made.row({ ...row, layers: 8 })));
  const one = { model: "linear mixers, composed to one matrix", layers: 16 };
  assert.ok(!("slope" in made.row(one)));
  const ms = made.summary.columns.find(({ id }) => id === "milliseconds")!;
  assert.deepEqual([ms.better, ms.format], ["lower", undefined]);
});

/** The verdict on these exponents and this growth of the one matrix, as its measurements scatter. */
async function outcome(exponent: (id: string, k: number) => number, growth = 1) {
  const { hypothesis, effects } = (await table()).summary.verdict.observed!;
  return verdictOf(
    hypothesis,
    effects.map(({ name, at }) => ({
      at,
      values: at.map((_, k) => {
        const [, id] = /^open exponent of (.*)$/.exec(name) ?? [];
        return id
          ? 1.5 - exponent(id, k)
          : name === "minus log growth of collapsed"
          ? -Math.log(growth) + 0.01 * (k % 2)
          : NaN;
      }),
      terms: [],
    })),
  ).outcome;
}

Deno.test("supported where no power is the square, refuted by each that is, undecided between", async () => {
  const usual = (k: number) => 1 + 0.05 * (k % 3);
  assert.equal(await outcome((_, k) => usual(k)), "supported");
  for (const which of ["transformer", "nearly", "linear"]) {
    const but = (other: (k: number) => number) =>
      outcome((id, k) => id === which ? other(k) : usual(k));
    assert.equal(await but((k) => 1 + usual(k)), "refuted", which);
    assert.equal(await but((k) => usual(k) + k % 2), "undecided", which);
  }
  assert.equal(await outcome((_, k) => usual(k), 16), "refuted");
  assert.equal(await outcome((_, k) => usual(k), 1.2), "supported");
  assert.equal(await outcome((_, k) => usual(k), 1.3), "refuted");
});
