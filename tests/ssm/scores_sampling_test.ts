/** @file Scores of predictors whose exact score is known, on many simulated sequences. */
import assert from "node:assert/strict";
import {
  createSystem,
  forecast,
  type Forecasts,
  kalman,
  nextPatch,
  oneStep,
  score,
  simulate,
} from "../../lib/ssm/mod.ts";

const system = createSystem(5, { lambda: 0.96 });
const filter = kalman(system, 96);
const y = simulate(system, 1, { batch: 1024, length: 96 });
const grids: Record<string, Forecasts> = {
  "one step": oneStep(96),
  patches: nextPatch(96, 8),
  rollout: { contexts: [64], horizons: [2, 4, 8, 16, 32] },
};

Deno.test("the filter's measured loss agrees with its exact one on 1,024 sequences", () => {
  for (const [name, forecasts] of Object.entries(grids)) {
    const { overall, byHorizon } = score(filter, y, forecast(filter, y, forecasts), forecasts);
    for (const one of [overall, ...byHorizon]) {
      assert.equal(one.ratio, 1);
      assert.equal(one.gapClosed, 1);
      assert.ok(one.rawRatioError < 0.06);
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
    assert.ok(Math.abs(overall.gapClosed) < 0.1);
  }
});

Deno.test("a filter shrunk by a scores 1 + (1 - a)^2 (zero - 1), with far less noise than raw", () => {
  for (const forecasts of Object.values(grids)) {
    const shrunk = forecast(filter, y, forecasts);
    shrunk.data.forEach((value, i) => shrunk.data[i] = 0.8 * value);
    const { overall } = score(filter, y, shrunk, forecasts);
    const expected = 1 + 0.04 * (overall.zero - 1);
    assert.ok(Math.abs(overall.ratio - expected) < 3.29 * overall.ratioError);
    assert.ok(Math.abs(overall.gapClosed - 0.96) < 0.02);
    assert.ok(Math.abs(overall.discrepancy) < 3.29);
    assert.ok(overall.ratioError < 0.1 * overall.rawRatioError);
  }
});
