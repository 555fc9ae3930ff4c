/** @file The benchmarks of the M4 competition: their parts by definition, and the scores that were published for them. */
import assert from "node:assert/strict";
import published from "../../../data/published/m4.json" with { type: "json" };
import { readRowSeries } from "../../../lib/data/row_series.ts";
import { smooth } from "../../../lib/tasks/panel/exponential_smoothing.ts";
import { task as module } from "../../../lib/tasks/panel/panel.ts";
import { reference as naive2 } from "../../../lib/tasks/panel/references/naive2.ts";
import { reference as ses } from "../../../lib/tasks/panel/references/ses.ts";
import { reference as theta } from "../../../lib/tasks/panel/references/theta.ts";
import type { PanelTask } from "../../../lib/tasks/panel/panel_task.ts";
import type { PanelScores } from "../../../lib/tasks/panel/scores.ts";
import {
  adjusted,
  isSeasonal,
  seasonalIndices,
} from "../../../lib/tasks/panel/seasonal_adjustment.ts";
import type { ReferenceModule } from "../../../lib/tasks/task.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { keyOf, normals } from "../../../lib/random/random.ts";

const tensor = (data: Float64Array): Tensor => ({ dtype: "float64", shape: [data.length], data });
const squaresOf = (y: ArrayLike<number>, alpha: number, first: number) => {
  let level = first, squares = 0;
  for (let t = 0; t < y.length; t++) {
    const error = y[t] - level;
    squares += error * error;
    level += alpha * error;
  }
  return { level, squares };
};

Deno.test("smoothing finds the rate and first level with the smallest one-step errors", () => {
  for (const seed of [0, 1, 2]) {
    let level = 10;
    const y = normals(keyOf(seed), 60).map((e, t) => (level += 0.3 * e) + (t % 3) / 3);
    const { alpha, level: last, squares } = smooth(y);
    let lowest = Infinity;
    for (let a = 0.0001; a <= 0.9999; a += 0.0101) {
      for (let first = 6; first <= 14; first += 0.05) {
        lowest = Math.min(lowest, squaresOf(y, a, first).squares);
      }
    }
    assert.ok(squares <= lowest + 1e-9 && squares > 0.97 * lowest, `${squares} ${lowest}`);
    // Some first level gives just these errors and this last level.
    const at = (first: number) => squaresOf(y, alpha, first);
    const firsts = Array.from({ length: 4001 }, (_, i) => 6 + i * 0.002);
    const best = firsts.reduce((a, b) => at(a).squares <= at(b).squares ? a : b);
    assert.ok(Math.abs(at(best).squares - squares) < 1e-3 * squares);
    assert.ok(Math.abs(at(best).level - last) < 1e-2);
  }
});

Deno.test("a random walk is followed, noise is averaged, one value is its own forecast", () => {
  let level = 0;
  const walk = smooth(normals(keyOf(7), 400).map((e) => level += e));
  assert.ok(walk.alpha > 0.85 && Math.abs(walk.level - level) < 0.5);
  const noise = normals(keyOf(8), 400);
  const flat = smooth(noise);
  assert.ok(flat.alpha < 0.05);
  assert.ok(Math.abs(flat.level - noise.reduce((a, b) => a + b) / 400) < 0.2);
  assert.ok(Math.abs(smooth(Float64Array.of(5)).level - 5) < 1e-9);
  const constant = smooth(new Float64Array(20).fill(3));
  assert.ok(Math.abs(constant.level - 3) < 1e-9 && constant.squares < 1e-9);
});

Deno.test("indices are ratios to the centred moving average, averaged over seasons, with a mean of 1", () => {
  const pattern = [0.5, 1, 1.5, 1];
  const y = Float64Array.from({ length: 19 }, (_, t) => 8 * pattern[t % 4]);
  seasonalIndices(y, 4).forEach((index, k) => assert.ok(Math.abs(index - pattern[k]) < 1e-12));
  // Odd season, by hand: averages of three rows are 4, 5, 6, 7.
  const odd = seasonalIndices(Float64Array.of(1, 4, 7, 4, 7, 10), 3);
  const raw = [4 / 6, (4 / 4 + 7 / 7) / 2, 7 / 5];
  const mean = (raw[0] + raw[1] + raw[2]) / 3;
  odd.forEach((index, k) => assert.ok(Math.abs(index - raw[k] / mean) < 1e-12, `${odd}`));
});

Deno.test("a season is one where its autocorrelation is beyond what the lags before it explain", () => {
  const seasonal = Float64Array.from({ length: 40 }, (_, t) => 10 + [3, 1, -2, -2][t % 4]);
  assert.equal(isSeasonal(seasonal, 4), true);
  assert.equal(isSeasonal(seasonal.subarray(0, 11), 4), false); // fewer than three
  assert.equal(isSeasonal(seasonal, 1), false);
  assert.equal(isSeasonal(normals(keyOf(2), 60), 4), false);
  // A ramp is autocorrelated at every lag, which those before the season explain.
  assert.equal(isSeasonal(Float64Array.from({ length: 40 }, (_, t) => t), 12), false);
  const { values, indexAt } = adjusted(seasonal, 4);
  const spread = Math.max(...values) - Math.min(...values);
  assert.ok(spread < 0.1 * 5, `${spread}`);
  assert.ok(indexAt(0) > 1.2 && indexAt(4) === indexAt(0) && indexAt(2) < 0.9);
  const plain = adjusted(normals(keyOf(2), 60), 4);
  assert.equal(plain.indexAt(3), 1);
});

