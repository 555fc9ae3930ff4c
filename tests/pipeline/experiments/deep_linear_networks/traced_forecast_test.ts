/** @file A traced forecast: the stage on a series made by hand, the table from a trace made by hand, its rule in all outcomes. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/traced_forecast.ts";
import * as stage from "../../../../pipeline/stages/trace_forecast.ts";
import * as train from "../../../../pipeline/stages/train.ts";
import { artifact, runStage } from "../../stages/run_stage.ts";
import { runsOf, tableOf } from "../grids.ts";

const text = "day,y,z\n" +
  Array.from({ length: 90 }, (_, t) => `${t},${20 + 5 * Math.sin(t)},${Math.cos(t * t)}`).join(
    "\n",
  );
const data = artifact({ files: { data: new TextEncoder().encode(text) } });
const task = {
  name: "forecasting",
  options: {
    ...{ dataset: "made.csv", split: "70/10/20", lookback: 5, horizon: 3 },
    ...{ loss: "gram", basis: "window", read: { ignore: ["day"] } },
  },
};
const parts = { task, model: { name: "deep_linear", options: { depth: 2 } } };

async function trained() {
  const made = await runStage(train, {
    ...{ ...parts, seeds: [{ instance: 0, initialisation: 0, data: 0 }], steps: 30 },
    ...{ learningRate: 0.02, warmup: 2, clipNorm: null },
  }, { inputs: { data } });
  return artifact(made);
}

Deno.test("what every value adds sums to what the network computes, in the units of the column", async () => {
  const model = await trained();
  const inputs = { data, model };
  const { json, scalars } = await runStage(stage, { ...parts, step: 2 }, { inputs });
  const trace: stage.Trace = json("scores.json");
  assert.ok(scalars.largestDifference < 1e-5 && scalars.largestDifference > 0);
  assert.equal(scalars.windows, 18 - 3 + 1);
  assert.deepEqual([trace.column, trace.step, trace.rows.length], ["y", 2, 5]);
  // The test rows start at 72; the newest value stands first.
  trace.rows.forEach(({ back, value }, i) => {
    assert.equal(back, i + 1);
    assert.ok(Math.abs(value - (20 + 5 * Math.sin(71 - i))) < 1e-9);
  });
  const mean = Array.from({ length: 63 }, (_, t) => 20 + 5 * Math.sin(t))
    .reduce((a, b) => a + b) / 63;
  for (const { value, weight, contribution } of trace.rows) {
    assert.ok(Math.abs(contribution - weight * (value - mean)) < 1e-9);
  }
  const sum = trace.rows.reduce((all, { contribution }) => all + contribution, trace.level);
  assert.ok(Math.abs(sum - trace.forecast) < 1e-4);
  // Another step has other weights.
  const other = await runStage(stage, { ...parts, step: 3, windows: 2 }, { inputs });
  assert.equal(other.scalars.windows, 2);
  assert.notEqual(other.json("scores.json").rows[0].weight, trace.rows[0].weight);
  await assert.rejects(
    runStage(stage, { ...parts, step: 4 }, { inputs }),
    /step 4 of a horizon of 3; choose 1 to 3/,
  );
  const window = { name: "deep_linear_time_series", options: { mixing: "linear_attention" } };
  const windows = { ...task, options: { ...task.options, loss: "windows" } };
  await assert.rejects(
    runStage(stage, { task: windows, model: window }, { inputs }),
    /the model is no matrix of a window/,
  );
});

const trace: stage.Trace = {
  ...{ column: "temp", step: 7, level: 10, forecast: 13.5 },
  rows: [
    { back: 1, value: 12, weight: 0.5, contribution: 2 },
    { back: 2, value: 9, weight: -1.5, contribution: 1.5 },
  ],
};
const table = (windows: number, largestDifference: number) =>
  tableOf(
    experiment,
    runsOf(experiment, "quick").map(({ tags }) => ({
      tags,
      scores: trace,
      scalars: { windows, largestDifference },
    })),
  );

Deno.test("the table adds up, from the newest value on", async () => {
  const made = await table(256, 2e-6);
  assert.deepEqual(made.names("what"), ["every value at its mean", "temp"]);
  const sum = (labels: object) => made.cell(labels as never, "sum").value;
  assert.equal(sum({ what: "every value at its mean" }), 10);
  assert.equal(sum({ back: 1 }), 12);
  assert.equal(sum({ back: 2 }), 13.5);
  assert.equal(made.cell({ back: 2 }, "weight").value, -1.5);
  assert.match(
    made.summary.findings[0],
    /temp 7 days ahead, 13\.50, is the sum of 2 .* 10\.00; .* 100 %/,
  );
});

Deno.test("sums within 1e-5 of at least a hundred forecasts decide", async () => {
  assert.equal((await table(100, 1e-5)).outcome, "supported");
  assert.equal((await table(256, 1.1e-5)).outcome, "refuted");
  assert.equal((await table(99, 0)).outcome, "undecided");
});
