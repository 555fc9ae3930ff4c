/** @file The table on the full size, from scores made by hand. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/transformer_filters/full_size.ts";
import {
  around,
  assertRow,
  type Field,
  horizons,
  type Kind,
  madeTable,
  reach,
} from "./made_scores.ts";

const isFull = ({ options }: Kind) => options.dModel === 256;

Deno.test("both sizes have rows of their own runs", async () => {
  const made = await madeTable(experiment);
  const { table } = made;
  const free = (where: Partial<Kind>, field: Field) =>
    Object.fromEntries(horizons.map((h) => [`h${h}`, made.score(where, h, field)]));
  assertRow(table, { predictor: "zero" }, {
    aligned_ratio: made.score({ what: "near baseline", model: "zero" }, "overall", "zero"),
    ...free({ what: "far baseline", model: "zero" }, "zero"),
  });
  const sizes = { "Transformer of the other experiments": 32, "Transformer of full size": 256 };
  assert.deepEqual(table.names("predictor"), ["zero", ...Object.keys(sizes)]);
  for (const [predictor, dModel] of Object.entries(sizes)) {
    const where = { options: { dModel, patch: 16 } };
    const one = (field: Field) => made.score({ ...where, what: "one step" }, "overall", field);
    const about = (name: string) => made.scalar(where, name);
    assertRow(table, { predictor }, {
      aligned_ratio: made.score({ ...where, what: "one step" }, "aligned", "ratio"),
      ratio: one("ratio"),
      raw_ratio: one("rawRatio"),
      gap_closed: one("gapClosed"),
      parameters: about("parameters"),
      tokens: about("tokens"),
      steps: about("steps"),
      learning_rate: about("learningRate"),
      ...free({ ...where, what: "rollout" }, "ratio"),
    });
    const seconds = table.observed({ predictor }, "seconds");
    assert.deepEqual(seconds.observed, { name: "step seconds", times: "steps" });
    assert.deepEqual(seconds.runs, about("steps").runs);
  }
});

Deno.test("one system illustrates", async () => {
  const { table } = await madeTable(experiment, {
    score: (kind, part, field) =>
      field === "gapClosed" && part === "overall" ? (isFull(kind) ? 0.75 : 0.5) : undefined,
  });
  assert.equal(table.outcome, "illustration");
  assert.match(
    table.summary.findings[0],
    /lambda 0\.99 the Transformer of full size closes 75\.0 % .* the small one 50\.0 %\.$/,
  );
  assert.match(table.summary.findings[1], /^Over 2 scored runs/);
});

Deno.test("with five systems the full size must close more of the gap", async () => {
  const outcome = async (differences: readonly number[]) => {
    const { table } = await madeTable(experiment, {
      systems: 5,
      score: (kind, part, field) => {
        if (field !== "gapClosed" || part !== "overall") return;
        return kind.system + (isFull(kind) ? differences[kind.system] : 0);
      },
    });
    return table.outcome;
  };
  assert.equal(await outcome(around(0.1, 0.01)), "supported");
  assert.equal(await outcome(around((reach - 0.02) * 0.01, 0.01)), "undecided");
  assert.equal(await outcome(around(-0.1, 0.01)), "refuted");
});
