/** @file Training steps of E1 and Mamba-2: the grid, what is read when it is published, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/unified_scaling_theory/e1_throughput.ts";
import type { Arrays } from "../../../../lib/engine/arrays.ts";
import type { Params } from "../../../../pipeline/stages/step_cost.ts";
import { layer as e1 } from "../../../../lib/layers/sequence/e1.ts";
import { layer as mamba2 } from "../../../../lib/layers/sequence/mamba2.ts";
import { parameterCount } from "../../../../lib/models/size.ts";
import type { SequenceLayer } from "../../../../lib/layers/sequence/sequence_layer.ts";
import { verdictOf } from "../../../../pipeline/table/judged.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";

const path = "pipeline/experiments/unified_scaling_theory/e1_throughput.ts";
const runs = runsOf(experiment, "standard");

Deno.test(`the grid of ${path}: twelve measurements of both models at both lengths, as many tokens a step`, () => {
  assert.equal(graphOf(experiment, "quick").later.get("e1-throughput"), "standard");
  assert.deepEqual(runs.map(({ tags }) => tags.seed), Array.from({ length: 12 }, (_, k) => k));
  for (const [i, { job }] of runs.entries()) {
    const { contenders, loads, rounds, repetition } = job.params as Params;
    assert.deepEqual(contenders.map(({ id, layers }) => [id, layers.length]), [
      ["e1", 4],
      ["mamba2", 4],
    ]);
    assert.deepEqual([rounds, repetition], [9, i]);
    assert.deepEqual(loads.map(({ length, batch }) => [length, batch]), [[128, 16], [512, 4]]);
    for (const { length, task: { options } } of loads) {
      assert.deepEqual([options.minimum, options.maximum, options.length], [
        length,
        length,
        length,
      ]);
    }
  }
});

Deno.test("their parameters differ by less than 2 %", () => {
  const { contenders } = runs[0].job.params as Params;
  const known: Record<string, SequenceLayer> = { e1, mamba2 };
  const [first, second] = contenders.map(
    ({ model: { options }, layers: [{ name, options: own }] }) => {
      const config = known[name].configure(own, options.width as number);
      return parameterCount((key) => known[name].init(config, key) as Arrays);
    },
  );
  assert.ok(Math.abs(second / first - 1) < 0.02, `${first}, ${second}`);
});

const table = () =>
  tableOf(
    experiment,
    runs.map(({ tags }) => ({
      tags,
      scalars: Object.fromEntries(
        ["e1", "mamba2"].flatMap((id, i) =>
          [128, 512].map((length) => [`parameters of ${id} at ${length}`, 1000 * (i + 1) + length])
        ),
      ),
    })),
  );

Deno.test("a row is a model and a length; times, tokens and ratios are read when it is published", async () => {
  const made = await table();
  assert.equal(made.summary.rows.length, 4);
  const row = { model: "Mamba-2", length: 512 };
  assert.equal(made.cell(row, "parameters").value, 2512);
  const read = (column: string) => made.observed(row, column).observed;
  assert.deepEqual(read("milliseconds"), { name: "seconds of mamba2 at 512", scale: 1000 });
  assert.deepEqual(read("rate"), { name: "tokens of mamba2 at 512" });
  assert.deepEqual(read("log_ratio"), { name: "log ratio at 512" });
  assert.equal(made.observed(row, "log_ratio").runs.length, 12);
  assert.equal("log_ratio" in made.row({ model: "E1", length: 512 }), false);
  assert.deepEqual(made.summary.columns.map(({ better }) => better), [
    ...[undefined, undefined, undefined, "lower", "higher", undefined],
  ]);
  assert.match(made.summary.findings[0], /E1 of 1,128 and Mamba-2 of 2,128 parameters/);
});

/** The verdict on these ratios, as measurements scatter. */
async function outcome(ratio: (length: number, k: number) => number) {
  const { hypothesis, effects } = (await table()).summary.verdict.observed!;
  return verdictOf(
    hypothesis,
    effects.map(({ name, at }) => ({
      at,
      values: at.map((_, k) => Math.log(ratio(Number(/\d+$/.exec(name)![0]), k)) + 0.01 * (k % 2)),
      terms: [],
    })),
  ).outcome;
}

Deno.test("supported where both ratios are two, refuted by each that is less, undecided where measurements differ", async () => {
  assert.equal(await outcome(() => 2.05), "supported");
  for (const which of [128, 512]) {
    const but = (ratio: (k: number) => number) =>
      outcome((length, k) => length === which ? ratio(k) : 2.5);
    assert.equal(await but(() => 1.9), "refuted");
    assert.equal(await but((k) => k % 2 ? 3 : 1.2), "undecided");
  }
});
