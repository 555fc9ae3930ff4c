/** @file The stage forecast, called as the worker calls it, on a series whose errors a loop over raw numbers gives. */
import assert from "node:assert/strict";
import { z } from "zod";
import type { Fit } from "../../../lib/tasks/forecasting/forecaster.ts";
import * as deepLinear from "../../../lib/tasks/forecasting/references/deep_linear.ts";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import * as repeatLast from "../../../lib/tasks/forecasting/references/repeat_last.ts";
import * as seasonalNaive from "../../../lib/tasks/forecasting/references/seasonal_naive.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import * as forecast from "../../../pipeline/stages/forecast.ts";
import type { EngineName } from "../../../lib/engine/types.ts";
import { runStage } from "./run_stage.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** 41 rows of two columns: 28 for training, 5 for validation, 8 for test. */
const columns: Record<string, number[]> = { a: [], b: [] };
for (let t = 0; t < 41; t++) {
  columns.a.push(Math.round(100 * Math.sin(t) + 3 * t));
  columns.b.push((t * t * 7) % 31 - (t > 30 ? 40 : 0));
}
const csv = "a,b\n" + columns.a.map((a, t) => `${a},${columns.b[t]}`).join("\n") + "\n";

const base = { dataset: "made", model: "repeat_last", split: "70/10/20", lookback: 3, horizon: 3 };

async function run(params: object, module: object, text = csv, engine: EngineName = "jax") {
  const { signal } = new AbortController();
  const data = {
    text: (name: string) => Promise.resolve(name === "data" ? text : `no file ${name}`),
  };
  const options = { module, inputs: { data }, engine, threads: 2, signal };
  const result = await runStage(forecast, { ...base, ...params }, options);
  assert.deepEqual(Object.keys(result.files), ["scores.json"]);
  return { ...result, scores: result.json("scores.json"), signal };
}

/** Rows in units of the training rows' deviation from their mean. */
function standardised(values: number[]): number[] {
  const train = values.slice(0, 28);
  const mean = train.reduce((sum, v) => sum + v, 0) / 28;
  const deviation = Math.sqrt(train.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 28);
  return values.map((v) => (v - mean) / deviation);
}

/** Errors [origin, step, column] of repeating the last value. */
function repeatErrors(from: number, to: number, horizon: number, names: string[]): number[][][] {
  const out: number[][][] = [];
  const values = names.map((name) => standardised(columns[name]));
  for (let origin = from; origin + horizon <= to; origin++) {
    out.push(
      Array.from(
        { length: horizon },
        (_, h) => values.map((x) => x[origin - 1] - x[origin + h]),
      ),
    );
  }
  return out;
}

const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
const meanSquare = (errors: number[][][]) => mean(errors.flat(2).map((e) => e * e));
const meanAbsolute = (errors: number[][][]) => mean(errors.flat(2).map(Math.abs));

function near(actual: number, expected: number, name: string): void {
  assert.ok(Math.abs(actual - expected) <= 1e-12 * Math.abs(expected), `${name}: ${actual}`);
}

Deno.test("a forecast job leaves the errors of test and validation, by column and as scalars", async () => {
  const { scores, scalars } = await run({ read: { columns: ["b", "a"] } }, repeatLast);
  const test = repeatErrors(33, 41, 3, ["b", "a"]);
  const validation = repeatErrors(28, 33, 3, ["b", "a"]);
  assert.deepEqual(Object.keys(scores), ["test", "validation", "blocks", "columns", "fit"]);
  assert.deepEqual(scores.columns, ["b", "a"]);
  assert.deepEqual(scores.fit, {});
  assert.equal(scores.test.windows, 6);
  near(scores.test.mse, meanSquare(test), "mse");
  near(scores.test.mae, meanAbsolute(test), "mae");
  [0, 1].forEach((c) => {
    const own = test.map((window) => window.map((errors) => [errors[c]]));
    near(scores.test.channels[c].mse, meanSquare(own), `mse of column ${c}`);
    near(scores.test.channels[c].mae, meanAbsolute(own), `mae of column ${c}`);
  });
  assert.deepEqual(Object.keys(scores.validation), ["mse", "mae"]);
  near(scores.validation.mse, meanSquare(validation), "validation mse");
  near(scores.validation.mae, meanAbsolute(validation), "validation mae");
  assert.deepEqual(scalars, { mse: scores.test.mse, mae: scores.test.mae });
});

