/** @file The linear detector against a dense regression, and the sum that every score is. */
import assert from "node:assert/strict";
import { Matrix, solve } from "ml-matrix";
import { explain, linearPrediction } from "../../lib/anomaly/linear_prediction.ts";
import { keyOf, normals } from "../../lib/random/random.ts";

const options = { lags: 3, window: 60, every: 7 };
const first = 12;

/** A noisy oscillation far from zero. */
function series(rows: number): Float64Array {
  const noise = normals(keyOf(5), rows);
  const out = new Float64Array(rows);
  for (let t = 0; t < rows; t++) {
    out[t] = 1.6 * (out[t - 1] ?? 0) - 0.9 * (out[t - 2] ?? 0) + noise[t];
  }
  return out.map((x) => 1000 + 3 * x);
}

/** Error of a row and the deviation of errors, by dense least squares with an intercept on the window before the last fit. */
function dense(values: Float64Array, row: number) {
  const end = row - (row - first) % options.every;
  const from = Math.max(0, end - options.window);
  const rows = Array.from({ length: end - from - options.lags }, (_, i) => from + options.lags + i);
  const past = (t: number) => [1, ...[1, 2, 3].map((l) => values[t - l])];
  const X = new Matrix(rows.map(past)), y = Matrix.columnVector(rows.map((t) => values[t]));
  const beta = solve(X, y, true);
  const error = (t: number) => values[t] - new Matrix([past(t)]).mmul(beta).get(0, 0);
  const deviation = Math.sqrt(rows.reduce((sum, t) => sum + error(t) ** 2, 0) / rows.length);
  return { error: error(row), deviation };
}

Deno.test("linear prediction: errors and scores are those of a dense regression", () => {
  const values = series(150);
  const scores = linearPrediction(options).score(values);
  // The ridge of 1e-5 shows where there are nine windows.
  for (const row of [12, 13, 18, 19, 59, 60, 75, 76, 149]) {
    const { error, deviation } = dense(values, row);
    const expected = Math.abs(error) / (Math.abs(error) + deviation);
    assert.ok(Math.abs(scores[row] - expected) < 5e-4, `${row}: ${scores[row]}, not ${expected}`);
    const explained = explain(values, row, options);
    assert.ok(
      Math.abs(explained.error - error) < 1e-3 * deviation,
      `${row}: ${explained.error}, not ${error}`,
    );
    assert.ok(Math.abs(explained.deviation / deviation - 1) < 1e-4);
  }
});

Deno.test("linear prediction: a score is the sum of what every row contributes", () => {
  const values = series(90);
  const scores = linearPrediction(options).score(values);
  for (const row of [12, 50, 89]) {
    const { parts, error, score, deviation } = explain(values, row, options);
    assert.equal(parts.length, 2 + options.lags);
    assert.equal(parts[0], values[row]);
    assert.ok(Math.abs(parts.reduce((sum, part) => sum + part, 0) - error) < 1e-9);
    assert.equal(score, scores[row]);
    assert.ok(Math.abs(score - Math.abs(error) / (Math.abs(error) + deviation)) < 1e-12);
    // Changing the second row before by 1 changes the error by minus its weight.
    const moved = values.slice();
    moved[row]++;
    const again = explain(moved, row, options);
    assert.ok(Math.abs(again.error - error - 1) < 1e-9);
    assert.equal(again.parts[2], parts[2]);
  }
});

Deno.test("linear prediction: nothing is scored before there is enough to fit, and nothing by later rows", () => {
  const values = series(80);
  const scores = linearPrediction(options).score(values);
  assert.ok(scores.subarray(0, first).every((score) => score === 0));
  assert.ok(scores.subarray(first).every((score) => score > 0 && score < 1));
  const changed = values.slice();
  changed.fill(-5, 40);
  const other = linearPrediction(options).score(changed);
  assert.deepEqual(other.subarray(0, 40), scores.subarray(0, 40));
  assert.ok(other[40] > 0.99);
});

Deno.test("linear prediction: a constant, an exact recurrence, hardly any rows", () => {
  const detector = linearPrediction(options);
  const flat = new Float64Array(40).fill(0.1);
  assert.ok(detector.score(flat).every((score) => score === 0));
  flat[30] = 0.2;
  assert.ok(detector.score(flat)[30] > 0.9999);
  const wave = Float64Array.from({ length: 100 }, (_, t) => Math.sin(t));
  wave[90] += 0.01;
  const scores = detector.score(wave);
  assert.ok(scores[90] > 0.99, String(scores[90]));
  for (const rows of [0, 1, 11]) assert.equal(detector.score(new Float64Array(rows)).length, rows);
});

Deno.test("linear prediction: a row without a score is named", () => {
  for (const row of [11, 80, -1, 12.5, NaN]) {
    assert.throws(() => explain(series(80), row, options), {
      name: "RangeError",
      message: `explain: row ${row} of 80 has no score; expected 12 to 79.`,
    });
  }
});
