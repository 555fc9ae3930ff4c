/** @file The table of linear forecasters: its numbers and its verdict, from scores made by hand. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/depth_scaling.ts";
import * as etth1 from "../../../../pipeline/experiments/deep_linear_networks/depth_scaling_etth1.ts";
import { close } from "../close.ts";
import { graphOf, runsOf, type Table, tableOf } from "../grids.ts";
import { type Forecast, forecastOf } from "./forecast_of.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { interval } from "../transformer_filters/interval.ts";

interface Scores {
  test: { mse: number; mae: number; windows: number };
  blocks: number[];
  fit: { excess?: number };
}

const naive = ["repeat_last", "seasonal_naive"];

/** Scores of a forecaster when nothing else is asked for. */
function usual({ model, options: { depth } }: Forecast): Scores {
  const test = { mse: naive.includes(model) ? 2 : 1, mae: 0.5, windows: 90 };
  return { test, blocks: [], fit: depth === undefined ? {} : { excess: 1e-4 } };
}

/** The table of the runs of both experiments that the profile has. */
async function table(of: (run: Forecast) => Scores, profile = "smoke"): Promise<Table> {
  const runs = [etth1, experiment].flatMap((experiment) =>
    graphOf(experiment, profile).later.size ? [] : runsOf(experiment, profile)
  );
  const made = runs.map(({ tags, job }) => ({ tags, scores: of(forecastOf(job)) }));
  // Of numbers, the order of the runs says nothing.
  return await tableOf(experiment, made.toReversed());
}

Deno.test("rows go from the simplest forecaster to the deepest network, horizon by horizon", async () => {
  const { summary } = await table(usual, "standard");
  const rows = summary.rows.map(({ setting, model }) => `${setting}: ${model}`);
  const closed = ["repeat-last", "seasonal-naive", "ols", "ols-in"];
  const networks = (depths: number[]) => depths.map((depth) => `deep-linear-${depth}`);
  const setting = (name: string, depths: number[]) =>
    [...closed, ...networks(depths)].map((model) => `${name}: ${model}`);
  assert.deepEqual(rows, [
    ...setting("sp500-daily, 60 to 20", [1, 10, 50]),
    ...setting("seattle-weather, 60 to 14", [1, 10, 50]),
    ...setting("etth1, 336 to 96", [1, 10, 50]),
    ...setting("etth1, 336 to 192", [1, 10]),
    ...setting("etth1, 336 to 336", [1, 10]),
    ...setting("etth1, 336 to 720", [1, 10]),
  ]);
  for (const { setting, lookback, horizon } of summary.rows) {
    assert.match(String(setting), new RegExp(`, ${lookback} to ${horizon}$`));
  }
  assert.match(summary.findings[0], /^15 of 15 deep linear networks \(up to 50 layers\)/);
});

/** Squared errors of five blocks, which differ from those of OLS by other amounts than the means do. */
const blocks: Record<string, number[]> = {
  repeat_last: [4, 5, 6, 7, 9],
  seasonal_naive: [3, 5, 5, 3, 4],
  ols: [1, 2, 1.5, 1, 3],
  ols_in: [1.25, 2, 1.5, 1.5, 2],
  deep_linear: [1.5, 2.25, 1.5, 1, 3.5],
};
const means: Record<string, number> = {
  ...{ repeat_last: 6, seasonal_naive: 4.5, ols: 1.75, ols_in: 1.625, deep_linear: 1.875 },
};

Deno.test("errors have the half-width of their blocks, differences that of the paired blocks", async () => {
  const made = await table((run) => {
    const depth = run.options.depth ?? 0;
    const mse = means[run.model] + depth / 4;
    const test = { mse, mae: mse / 2, windows: 60 + depth };
    return { test, blocks: blocks[run.model], fit: depth ? { excess: depth / 8 } : {} };
  });
  const rows: [string, string, number][] = [
    ["repeat-last", "repeat_last", 0],
    ["seasonal-naive", "seasonal_naive", 0],
    ["ols", "ols", 0],
    ["ols-in", "ols_in", 0],
    ["deep-linear-1", "deep_linear", 1],
    ["deep-linear-3", "deep_linear", 3],
  ];
  for (const [model, file, depth] of rows) {
    const mse = made.cell({ model }, "mse");
    const mean = means[file] + depth / 4;
    const own = interval(blocks[file]);
    close(mse.value, mean);
    close(mse.low, mean - (own.high - own.low) / 2);
    close(mse.high, mean + (own.high - own.low) / 2);
    assert.equal(mse.n, 60 + depth);
    const mae = made.cell({ model }, "mae");
    assert.deepEqual([mae.value, mae.low, mae.n], [mean / 2, undefined, 60 + depth]);
    assert.equal("excess" in made.row({ model }), depth > 0);
    if (depth) assert.equal(made.cell({ model }, "excess").value, depth / 8);
    if (model === "ols") {
      assert.ok(!("over_ols" in made.row({ model })));
      continue;
    }
    const over = made.cell({ model }, "over_ols");
    const paired = interval(blocks[file].map((block, i) => block - blocks.ols[i]));
    const difference = mean - means.ols;
    close(over.value, difference);
    close(over.low, difference - (paired.high - paired.low) / 2);
    close(over.high, difference + (paired.high - paired.low) / 2);
    const runs = [mse, made.cell({ model: "ols" }, "mse")].flatMap((cell) => cell.runs);
    assert.deepEqual(over.runs.toSorted(), runs.toSorted());
  }
});

