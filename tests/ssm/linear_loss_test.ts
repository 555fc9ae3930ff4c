/** @file Exact excess losses of linear predictors against sampled ones, and where they are known. */
import assert from "node:assert/strict";
import {
  bestCausalMap,
  createSystem,
  expectedExcess,
  forecastVariance,
  kalman,
  oneStep,
  score,
  simulate,
  zeroVariance,
} from "../../lib/ssm/mod.ts";

const system = createSystem(3, { latentDim: 6, lambda: 0.9 });
const length = 24;
const filter = kalman(system, length);

/** Predictions of y_2..y_T by a response, as a plain loop. */
function predicted(
  y: ReturnType<typeof simulate>,
  response: { shape: number[]; data: Float64Array },
) {
  const [batch, , obs] = y.shape;
  const out = new Float64Array(batch * (length - 1) * obs);
  for (let b = 0; b < batch; b++) {
    for (let t = 1; t < length; t++) {
      for (let k = 0; k < response.shape[0] && k < t; k++) {
        for (let o = 0; o < obs; o++) {
          for (let j = 0; j < obs; j++) {
            out[(b * (length - 1) + t - 1) * obs + o] += response.data[(k * obs + o) * obs + j] *
              y.data[(b * length + t - 1 - k) * obs + j];
          }
        }
      }
    }
  }
  return { shape: [batch, length - 1, 1, obs], data: out };
}

Deno.test("predicting zero loses what zero loses, exactly", () => {
  const forecasts = oneStep(length);
  const [zero, own] = [zeroVariance(filter, forecasts), forecastVariance(filter, forecasts)];
  const expected = zero.reduce((sum, loss, i) => sum + loss / own[i] - 1, 0) / zero.length;
  for (const lags of [1, 5]) {
    const nothing = { shape: [lags, 2, 2], data: new Float64Array(lags * 4) };
    assert.ok(Math.abs(expectedExcess(filter, nothing) - expected) < 1e-12);
  }
});

Deno.test("what sequences show lies around it, for maps of one lag, several, and more than there are", () => {
  const y = simulate(system, 7, { batch: 2048, length });
  for (const [taps, scale] of [[1, 1], [4, 0.7], [40, 1.2]]) {
    const best = bestCausalMap(filter, { patch: 1, taps });
    const response = { shape: best.shape, data: best.data.map((x) => scale * x) };
    const exact = expectedExcess(filter, response);
    const { overall } = score(filter, y, predicted(y, response), oneStep(length));
    const error = (overall.ratio - 1 - exact) / overall.ratioError;
    assert.ok(Math.abs(error) < 3.29, `${taps} taps: ${overall.ratio - 1} is not ${exact}`);
    assert.ok(overall.ratioError < 0.1 * exact || exact < 1e-3, "the samples say something");
  }
});

Deno.test("the best map of all lags is the filter; whatever is off a best map loses more", () => {
  // Of few states the map over all lags is not the filter at every time, but nearly.
  const at = (taps: number) => bestCausalMap(filter, { patch: 1, taps });
  const [one, all] = [expectedExcess(filter, at(1)), expectedExcess(filter, at(23))];
  assert.ok(all >= -1e-12 && all < 0.2 * one, `${all}, ${one}`);
  const best = at(3);
  const least = expectedExcess(filter, best);
  for (let i = 0; i < best.data.length; i++) {
    for (const step of [1e-3, -1e-3]) {
      const data = best.data.slice();
      data[i] += step;
      assert.ok(expectedExcess(filter, { ...best, data }) > least);
    }
  }
});

Deno.test("a response that does not fit is refused", () => {
  const of = (shape: number[], data = new Float64Array(shape.reduce((a, b) => a * b, 1))) =>
    expectedExcess(filter, { shape, data });
  assert.throws(() => of([3, 1, 2]), /expected \[lags, 2, 2\]/);
  assert.throws(() => of([3, 2]), /expected/);
  assert.throws(() => of([3, 2, 2], new Float64Array(4)), /expected/);
  assert.throws(() => of([1, 2, 2], new Float64Array(4).fill(NaN)), /not finite/);
});
