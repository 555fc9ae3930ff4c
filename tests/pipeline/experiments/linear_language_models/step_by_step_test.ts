/** @file Steps of a linear model: the grid, the table from scores made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/linear_language_models/step_by_step.ts";
import { task as parity } from "../../../../lib/tasks/stepwise_parity/stepwise_parity.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params as Evaluate } from "../../../../pipeline/stages/evaluate.ts";
import type { Params as Generate } from "../../../../pipeline/stages/generate.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import { graphOf, type Made, runsOf, tableOf } from "../grids.ts";
import { close } from "./made_language.ts";

/** As many as five clauses need to be refuted among many experiments. */
const seeds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

Deno.test("the grid: mixers as long as their texts, at one rate, scored on texts that no training draws", () => {
  assert.equal(graphOf(experiment, "quick").later.get("step-by-step"), "standard");
  const runs = runsOf(experiment, "standard");
  assert.equal(runs.length, (4 + 2) * 3 * seeds.length);
  for (const { tags, job } of runs) {
    const { task, model } = job.params as Train;
    assert.deepEqual(task.options, { bits: tags.bits, steps: tags.steps });
    const length = parity.configure(task.options).tokens(1);
    assert.deepEqual(model.options, { width: 64, length, kind: tags.kind });
    const { seeds: trained, learningRate } = (job.inputs.model as JobNode).params as Train;
    assert.deepEqual([trained.length, learningRate], [seeds.length, 0.02]);
    const { index } = job.params as Evaluate;
    const { data, task: scored } = (job.inputs.data as JobNode).params as Generate;
    assert.deepEqual([index, data, scored], [tags.seed, 5000 + Number(tags.seed), task]);
  }
});

/** Gaps closed with which the hypothesis holds, but for a change. */
function table(change: (which: string, seed: number) => number = () => 0) {
  const usual: Record<string, number> = { none: 0.01, parity: 0.05, carry: 1, count: 0.98 };
  return tableOf(
    experiment,
    runsOf(experiment, "standard").map(({ tags }): Made => {
      const { kind, steps, bits, seed } = tags as Record<string, string> & { seed: number };
      const usually = kind === "relu" && steps === "parity" ? 0.97 : usual[steps];
      const gapClosed = usually + (Number(bits) === 16 ? change(`${kind} ${steps}`, seed) : 0);
      const loss = 0.5 - gapClosed / 2;
      return {
        tags,
        scalars: { loss, floor: 0.5, optimum: 0, gapClosed },
        scores: { accuracy: 1 - loss, given: 0.75, steps: 0.625, chain: Number(bits) + 1 },
      };
    }).toReversed(),
  );
}

Deno.test("a row is a model, kind of steps and number of bits: answers after its own steps, and after given ones", async () => {
  const made = await table((which, seed) => which === "linear carry" ? -0.01 * seed : 0);
  assert.equal(made.summary.rows.length, 18);
  const row = { model: "linear mixer", setting: "conjunctions and parities", bits: 16 };
  close(made.cell(row, "gap_closed").value, 0.955);
  close(made.cell(row, "accuracy").value, 0.9775);
  close(made.cell(row, "given").value, 0.75);
  close(made.cell(row, "steps_right").value, 0.625);
  assert.equal(made.row(row).chain, 17);
  const better = made.summary.columns.filter(({ better }) => better === "higher");
  assert.deepEqual(better.map(({ id }) => id), ["accuracy", "gap_closed", "given", "steps_right"]);
  assert.match(
    made.summary.findings[0],
    /1\.0 % of the gap .* without steps, 5\.0 % with running parities, 95\.5 % with conj.*, 98\.0 % with running counts; .* 97\.0 %\.$/,
  );
});

Deno.test("supported, refuted by each of its clauses, and undecided where seeds differ", async () => {
  assert.equal((await table()).outcome, "supported");
  for (
    const [which, by] of [
      ["linear none", 0.2],
      ["linear parity", 0.15],
      ["linear carry", -0.15],
      ["linear count", -0.1],
      ["relu parity", -0.1],
    ] as const
  ) {
    assert.equal((await table((w) => w === which ? by : 0)).outcome, "refuted", which);
    const half = (w: string, seed: number) => w === which && seed % 2 ? 4 * by : 0;
    assert.equal((await table(half)).outcome, "undecided", which);
  }
});