/** A forecast of one series, cut before its last rows. */
async function forecastOf(reference: ReferenceModule<PanelTask>, y: Float64Array, season: number) {
  const whole = Float64Array.of(...y, 1, 2, 3);
  const task = module.configure({ season, horizon: 3, windows: 1, lookback: 2 }, {
    tensors: { y: tensor(whole) },
  });
  let point: Float64Array | undefined;
  const watched: PanelTask = {
    ...task,
    async evaluateForecaster(forecaster, fit) {
      ({ point } = await forecaster.forecast(task.panel.series[0], y.length));
      return { loss: 0, floor: 0, optimum: 0, gapClosed: NaN, details: fit };
    },
  };
  await reference.score(watched, 0, {}, {}, {});
  return [...point!];
}

Deno.test("Naive 2 puts the season back on the last adjusted value, Theta is half trend and half smoothed line", async () => {
  const seasonal = Float64Array.from({ length: 41 }, (_, t) => 10 * [1.3, 1.1, 0.8, 0.8][t % 4]);
  const found = await forecastOf(naive2, seasonal, 4);
  [1.1, 0.8, 0.8].forEach((index, h) => assert.ok(Math.abs(found[h] - 10 * index) < 1e-9));
  // Of a ramp both lines are the ramp; the smoothed one stays at its last level.
  const ramp = Float64Array.from({ length: 30 }, (_, t) => 5 + 2 * t);
  const up = await forecastOf(theta, ramp, 1);
  const { level } = smooth(ramp);
  up.forEach((value, h) => assert.ok(Math.abs(value - (level + 5 + 2 * (30 + h)) / 2) < 1e-9));
  const noisy = normals(keyOf(3), 50).map((e, t) => 20 + t / 4 + e);
  const [slope, intercept] = (() => {
    const t = [...noisy.keys()], mean = (x: number[]) => x.reduce((a, b) => a + b) / x.length;
    const cross = mean(t.map((i) => (i - mean(t)) * noisy[i]));
    const slope = cross / mean(t.map((i) => (i - mean(t)) ** 2));
    return [slope, mean([...noisy]) - slope * mean(t)];
  })();
  const second = smooth(noisy.map((y, t) => 2 * y - (intercept + slope * t)));
  const want = [50, 51, 52].map((t) => (intercept + slope * t + second.level) / 2);
  (await forecastOf(theta, noisy, 1)).forEach((v, h) => assert.ok(Math.abs(v - want[h]) < 1e-8));
  assert.deepEqual(await forecastOf(ses, noisy, 1), Array(3).fill(smooth(noisy).level));
});

Deno.test("forecasts below zero are zero, and there are no quantiles", async () => {
  const falling = Float64Array.from({ length: 30 }, (_, t) => 29 - t);
  assert.equal((await forecastOf(theta, falling, 1)).at(-1), 0);
  const task = module.configure(
    { season: 1, horizon: 3, windows: 1, lookback: 2, levels: [0.5] },
    { tensors: { y: tensor(falling) } },
  );
  await assert.rejects(
    async () => await theta.score(task, 0, {}, {}, {}),
    /theta has no quantiles; leave levels out/,
  );
});

const mirror = Deno.env.get("DEEP_LINEAR_MIRROR");
for (const [name, season, horizon] of [["Weekly", 1, 13], ["Hourly", 24, 48]] as const) {
  Deno.test({
    name: `M4 ${name}: Naive 2 as published, and Theta, within .005`,
    ignore: !mirror,
    async fn() {
      const read = async (part: string) =>
        readRowSeries(
          await Deno.readFile(`${mirror}/m4/${part}/${name}-${part.toLowerCase()}.csv`),
          name,
        );
      const test = await read("Test");
      const tensors = Object.fromEntries((await read("Train")).map(({ name, values }, i) => {
        assert.equal(test[i].name, name);
        return [name, tensor(Float64Array.of(...values, ...test[i].values))];
      }));
      const task = module.configure({ season, horizon, windows: 1, lookback: horizon }, {
        tensors,
      });
      for (const [reference, model] of [[naive2, "Naive2"], [theta, "Theta"]] as const) {
        const { details } = await reference.score(task, 0, {}, {}, {});
        const { smape, mase, series } = details as PanelScores;
        const row = published.rows.find((row) =>
          row.model === model && row.frequency === name.toLowerCase()
        )!;
        assert.ok(Math.abs(smape - row.smape) < 0.005, `${model} ${smape}`);
        assert.ok(Math.abs(mase - row.mase) < 0.005, `${model} ${mase}`);
        assert.ok(Math.abs(series.reduce((a, b) => a + b) / series.length - mase) < 1e-9);
      }
    },
  });
}