Deno.test("a block is as many test origins as the horizon has rows, and an incomplete one is left out", async () => {
  for (const [horizon, blocks] of [[1, 8], [2, 3], [3, 2], [4, 1], [5, 0]]) {
    const { scores } = await run({ horizon }, repeatLast);
    const errors = repeatErrors(33, 41, horizon, ["a", "b"]);
    assert.equal(errors.length, 8 - horizon + 1);
    assert.equal(scores.blocks.length, blocks, `horizon ${horizon}`);
    for (let k = 0; k < blocks; k++) {
      const own = errors.slice(k * horizon, (k + 1) * horizon);
      near(scores.blocks[k], meanSquare(own), `horizon ${horizon}, block ${k}`);
    }
  }
});

Deno.test("a model that looks back over the training rows has no validation errors, one that just fits has", async () => {
  const scored = async (season: number) =>
    (await run({ season }, seasonalNaive)).scores.validation !== undefined;
  assert.deepEqual([await scored(28), await scored(29)], [true, false]);
});

/** A model that says what it was given, and repeats zero. */
function spy(during?: (options: Any) => void) {
  const seen: { problem?: Problem; options?: Any } = {};
  const fit = (problem: Problem, options: Any): Fit => {
    Object.assign(seen, { problem, options });
    during?.(options);
    return {
      forecaster: {
        lookback: 1,
        horizon: problem.horizon,
        predict: (_c, _f, _n, out) => out.fill(0),
      },
      metrics: { trainingLoss: 0.5, excess: 0.25 },
      observations: { compileSeconds: 3 },
      curves: {
        excess: [{ step: 0, value: 7 }, { step: 9, value: 4 }],
        rate: [{ step: 2, value: 1 }],
      },
    };
  };
  return { seen, fit };
}

Deno.test("every parameter of a forecast job reaches its problem", async () => {
  const text = "t;c;a;b\n" +
    columns.a.map((a, t) => `x${t};7;${t === 5 ? "-9999" : a};${columns.b[t]}`).join("\n");
  const { seen, fit } = spy();
  const { logged, scores } = await run(
    {
      lookback: 4,
      horizon: 2,
      season: 6,
      dropConstant: true,
      read: { ignore: ["t"], missing: [-9999] },
    },
    { fit },
    text,
  );
  const problem = seen.problem!;
  assert.deepEqual([problem.lookback, problem.horizon, problem.season], [4, 2, 6]);
  assert.deepEqual(problem.columns, ["a", "b"]);
  assert.deepEqual(scores.columns, ["a", "b"]);
  assert.deepEqual(problem.split.train, [0, 28]);
  assert.equal(problem.channels[0][5], problem.channels[0][4]);
  assert.equal(logged.length, 2);
  assert.match(logged[0], /column "a": 1 missing cells/);
  assert.match(logged[1], /column "c" is constant/);
  await assert.rejects(run({ read: { ignore: ["t"] } }, { fit }, text), /made.*"c": constant/);
  await assert.rejects(
    run({ split: "etth" }, { fit }),
    /made: 41 rows, but split etth needs 14400/,
  );
});

Deno.test("a model is given its options, and the engine, threads and signal of the job", async () => {
  const { seen, fit } = spy();
  const { signal } = await run({ options: { ridge: 0.5, depth: 2, engine: "mine" } }, { fit });
  const { onProgress, ...rest } = seen.options;
  assert.equal(typeof onProgress, "function");
  assert.deepEqual(rest, { ridge: 0.5, depth: 2, engine: "jax", threads: 2, signal });
  assert.equal(rest.signal, signal);
  // The option decides: so great a ridge shrinks every forecast to the mean of the targets.
  const shrunk = (await run({ options: { ridge: 1e9 } }, ols)).scores.test.mse;
  const fitted = (await run({}, ols)).scores.test.mse;
  assert.ok(Math.abs(shrunk - fitted) > 0.01, `${shrunk} and ${fitted}`);
});

