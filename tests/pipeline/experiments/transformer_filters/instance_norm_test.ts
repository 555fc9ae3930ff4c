/** @file The ablation of the normalisation: its table and verdict, from scores made by hand. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/transformer_filters/instance_norm.ts";
import {
  assertRow,
  computed,
  type Field,
  horizons,
  leavingOpen,
  little,
  madeTable,
  ratesOf,
} from "./made_scores.ts";

Deno.test("both modes have rows of their own runs, horizon by horizon", async () => {
  const made = await madeTable(experiment);
  const { table } = made;
  assert.deepEqual(table.names("lambda"), [0.92]);
  assert.deepEqual(table.names("mode"), ["fixed", "causal"]);
  const one = (norm: string, field: Field) =>
    made.score({ what: "one step", options: { norm } }, "overall", field);
  for (const norm of ["fixed", "causal"]) {
    assertRow(table, { mode: norm }, {
      ratio: one(norm, "ratio"),
      gap_closed: one(norm, "gapClosed"),
      ...ratesOf(made, { options: { norm } }),
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

/** The summary when causal statistics leave so many times as much open as fixed ones. */
async function judged(factor: number, vary = 0.1) {
  const { table } = await madeTable(
    experiment,
    leavingOpen((kind) =>
      0.2 * (kind.options.norm === "causal" ? factor * Math.exp(vary * little(kind)) : 1)
    ),
  );
  return table.summary;
}

Deno.test("causal statistics must leave more of the gap open than fixed ones", async () => {
  const { verdict } = await judged(1.5);
  assert.equal(verdict.outcome, "supported");
  assert.match(verdict.reason, /^Open fraction, causal over fixed: 1\.5 \(.*; 20 systems\.$/);
  assert.equal((await judged(1)).verdict.outcome, "undecided");
  assert.equal((await judged(0.5)).verdict.outcome, "refuted");
});

Deno.test("the finding names the mode that closes most, fixed when they close the same", async () => {
  const said = async (factor: number) => (await judged(factor, 0)).findings[0];
  assert.match(
    await said(2),
    /"fixed" closes most of the gap: fixed 80\.0 %, causal 60\.0 % \(20 systems\)\.$/,
  );
  assert.match(await said(0.5), /"causal" closes most .*: fixed 80\.0 %, causal 90\.0 % \(20/);
  assert.match(await said(1), /"fixed" closes most/);
});

Deno.test("points of a mode are not joined by a line", async () => {
  const [{ marks }] = (await judged(2)).plots;
  assert.deepEqual(marks, ["dot", "interval"]);
});
