/** @file Training windows: where they are drawn and how often; and a forecaster that maps one window at a time. */
import assert from "node:assert/strict";
import { keyOf } from "../../../lib/random/random.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { drawWindows, windowForecaster } from "../../../lib/tasks/forecasting/windows.ts";
import { type Tensor, tensor } from "../../../lib/tensor/tensor.ts";

/** Channel c has 1000 c + t in row t, so that every value says where it is from. */
function problemOf(
  channels: number,
  train: [number, number],
  lookback: number,
  horizon: number,
): Problem {
  const rows = train[1] + 20;
  return {
    file: "f",
    lookback,
    horizon,
    split: { train, validation: [train[1], train[1] + 10], test: [train[1] + 10, rows] },
    columns: Array.from({ length: channels }, (_, c) => `c${c}`),
    channels: Array.from(
      { length: channels },
      (_, c) => Float64Array.from({ length: rows }, (_, t) => 1000 * c + t),
    ),
    mean: new Float64Array(channels),
    deviation: new Float64Array(channels).fill(1),
    notes: [],
  };
}

const cases: [channels: number, train: [number, number], lookback: number, horizon: number][] = [
  [3, [4, 20], 5, 3],
  [1, [0, 9], 1, 1],
  [2, [7, 15], 5, 3], // one window a channel
  [1, [2, 6], 3, 1], // one window at all
  [5, [1, 14], 1, 6],
];

Deno.test("a window is consecutive rows of one channel, and what follows them", () => {
  for (const [channels, train, lookback, horizon] of cases) {
    const problem = problemOf(channels, train, lookback, horizon);
    const { x, y } = drawWindows(problem, keyOf(1), 50);
    assert.deepEqual([x.dtype, x.shape], ["float32", [50, lookback, 1]]);
    assert.deepEqual([y.dtype, y.shape], ["float32", [50, horizon, 1]]);
    for (let i = 0; i < 50; i++) {
      const start = x.data[i * lookback];
      for (let l = 0; l < lookback; l++) assert.equal(x.data[i * lookback + l], start + l);
      for (let h = 0; h < horizon; h++) assert.equal(y.data[i * horizon + h], start + lookback + h);
    }
  }
});

Deno.test("every window of the training rows of every channel is drawn equally often, and no other", () => {
  for (const [channels, [from, to], lookback, horizon] of cases) {
    const starts = to - from - lookback - horizon + 1;
    const windows = channels * starts;
    const draws = 2000 * windows;
    const problem = problemOf(channels, [from, to], lookback, horizon);
    const counts = new Map<number, number>();
    const { x } = drawWindows(problem, keyOf(7), draws);
    for (let i = 0; i < draws; i++) {
      const start = x.data[i * lookback];
      counts.set(start, (counts.get(start) ?? 0) + 1);
    }
    const want = Array.from(
      { length: windows },
      (_, i) => 1000 * Math.floor(i / starts) + from + i % starts,
    );
    assert.deepEqual([...counts.keys()].sort((a, b) => a - b), want);
    // Chi-squared has windows - 1 degrees of freedom: within five deviations of its mean.
    const chi = want.reduce((sum, start) => sum + (counts.get(start)! - 2000) ** 2 / 2000, 0);
    const bound = windows - 1 + 5 * Math.sqrt(2 * (windows - 1));
    assert.ok(chi <= bound, `${chi}, at most ${bound}`);
  }
});

Deno.test("the same key draws the same bits, the first of more draws too; another key draws others", () => {
  const problem = problemOf(3, [4, 200], 5, 3);
  const drawn = drawWindows(problem, keyOf(3), 20);
  assert.deepEqual(drawWindows(problem, keyOf(3), 20), drawn);
  const more = drawWindows(problem, keyOf(3), 40);
  assert.deepEqual(more.x.data.slice(0, 100), drawn.x.data);
  assert.deepEqual(more.y.data.slice(0, 60), drawn.y.data);
  assert.notDeepEqual(drawWindows(problem, keyOf(4), 20), drawn);
});

Deno.test("windows are copies, and no windows are none", () => {
  const problem = problemOf(1, [0, 30], 5, 3);
  const before = problem.channels[0].slice();
  const { x } = drawWindows(problem, keyOf(0), 2);
  x.data.fill(-1);
  assert.deepEqual(problem.channels[0], before);
  const none = drawWindows(problem, keyOf(0), 0);
  assert.deepEqual([none.x.shape, none.y.shape], [[0, 5, 1], [0, 3, 1]]);
});

Deno.test("a map of windows forecasts every origin from the rows before it, one step after the other", async () => {
  const [lookback, horizon, first, count] = [4, 3, 6, 5];
  const channel = Float64Array.from({ length: 14 }, (_, t) => t * t);
  const asked: Tensor[] = [];
  // Step h is the first row of the window plus 100 h.
  const apply = (x: Tensor) => {
    asked.push(x);
    const firsts = Array.from({ length: x.shape[0] }, (_, i) => x.data[i * lookback]);
    const rows = firsts.flatMap((value) => [0, 1, 2].map((h) => value + 100 * h));
    return Promise.resolve(tensor(rows, [firsts.length, horizon, 1]));
  };
  const forecaster = windowForecaster(lookback, horizon, apply);
  assert.deepEqual([forecaster.lookback, forecaster.horizon], [lookback, horizon]);
  const out = new Float64Array(horizon * count);
  await forecaster.predict(channel, first, count, out);
  const windows = [0, 1, 2, 3, 4].flatMap((i) => [2, 3, 4, 5].map((t) => (t + i) ** 2));
  assert.deepEqual(asked, [tensor(windows, [count, lookback, 1])]);
  for (let h = 0; h < horizon; h++) {
    for (let i = 0; i < count; i++) assert.equal(out[h * count + i], (2 + i) ** 2 + 100 * h);
  }
});