Deno.test("progress counts steps out of those that were asked for, and never beyond its own end", async () => {
  const steps = (options: Any) => [1, 4, 9].forEach((step) => options.onProgress(step, 0.1));
  const { fit } = spy(steps);
  const asked = await run({ options: { steps: 4 } }, { fit });
  assert.deepEqual(asked.progress, [[1, 4], [4, 4], [9, 9]]);
  const none = await run({}, { fit });
  assert.deepEqual(none.progress, [[1, 1], [4, 4], [9, 9]]);
});

Deno.test("curves become metrics, durations observations, and what the fit determines is kept", async () => {
  const { fit } = spy();
  const { metrics, observed, scores } = await run({}, { fit });
  assert.deepEqual(metrics, [["excess", 0, 7], ["excess", 9, 4], ["rate", 2, 1]]);
  assert.deepEqual(scores.fit, { trainingLoss: 0.5, excess: 0.25 });
  assert.deepEqual(Object.keys(observed), ["compileSeconds", "fitSeconds", "scoreSeconds"]);
  assert.equal(observed.compileSeconds, 3);
});

Deno.test("a deep linear network runs as a forecast job, and leaves nothing open, also where it diverges", async () => {
  const trained = async (options: object) =>
    await run({ model: "deep_linear", options }, deepLinear, csv, "ort");
  const { scores, metrics, progress } = await trained({ depth: 2, steps: 6, seed: 3 });
  assert.deepEqual(progress, [[0, 6], [6, 6]]);
  assert.equal(scores.fit.steps, 6);
  assert.deepEqual(metrics.map(([name, step]) => [name, step]), [["excess", 0], ["excess", 6]]);
  assert.equal(metrics[1][2], scores.fit.excess);
  await assert.rejects(trained({ depth: 9, steps: 6, learningRate: 1e30 }), /training diverged/);
});

Deno.test("a job names the one file of its model, and only what it uses of it", () => {
  assert.equal(forecast.usesEngine, true);
  const params = forecast.params().parse({ ...base, model: "ols_in" });
  assert.deepEqual(forecast.modules(params), {
    model: { path: "lib/tasks/forecasting/references/ols_in.ts", exports: ["fit"] },
  });
});

Deno.test("defaults of a forecast job, and parameters it refuses by name", () => {
  const { options, read, dropConstant, season } = forecast.params().parse(base);
  assert.deepEqual({ options, read, dropConstant, season }, {
    options: {},
    read: {},
    dropConstant: false,
    season: undefined,
  });
  for (const split of ["etth", "ettm"]) forecast.params().parse({ ...base, split });
  forecast.params().parse({ ...base, lookback: 1, horizon: 1, season: 1 });
  const refused: [object, RegExp][] = [
    [{ model: "Ols" }, /expected a file of lib\/tasks\/forecasting\/references/],
    [{ model: "../ols" }, /model/],
    [{ model: "ols.ts" }, /model/],
    [{ split: "80/20" }, /split/],
    [{ lookback: 0 }, /lookback/],
    [{ lookback: 1.5 }, /lookback/],
    [{ horizon: 0 }, /horizon/],
    [{ horizon: 2.5 }, /horizon/],
    [{ season: 0 }, /season/],
    [{ season: 1.5 }, /season/],
    [{ lookbak: 3 }, /lookbak/],
  ];
  for (const [change, message] of refused) {
    const parsed = forecast.params().safeParse({ ...base, ...change });
    assert.ok(!parsed.success, JSON.stringify(change));
    assert.match(z.prettifyError(parsed.error), message);
  }
});
