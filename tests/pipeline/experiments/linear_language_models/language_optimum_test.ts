/** @file Distance from the certified optimum: the grid, the table from objectives made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/linear_language_models/language_optimum.ts";
import type { Params as Evaluate } from "../../../../pipeline/stages/evaluate.ts";
import type { Params as Reference } from "../../../../pipeline/stages/reference.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { close, fresh as seeds, madeRun } from "./made_language.ts";

Deno.test("the grid: classes and mixers have one task and one penalty", () => {
  assert.equal(graphOf(experiment, "quick").later.get("language-optimum"), "standard");
  const runs = runsOf(experiment, "standard");
  assert.equal(runs.length, 5 + 3 + 3 * seeds.length * 2);
  for (const { tags, job } of runs.filter(({ tags }) => tags.result !== "training")) {
    const { task, reference, protocol, model } = job.params as Partial<Reference & Evaluate>;
    assert.deepEqual(task!.options, { length: 16, tokens: 60_000 });
    if (tags.class === "mixer") {
      assert.deepEqual(protocol, { penalty: 1e-5 });
      assert.deepEqual(model!.options, { width: tags.width, length: 16, toeplitz: true });
    } else {
      const own = tags.class === "convex"
        ? { taps: tags.taps, tolerance: 1e-4 }
        : { start: tags.start, evaluations: 200 };
      assert.deepEqual(reference!.options, { ...own, penalty: 1e-5 });
    }
  }
});

function table(change: (width: number, seed: number) => number = () => 0) {
  const mixers: Record<number, number> = { 32: 2.3, 128: 2.2, 256: 2.15 };
  return tableOf(
    experiment,
    runsOf(experiment, "standard").map(({ tags }) => {
      const { taps, start, width, seed } = tags as Record<string, number>;
      if (tags.class === "convex") {
        return madeRun(tags, 2.5, { objective: 3 - taps / 16, gap: 5e-5 });
      }
      if (tags.class === "one-matrix") {
        return madeRun(tags, 2.6 + start, { objective: start === 2 ? 2.1 : 2.4, gap: 1e-4 });
      }
      return madeRun(tags, 2.7, { objective: mixers[width] + change(width, seed) });
    }).toReversed(),
  );
}

Deno.test("a row is a class or a width: objective, gap closed between frequencies and the largest class", async () => {
  const made = await table();
  assert.equal(made.summary.rows.length, 5 + 3 + 3);
  const of = (model: string, column: string) => made.cell({ model }, column).value;
  close(of("frequencies by position", "gap_closed"), 0);
  close(of("16 matrices", "gap_closed"), 1);
  close(of("one matrix, the last token", "objective"), 3 - 1 / 16);
  close(of("4 matrices", "gap_closed"), 0.25);
  close(of("16 matrices", "certificate"), 5e-5);
  const bound = "one matrix, start 2";
  close(of(bound, "objective"), 2.1);
  close(of(bound, "gap_closed"), 0.9);
  close(of(bound, "nats"), 4.6);
  close(of("one matrix, start 0", "gap_closed"), 0.6);
  close(of("linear mixer, 256 units", "gap_closed"), 0.85);
  close(of("linear mixer, 128 units", "learning_rate"), 0.25);
  close(of("linear mixer, 128 units", "edge"), 1);
  close(of("linear mixer, 32 units", "nats"), 2.7);
  assert.equal("certificate" in made.row({ model: "linear mixer, 32 units" }), false);
  assert.match(
    made.summary.findings[0],
    /closes 90\.0 % at its best known, a trained mixer of 256 units 85\.0 %/,
  );
});

Deno.test("supported, refuted by each of its clauses, and undecided where seeds differ", async () => {
  assert.equal((await table()).outcome, "supported");
  const at = (width: number, by: number, half = false) =>
    table((w, seed) => w === width && !(half && seed % 2) ? by : 0);
  assert.equal((await at(256, 0.11)).outcome, "refuted");
  assert.equal((await at(256, 0.09)).outcome, "supported");
  assert.equal((await at(32, -0.14)).outcome, "refuted");
  assert.equal((await at(32, -0.12)).outcome, "supported");
  assert.equal((await at(256, 0.4, true)).outcome, "undecided");
  assert.equal((await at(128, 5)).outcome, "supported");
});
