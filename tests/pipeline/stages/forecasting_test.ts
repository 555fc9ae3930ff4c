/** @file The stages on a task with given data: forecasting a series whose errors a loop over raw numbers gives. */
import assert from "node:assert/strict";
import type { ForecastingTask } from "../../../lib/tasks/forecasting/forecasting_task.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { DivergenceError } from "../../../lib/train/trainer.ts";
import * as evaluate from "../../../pipeline/stages/evaluate.ts";
import * as reference from "../../../pipeline/stages/reference.ts";
import * as train from "../../../pipeline/stages/train.ts";
import * as tune from "../../../pipeline/stages/tune.ts";
import { artifact, runStage, type StageOptions } from "./run_stage.ts";

/** 41 rows of two columns: 28 for training, 5 for validation, 8 for test. */
const columns: Record<string, number[]> = { a: [], b: [] };
for (let t = 0; t < 41; t++) {
  columns.a.push(Math.round(100 * Math.sin(t) + 3 * t));
  columns.b.push((t * t * 7) % 31 - (t > 30 ? 40 : 0));
}
const csv = "a,b\n" + columns.a.map((a, t) => `${a},${columns.b[t]}`).join("\n") + "\n";

const options = { dataset: "made", split: "70/10/20", lookback: 3, horizon: 3 };
const forecasting = (more: object = {}) => ({
  name: "forecasting",
  options: { ...options, ...more },
});
const given = (text = csv) => artifact({ files: { data: text } });

