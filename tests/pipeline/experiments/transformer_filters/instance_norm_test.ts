/** @file The ablation of the normalisation: its table and verdict, from scores made by hand. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/transformer_filters/instance_norm.ts";
import {
  around,
  assertRow,
  computed,
  type Field,
  horizons,
  type Kind,
  madeTable,
  reach,
} from "./made_scores.ts";

Deno.test("both modes have rows of their own runs, horizon by horizon", async () => {
  const made = await madeTable(experiment);
  const { table } = made;
  assert.deepEqual(table.names("lambda"), [0.96]);
  assert.deepEqual(table.names("mode"), ["fixed", "causal"]);
  const one = (norm: string, field: Field) =>
    made.score({ what: "one step", options: { norm } }, "overall", field);
  for (const norm of ["fixed", "causal"]) {
    assertRow(table, { mode: norm }, {
      ratio: one(norm, "ratio"),
      gap_closed: one(norm, "gapClosed"),
      learning_rate: made.scalar({ options: { norm } }, "learningRate"),
      ...Object.fromEntries(horizons.map((h) => [
        `h${h}`,
        made.score({ what: "rollout", options: { norm } }, h, "ratio"),
      ])),
      ...(norm === "fixed" ? {} : {
        difference: computed((a, b) => a - b, one("fixed", "gapClosed"), one(norm, "gapClosed")),
      }),
    });
  }
});

/** The table when fixed statistics close so much more than causal ones, by system. */
async function judged(differences: readonly number[]) {
  const { table } = await madeTable(experiment, {
    score: ({ options, system, what }: Kind, part, field) => {
      if (field !== "gapClosed" || part !== "overall" || what !== "one step") return;
      return 0.1 * system + (options.norm === "fixed" ? differences[system] : 0);
    },
  });
  return table;
}

Deno.test("fixed statistics must close more of the gap than causal ones", async () => {
  assert.equal((await judged(around(0.1, 0.01))).outcome, "supported");
  assert.equal((await judged(around((reach - 0.02) * 0.01, 0.01))).outcome, "undecided");
  assert.equal((await judged(around(-0.1, 0.01))).outcome, "refuted");
});

Deno.test("the finding names the mode that closes most, fixed when they close the same", async () => {
  const said = async (mean: number) => (await judged(around(mean, 0.01))).summary.findings[0];
  assert.match(
    await said(0.1),
    /"fixed" closes most of the gap: fixed 30\.0 %, causal 20\.0 % \(5 systems\)\.$/,
  );
  assert.match(
    await said(-0.1),
    /"causal" closes most .*: fixed 10\.0 %, causal 20\.0 % \(5 systems\)\.$/,
  );
  const same = await judged([0, 0, 0, 0, 0]);
  assert.match(same.summary.findings[0], /"fixed" closes most/);
});

Deno.test("points of a mode are not joined by a line", async () => {
  const [{ marks }] = (await judged(around(0.1, 0.01))).summary.plots;
  assert.deepEqual(marks, ["dot", "interval"]);
});