Deno.test("one block or two have no interval, three have", async () => {
  const [model, ols] = [[1, 2, 4], [1, 3, 3]];
  for (const n of [1, 2, 3]) {
    const made = await table((run) => ({
      ...usual(run),
      blocks: (run.model === "ols" ? ols : model).slice(0, n),
    }));
    const [mse, over] = ["mse", "over_ols"].map((id) => made.cell({ model: "ols-in" }, id));
    if (n < 3) assert.deepEqual([mse.low, over.high], [undefined, undefined], `${n} blocks`);
    else assert.ok(mse.low! < 1 && mse.high! > 1 && over.low! < 0 && over.high! > 0);
  }
});

/** Networks of 1 and of 3 layers, by excess training loss and test error beside that of OLS. */
async function networks(
  one: [excess: number, difference: number],
  three: [excess: number, difference: number],
) {
  return await table((run) => {
    const { depth } = run.options;
    if (depth === undefined) {
      const { test, ...rest } = usual(run);
      return { ...rest, test: { ...test, mse: run.model === "ols" ? 0 : 0.5 } };
    }
    const [excess, mse] = depth === 1 ? one : three;
    return { test: { mse, mae: 1, windows: 9 }, blocks: [], fit: { excess } };
  });
}

Deno.test("converged networks decide, each of them, by their largest difference from OLS", async () => {
  const outcome = async (...made: Parameters<typeof networks>) => (await networks(...made)).outcome;
  const good: [number, number] = [1e-4, 1e-4];
  assert.equal(await outcome(good, good), "supported");
  // Both bounds belong to what is allowed.
  assert.equal(await outcome(good, [1e-3, 1e-3]), "supported");
  assert.equal(await outcome(good, [1e-3, -1e-3]), "supported");
  assert.equal(await outcome(good, [1e-3, 1.001e-3]), "refuted");
  assert.equal(await outcome([1e-3, -1.001e-3], good), "refuted");
  // What has not converged decides nothing.
  assert.equal(await outcome(good, [1.001e-3, 0.5]), "supported");
  assert.equal(await outcome([1.001e-3, 0.5], [1.001e-3, 0.5]), "undecided");
  // Nothing fits better than least squares but for rounding, which is no lack of convergence.
  assert.equal(await outcome(good, [-1e-9, 0.5]), "refuted");
});

Deno.test("lookbacks stand apart, the shorter first, each beside its own least squares", async () => {
  const errors = { "repeat-last": 3, "seasonal-naive": 2, "ols": 1, "ols-in": 1.5 };
  const made = await tableOf(
    experiment,
    [16, 8].flatMap((lookback) => {
      const run = (own: Tags, error: number) => {
        const test = { mse: lookback * error, mae: 1, windows: 9 };
        const tags = { dataset: "etth1", lookback, horizon: 4, ...own };
        return { tags, scores: { test, blocks: [], fit: {} } };
      };
      const closed = Object.entries(errors).map(([model, error]) => run({ model }, error));
      return [...closed, run({ model: "deep-linear", depth: 1 }, 1)];
    }),
  );
  assert.deepEqual(made.names("lookback"), [8, 16]);
  for (const lookback of [8, 16]) {
    const of = (model: string) => made.cell({ lookback, model }, "over_ols").value;
    assert.deepEqual(["repeat-last", "ols-in"].map(of), [2 * lookback, lookback / 2]);
  }
});

Deno.test("reason and findings count networks and settings", async () => {
  const { summary } = await networks([1e-4, -2.46e-4], [5e-3, 0.1]);
  assert.equal(
    summary.verdict.reason,
    "1 of 2 networks converged; the largest difference of their test MSE from OLS is 0.00025.",
  );
  assert.match(
    summary.findings[0],
    /^1 of 2 deep linear networks \(up to 3 layers\) .* most 0\.00025\.$/,
  );
  assert.match(summary.findings[1], /in 1 of 1 settings\.$/);
});

Deno.test("least squares must beat both naive forecasts of its own setting", async () => {
  const errors: Record<string, Record<string, number>> = {
    "seattle-weather": { repeat_last: 0.9, seasonal_naive: 2 },
    "sp500-daily": { repeat_last: 2, seasonal_naive: 1 },
  };
  const { summary } = await table((run) => {
    const { test, ...rest } = usual(run);
    const mse = errors[run.dataset]?.[run.model] ?? (run.horizon === 96 ? 1.5 : test.mse);
    return { ...rest, test: { ...test, mse } };
  }, "standard");
  // Of six settings the longer three of ETTh1; equal is not better.
  assert.match(summary.findings[1], /in 3 of 6 settings\.$/);
});

Deno.test("an excess that is no number is refused", async () => {
  await assert.rejects(
    networks([NaN, 0], [1e-4, 1e-4]),
    /excess\.value is null: expected a number/,
  );
});
