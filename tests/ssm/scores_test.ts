import assert from "node:assert/strict";
import {
  createSystem,
  forecast,
  type Forecasts,
  forecastVariance,
  kalman,
  nextPatch,
  oneStep,
  score,
  simulate,
  zeroVariance,
} from "../../lib/ssm/mod.ts";

const system = createSystem(5, { lambda: 0.96 });
const filter = kalman(system, 96);
const y = simulate(system, 1, { batch: 4096, length: 96 });
const grids: Record<string, Forecasts> = {
  "one step": oneStep(96),
  patches: nextPatch(96, 8),
  rollout: { contexts: [64], horizons: [2, 4, 8, 16, 32] },
};

Deno.test("the filter's measured loss agrees with its exact one on 4,096 sequences", () => {
  for (const [name, forecasts] of Object.entries(grids)) {
    const { overall, byHorizon } = score(filter, y, forecast(filter, y, forecasts), forecasts);
    for (const one of [overall, ...byHorizon]) {
      assert.equal(one.ratio, 1);
      assert.equal(one.gapClosed, 1);
      assert.ok(one.rawRatioError < 0.03);
      assert.ok(Math.abs(one.rawRatio - 1) < 3.29 * one.rawRatioError, name);
      assert.ok(Math.abs(one.rawRatio - 1 - one.discrepancy * one.rawRatioError) < 1e-12);
    }
  }
});

Deno.test("predicting zero has gap closed 0, by orthogonality and raw", () => {
  for (const [name, forecasts] of Object.entries(grids)) {
    const zero = forecast(filter, y, forecasts);
    zero.data.fill(0);
    const { overall, byHorizon } = score(filter, y, zero, forecasts);
    for (const one of [overall, ...byHorizon]) {
      assert.ok(one.zero > 1);
      assert.ok(Math.abs(one.ratio - one.zero) < 3.29 * one.ratioError, name);
      assert.ok(Math.abs(one.discrepancy) < 3.29, name);
      assert.equal(one.rawZero, one.rawRatio);
      assert.ok(one.ratioError < one.rawRatioError);
    }
    assert.ok(Math.abs(overall.gapClosed) < 0.05);
  }
});

Deno.test("a filter shrunk by a scores 1 + (1 - a)^2 (zero - 1), with far less noise than raw", () => {
  for (const forecasts of Object.values(grids)) {
    const shrunk = forecast(filter, y, forecasts);
    shrunk.data.forEach((value, i) => shrunk.data[i] = 0.8 * value);
    const { overall } = score(filter, y, shrunk, forecasts);
    const expected = 1 + 0.04 * (overall.zero - 1);
    assert.ok(Math.abs(overall.ratio - expected) < 3.29 * overall.ratioError);
    assert.ok(Math.abs(overall.gapClosed - 0.96) < 0.01);
    assert.ok(Math.abs(overall.discrepancy) < 3.29);
    assert.ok(overall.ratioError < 0.1 * overall.rawRatioError);
  }
});

Deno.test("every (context, horizon) is divided by its own variance before the mean", () => {
  const small = { shape: [1, 96, 2], data: y.data.slice(0, 192) };
  const forecasts = { contexts: [3, 60], horizons: [1, 30] };
  const optimal = forecast(filter, small, forecasts).data;
  const guess = Float64Array.from(optimal, (value, i) => value + (i + 1) / 10); // [1, 2, 2, 2]
  const variance = forecastVariance(filter, forecasts);
  const zero = zeroVariance(filter, forecasts);
  const [excess, raw] = [[0, 0], [0, 0]];
  [[3, 1], [3, 30], [60, 1], [60, 30]].forEach(([context, h], cell) => {
    for (let j = 0; j < 2; j++) {
      const target = small.data[(context + h - 1) * 2 + j];
      excess[cell % 2] += ((2 * cell + j + 1) / 10) ** 2 / variance[cell] / 4;
      raw[cell % 2] += (target - guess[2 * cell + j]) ** 2 / variance[cell] / 4;
    }
  });
  const prediction = { shape: [1, 2, 2, 2], data: guess };
  const { overall, byHorizon } = score(filter, small, prediction, forecasts);
  byHorizon.forEach((one, h) => {
    assert.ok(Math.abs(one.ratio - 1 - excess[h]) < 1e-10);
    assert.ok(Math.abs(one.rawRatio - raw[h]) < 1e-10);
    const exact = (zero[h] / variance[h] + zero[h + 2] / variance[h + 2]) / 2;
    assert.ok(Math.abs(one.zero - exact) < 1e-12);
    assert.ok(Number.isNaN(one.ratioError)); // one sequence has no spread
  });
  assert.ok(Math.abs(overall.ratio - (byHorizon[0].ratio + byHorizon[1].ratio) / 2) < 1e-12);
});

Deno.test("where the past says nothing there is no gap to close", () => {
  const short = createSystem(0, { lambda: 0.1 });
  const forecasts = { contexts: [4], horizons: [40] };
  const few = simulate(short, 0, { batch: 2, length: 44 });
  const own = kalman(short, 4);
  const { overall } = score(own, few, forecast(own, few, forecasts), forecasts);
  assert.ok(Math.abs(overall.zero - 1) < 1e-9);
  assert.ok(Number.isNaN(overall.gapClosed));
});

Deno.test("predictions that do not fit, or have diverged, are refused", () => {
  const small = { shape: [1, 96, 2], data: y.data.slice(0, 192) };
  const forecasts = { contexts: [10, 20], horizons: [1, 2] };
  const prediction = forecast(filter, small, forecasts);
  prediction.data[6] = NaN; // context 20, horizon 2
  assert.throws(
    () => score(filter, small, prediction, forecasts),
    /sequence 0, horizon 2 is not finite/,
  );
  assert.throws(
    () => score(filter, small, { ...prediction, shape: [1, 4, 2] }, forecasts),
    /expected \[batch, contexts, horizons, obs\] = \[1,2,2,2\]/,
  );
  assert.throws(
    () => score(filter, small, prediction, { contexts: [96], horizons: [1] }),
    /reach y_97, but the sequences have 96 tokens/,
  );
});
