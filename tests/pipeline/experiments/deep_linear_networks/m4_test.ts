/** @file M4 by one matrix: the grid, scores beside the published ones, and the verdict, from scores by hand. */
import assert from "node:assert/strict";
import published from "../../../../data/published/m4.json" with { type: "json" };
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/m4.ts";
import { graphOf, runsOf, type Table, tableOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";

type Row = { smape: number; mase: number; owa?: number };
const theirs = (frequency: string, model: string): Row =>
  published.rows.find((row) => row.frequency === frequency && row.model === model)!;
const names: Record<string, string> = {
  ...{ "naive-2": "Naive2", "seasonal-naive": "sNaive", "ses": "SES", "theta": "Theta" },
};

/**
 * @param difference of each of three series of ridge from Theta, by frequency
 * @param off of one score of one control from the published one
 */
async function table(
  difference: Record<string, number[]> = { weekly: [-1, -1.1, -0.9], hourly: [-1, -1.1, -0.9] },
  off: { model?: string; smape?: number; mase?: number } = {},
): Promise<Table> {
  const made = runsOf(experiment, "standard").map(({ tags }) => {
    const { frequency, model } = tags as { frequency: string; model: string };
    const like = theirs(frequency, names[model] ?? "Theta");
    const by = model === off.model ? off : {};
    const theta = [2, 3, 4];
    const series = theta.map((mase, i) =>
      mase + (model === "ridge" ? difference[frequency][i] : 0)
    );
    return {
      tags,
      scores: {
        smape: like.smape + (by.smape ?? 0),
        mase: like.mase + (by.mase ?? 0),
        series,
        fit: model === "ridge"
          ? { lookback: 52 }
          : model === "deep-linear-4"
          ? { excess: 4e-4 }
          : {},
      },
    };
  });
  return await tableOf(experiment, made);
}

Deno.test("each frequency is the competition's: history and what followed, its horizon and season", () => {
  assert.equal(graphOf(experiment, "quick").later.get("m4"), "standard");
  const { jobs } = graphOf(experiment, "standard");
  const panels = jobs.filter(({ stage }) => stage.name === "panel");
  assert.deepEqual(panels.map(({ inputs }) => Object.keys(inputs)), [
    ["m4-weekly-train", "m4-weekly-test"],
    ["m4-hourly-train", "m4-hourly-test"],
  ]);
  const runs = runsOf(experiment, "standard");
  assert.equal(runs.length, 12);
  for (const { tags, job } of runs) {
    const { task } = job.params as { task: { options: Record<string, unknown> } };
    const { season, horizon, windows, levels } = task.options;
    const want = tags.frequency === "weekly" ? [1, 13] : [24, 48];
    assert.deepEqual([season, horizon], want);
    assert.deepEqual([windows ?? 1, levels ?? []], [1, []]);
  }
});

Deno.test("OWA is the mean of both scores over those of Naive 2; the published ones stand beside or by themselves", async () => {
  const made = await table(undefined, { model: "ridge", smape: 1, mase: -0.5 });
  const where = { frequency: "hourly", model: "ridge" };
  const owa = ((18.138 + 1) / 18.383 + (2.455 - 0.5) / 2.395) / 2;
  assert.ok(Math.abs(made.cell(where, "owa").value - owa) < 1e-12);
  assert.equal(made.cell({ ...where, model: "naive-2" }, "owa").value, 1);
  assert.ok(
    Math.abs(made.cell({ ...where, model: "theta" }, "over_published_smape").value) < 1e-12,
  );
  const off = await table(undefined, { model: "ses", smape: 0.25, mase: 0.5 });
  assert.ok(
    Math.abs(off.cell({ ...where, model: "ses" }, "over_published_smape").value - 0.25) < 1e-9,
  );
  assert.ok(
    Math.abs(off.cell({ ...where, model: "ses" }, "over_published_mase").value - 0.5) < 1e-9,
  );
  assert.ok(!("over_published_mase" in made.row(where)));
  const smyl = made.row({ ...where, model: "Smyl" });
  assert.deepEqual([smyl.smape, smyl.mase, smyl.owa], [9.328, 0.893, 0.44]);
  assert.ok(!("owa" in made.row({ ...where, model: "RNN" })));
  assert.equal(made.row(where).rows_back, "52");
  assert.equal(made.cell({ ...where, model: "deep-linear-4" }, "training_excess").value, 4e-4);
  const form = made.summary.columns.map(({ id, format, better }) =>
    [id, format, better].join(" ").trim()
  );
  assert.deepEqual(form, [
    "frequency text",
    "model text",
    "smape fixed3 lower",
    "mase fixed3 lower",
    "owa fixed3 lower",
    "over_published_smape fixed3",
    "over_published_mase fixed3",
    "rows_back text",
    "training_excess",
  ]);
});

Deno.test("both frequencies must be better, one that is worse refutes, and the benchmarks must be reproduced", async () => {
  const [better, open, worse] = [[-1, -1.1, -0.9], [-1, 1, 0.5], [1, 1.1, 0.9]];
  const outcome = async (weekly: number[], hourly: number[], off = {}) =>
    (await table({ weekly, hourly }, off)).outcome;
  assert.equal(await outcome(better, better), "supported");
  assert.equal(await outcome(better, open), "undecided");
  assert.equal(await outcome(open, better), "undecided");
  assert.equal(await outcome(worse, better), "refuted");
  assert.equal(await outcome(better, worse), "refuted");
  for (const model of ["naive-2", "theta"]) {
    assert.equal(await outcome(better, better, { model, smape: 0.0099 }), "supported");
    assert.equal(await outcome(better, better, { model, smape: -0.0101 }), "undecided");
    assert.equal(await outcome(better, better, { model, mase: 0.0101 }), "undecided");
  }
  assert.equal(await outcome(better, better, { model: "ses", mase: 0.5 }), "supported");
});

Deno.test("reason and findings say the numbers", async () => {
  const { summary } = await table();
  // Differences -1, -1.1, -.9: mean -1, t of two degrees 4.3027 times .1 over the root of 3.
  assert.match(summary.verdict.reason, /weekly: -1\.000 \(95 % interval -1\.248 to -0\.752\)/);
  assert.match(summary.verdict.reason, /off by at most 0\.0000/);
  assert.match(summary.findings[1], /M4 hourly: .* OWA of 1\.006, Theta 1\.006, .* 0\.44\./);
  assert.equal(summary.findings.length, 2);
});

Deno.test("every cell of ours follows from the published scores", async () => {
  await assertFollows(new Map([["m4", await table()]]));
});