/** A reference of the task, by name or in place of one. */
async function run(
  more: object,
  name: string | { score: (...args: never[]) => unknown },
  { text = csv, options = {} }: { text?: string; options?: object } = {},
) {
  const own = typeof name === "string" ? { name } : { name: "own" };
  const params = { task: forecasting(more), reference: { ...own, options } };
  const modules: StageOptions["modules"] = typeof name === "string"
    ? {}
    : { reference: { reference: name } };
  const inputs = { data: given(text) };
  const result = await runStage(reference, params, { modules, inputs });
  assert.deepEqual(Object.keys(result.files), ["scores.json"]);
  return { ...result, scores: result.json("scores.json") };
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

Deno.test("a reference leaves the errors of test and validation, by column and as scalars", async () => {
  const { scores, scalars } = await run({ read: { columns: ["b", "a"] } }, "repeat_last");
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
  const { loss, floor, optimum, gapClosed } = scalars;
  assert.equal(loss, scores.test.mse);
  // It is the floor itself; the optimum is least squares, which is worse on these few rows: there is no gap to close.
  assert.equal(floor, loss);
  assert.ok(optimum > floor && Number.isNaN(gapClosed));
  const ols = await run({ read: { columns: ["b", "a"] } }, "ols");
  assert.equal(ols.scalars.loss, optimum);
  assert.ok(ols.scores.fit.trainingLoss > 0);
});

Deno.test("a block is as many test origins as the horizon has rows, and an incomplete one is left out", async () => {
  for (const [horizon, blocks] of [[1, 8], [2, 3], [3, 2], [4, 1], [5, 0]]) {
    const { scores } = await run({ horizon }, "repeat_last");
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
    (await run({ season }, "seasonal_naive")).scores.validation !== undefined;
  assert.deepEqual([await scored(28), await scored(29)], [true, false]);
});

/** A reference that says what it was given. */
function spy() {
  const seen: { problem?: Problem; options?: unknown } = {};
  const score = (task: ForecastingTask, ...[, , , options]: unknown[]) => {
    Object.assign(seen, { problem: task.problem, options });
    return { loss: 1, floor: 2, optimum: 0, gapClosed: 0.5, details: {} };
  };
  return { seen, score };
}

Deno.test("every option of a forecasting task reaches its problem, and its notes the log", async () => {
  const text = "t;c;a;b\n" +
    columns.a.map((a, t) => `x${t};7;${t === 5 ? "-9999" : a};${columns.b[t]}`).join("\n");
  const { seen, score } = spy();
  const { logged } = await run(
    {
      lookback: 4,
      horizon: 2,
      season: 6,
      dropConstant: true,
      read: { ignore: ["t"], missing: [-9999] },
    },
    { score },
    { text, options: { ridge: 1 } },
  );
  const problem = seen.problem!;
  assert.deepEqual([problem.lookback, problem.horizon, problem.season], [4, 2, 6]);
  assert.deepEqual(problem.columns, ["a", "b"]);
  assert.deepEqual(problem.split.train, [0, 28]);
  assert.equal(problem.channels[0][5], problem.channels[0][4]);
  assert.deepEqual(seen.options, { ridge: 1 });
  assert.equal(logged.length, 2);
  assert.match(logged[0], /column "a": 1 missing cells/);
  assert.match(logged[1], /column "c" is constant/);
  const whole = { read: { ignore: ["t"] } };
  await assert.rejects(run(whole, { score }, { text }), /made.*"c": constant/);
  await assert.rejects(
    run({ split: "etth" }, { score }),
    /made: 41 rows, but split etth needs 14400/,
  );
});

Deno.test("a reference is given its options: so great a ridge shrinks every forecast to the mean of the targets", async () => {
  const shrunk = (await run({}, "ols", { options: { ridge: 1e9 } })).scores.test.mse;
  const fitted = (await run({}, "ols")).scores.test.mse;
  assert.ok(Math.abs(shrunk - fitted) > 0.01, `${shrunk} and ${fitted}`);
});

/** Deep linear networks on all training windows at once. */
const deep = {
  task: forecasting({ loss: "gram" }),
  model: { name: "deep_linear", options: { depth: 2 } },
};
const seeds = [{ instance: 0, initialisation: 3, data: 0 }];
const training = {
  ...deep,
  seeds,
  ...{ batch: 1, warmup: 100, floor: 0, weightDecay: 0, clipNorm: null },
};

Deno.test("a deep linear network trains until it is as good as least squares, and is scored by its matrix", async () => {
  const inputs = { data: given() };
  const params = { ...training, steps: 1500, learningRate: 0.03, tolerance: 1e-4 };
  const trained = await runStage(train, params, { inputs });
  const { steps } = trained.scalars;
  assert.ok(steps < 1500 && steps % 100 === 0, `${steps} steps`);
  const curve = trained.curve("excess");
  assert.deepEqual(curve.map(({ step }) => step), curve.map((_, i) => 100 * i));
  assert.equal(curve.at(-1)!.step, steps);
  assert.ok(curve.at(-1)!.value <= 1e-4 && curve.at(-2)!.value > 1e-4);
  assert.deepEqual(
    trained.scalars.tokens,
    steps * 2 * 28,
    "all rows of both columns at every step",
  );
  const scored = await runStage(evaluate, deep, {
    inputs: { ...inputs, model: artifact(trained) },
  });
  const { fit, test } = scored.json("scores.json");
  // By another order of sums.
  assert.ok(Math.abs(fit.excess - curve.at(-1)!.value) < 1e-12);
  const ols = await run({}, "ols");
  assert.ok(Math.abs(fit.trainingLoss / ols.scores.fit.trainingLoss - 1 - fit.excess) < 1e-12);
  assert.equal(scored.scalars.loss, test.mse);
  assert.ok(Math.abs(test.mse / ols.scores.test.mse - 1) < 0.01, `${test.mse}`);
  assert.equal(scored.scalars.optimum, ols.scalars.loss);
});

Deno.test("without a tolerance it takes every step, and one that diverges says so", async () => {
  const inputs = { data: given() };
  const params = { ...training, steps: 6, learningRate: 0.03 };
  const { scalars, progress, curve } = await runStage(train, params, { inputs });
  assert.equal(scalars.steps, 6);
  assert.deepEqual(progress.at(-1), [6, 6]);
  assert.deepEqual(curve("excess").map(({ step }) => step), [0, 6]);
  const model = { name: "deep_linear", options: { depth: 9 } };
  await assert.rejects(
    runStage(train, { ...params, model, learningRate: 1e30, steps: 120 }, { inputs }),
    DivergenceError,
  );
});

Deno.test("a tolerance needs one seed, and a task that knows its lowest loss", async () => {
  const inputs = { data: given() };
  const params = { ...training, steps: 6, learningRate: 0.03, tolerance: 0.1 };
  const two = { ...params, seeds: [...seeds, ...seeds] };
  await assert.rejects(runStage(train, two, { inputs }), /tolerance 0\.1, but there are 2 seeds/);
  const windows = { ...params, task: forecasting() };
  await assert.rejects(
    runStage(train, windows, { inputs }),
    /tolerance 0\.1, but the task does not know its lowest loss/,
  );
});

Deno.test("tune reads the data of a task too", async () => {
  const { tolerance: _, ...params } = { ...training, tolerance: 0, warmup: 1 };
  const { seeds: [seed], floor: __, ...common } = params;
  const tuned = await runStage(
    tune,
    { ...common, seeds: [seed], rates: [1e-6, 0.03], rungs: [10] },
    {
      inputs: { data: given() },
    },
  );
  assert.equal(tuned.scalars.learningRate, 0.03);
  await assert.rejects(
    runStage(tune, { ...common, seeds: [seed], rates: [1], rungs: [1] }),
    /the input `data` is no text file/,
  );
});

Deno.test("options that a forecasting task refuses are named", async () => {
  const refused: [object, RegExp][] = [
    [{ split: "80/20" }, /split = "80\/20"/],
    [{ lookback: 0 }, /lookback = 0/],
    [{ lookback: 1.5 }, /lookback = 1\.5/],
    [{ horizon: 0 }, /horizon = 0/],
    [{ season: 1.5 }, /season = 1\.5/],
    [{ loss: "gramm" }, /loss = "gramm"/],
    [{ lookbak: 3 }, /lookbak/],
  ];
  for (const [change, message] of refused) {
    await assert.rejects(run(change, "repeat_last"), (error: Error) => {
      assert.match(error.message, message);
      assert.match(error.message, /^forecasting options: /);
      return true;
    });
  }
});
