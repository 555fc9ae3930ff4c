/** @file The loss of all training windows at once, against loops over the windows in float64. */
import { init as initJax, type numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../../lib/engine/gradient.ts";
import type { EngineName, Tensor } from "../../../lib/engine/mod.ts";
import { keyOf, normals } from "../../../lib/random/random.ts";
import { gramBatch, gramLoss } from "../../../lib/tasks/forecasting/gram.ts";
import { centre, windowMoments } from "../../../lib/tasks/forecasting/moments.ts";
import { makeProblem } from "../../../lib/tasks/forecasting/problem.ts";
import { solveLeastSquares } from "../../../lib/tasks/forecasting/references/ols.ts";
import { runEngine, runJax } from "../../engine/oracle.ts";
import { randomSeries, relativeError } from "./fixtures.ts";
import { centredWindows, lossOf, type Rows, times, transposed } from "./naive_training.ts";
import { nativeTfjs } from "../../engine/native_tfjs.ts";

await initJax("wasm");

const problemOf = (lookback: number, horizon: number, columns = 2, size = 1) => {
  const problem = makeProblem(randomSeries(80, columns), { lookback, horizon, split: "70/10/20" });
  problem.split.train[0] = 3; // so that a forgotten start is noticed
  problem.channels = problem.channels.map((channel) => channel.map((value) => size * value));
  return problem;
};

const batchOf = (problem: ReturnType<typeof problemOf>) => {
  const { channels, split, lookback, horizon } = problem;
  return gramBatch(centre(windowMoments(channels, split.train, lookback, horizon)));
};

/** dloss/dM of the mean squared error over windows and horizon, window by window. */
function gradientByHand({ X, Y }: { X: Rows; Y: Rows }, M: Rows): Rows {
  const residuals = times(X, M).map((row, i) => row.map((value, h) => value - Y[i][h]));
  const scale = 2 / (Y.length * Y[0].length);
  return times(transposed(X), residuals).map((row) => row.map((value) => scale * value));
}

/** Value and gradient by M, gram, cross and energy as single arrays. */
const step = valueAndGrad(
  (M: np.Array, gram: np.Array, cross: np.Array, energy: np.Array) =>
    gramLoss(M, { gram, cross, energy }),
);

const sizes: [lookback: number, horizon: number][] = [[5, 3], [3, 5], [1, 1], [7, 1], [1, 4]];

Deno.test("a batch holds the covariances in single precision", () => {
  const problem = problemOf(5, 3);
  const { gram, cross, energy, ...others } = batchOf(problem);
  assert.deepEqual(others, {});
  const { X, Y } = centredWindows(problem);
  const near = (got: Tensor, want: Rows) => {
    assert.equal(got.dtype, "float32");
    assert.deepEqual(got.shape, [want.length, want[0].length]);
    assert.ok(relativeError(got.data, want.flat().map((v) => v / X.length)) < 1e-6);
  };
  near(gram, times(transposed(X), X));
  near(cross, times(transposed(X), Y));
  const squares = Y.flat().reduce((sum, v) => sum + v * v, 0) / Y.length;
  assert.deepEqual(energy.shape, []);
  assert.ok(Math.abs(energy.data[0] / squares - 1) < 1e-6);
});

/** A map [lookback, horizon], and the same as rows. */
function mapOf(lookback: number, horizon: number): { M: Tensor; rows: Rows } {
  const data = Float32Array.from(normals(keyOf(4), lookback * horizon));
  const rows = Array.from(
    { length: lookback },
    (_, l) => [...data.slice(l * horizon, (l + 1) * horizon)],
  );
  return { M: { dtype: "float32", shape: [lookback, horizon], data }, rows };
}

Deno.test("value and gradient are those of the mean squared error of every window with the best intercept", async () => {
  for (const engine of ["ort", "jax", "tfjs", ...nativeTfjs] satisfies EngineName[]) {
    for (const [lookback, horizon] of sizes) {
      const problem = problemOf(lookback, horizon);
      const windows = centredWindows(problem);
      const { M, rows } = mapOf(lookback, horizon);
      const { gram, cross, energy } = batchOf(problem);
      const [value, gradient] = await runEngine(step, [M, gram, cross, energy], engine);
      const what = `${engine}, ${lookback} to ${horizon}`;
      assert.deepEqual([value.shape, gradient.shape], [[], [lookback, horizon]], what);
      assert.ok(Math.abs(value.data[0] / lossOf(windows, rows) - 1) < 1e-5, what);
      assert.ok(relativeError(gradient.data, gradientByHand(windows, rows).flat()) < 1e-5, what);
    }
  }
});

Deno.test("the gradient keeps its scale where values are far below Adam's epsilon", async () => {
  const problem = problemOf(5, 3, 2, 1e-5);
  const windows = centredWindows(problem);
  const { M, rows } = mapOf(5, 3);
  const { gram, cross, energy } = batchOf(problem);
  const [value, gradient] = await runEngine(step, [M, gram, cross, energy]);
  const want = gradientByHand(windows, rows).flat();
  assert.ok(Math.max(...want.map(Math.abs)) < 1e-8);
  assert.ok(relativeError(gradient.data, want) < 1e-5);
  assert.ok(Math.abs(value.data[0] / lossOf(windows, rows) - 1) < 1e-5);
});

Deno.test("in float64 value and gradient are exact, also at the optimum, where much cancels", () => {
  const problem = problemOf(5, 3);
  const windows = centredWindows(problem);
  const { channels, split } = problem;
  const { G, C, energy } = centre(windowMoments(channels, split.train, 5, 3));
  const wide = (data: Float64Array<ArrayBufferLike>, shape: number[]): Tensor => {
    return { dtype: "float64", shape, data: Float64Array.from(data) };
  };
  const { rows } = mapOf(5, 3);
  const best = solveLeastSquares(centre(windowMoments(channels, split.train, 5, 3)), 0);
  const M = rows.map((_, l) => [...best.slice(3 * l, 3 * l + 3)]);
  for (const map of [rows, M]) {
    const args = [
      wide(Float64Array.from(map.flat()), [5, 3]),
      wide(G, [5, 5]),
      wide(C, [5, 3]),
      wide(Float64Array.of(energy), []),
    ];
    const [value] = runJax(
      (M: np.Array, gram: np.Array, cross: np.Array, energy: np.Array) => [
        gramLoss(M, { gram, cross, energy }),
      ],
      args,
      "float64",
    );
    assert.ok(Math.abs(value.data[0] / lossOf(windows, map) - 1) < 1e-10);
  }
  assert.ok(lossOf(windows, M) < 0.9 * lossOf(windows, rows));
});

Deno.test("through layers the gradient is the chain rule's: dloss/dA = D B', dloss/dB = A' D", async () => {
  const problem = problemOf(4, 3);
  const [a, b] = [mapOf(4, 2), mapOf(2, 3)];
  const { gram, cross, energy } = batchOf(problem);
  const product = valueAndGrad(
    (A: np.Array, B: np.Array, gram: np.Array, cross: np.Array, energy: np.Array) => {
      const columns = A.reshape([4, 2, 1]).mul(B.reshape([1, 2, 3])).sum(1);
      return gramLoss(columns, { gram, cross, energy });
    },
    { argnums: [0, 1] },
  );
  const [value, dA, dB] = await runEngine(product, [a.M, b.M, gram, cross, energy]);
  const M = times(a.rows, b.rows);
  const windows = centredWindows(problem);
  const D = gradientByHand(windows, M);
  assert.ok(Math.abs(value.data[0] / lossOf(windows, M) - 1) < 1e-5);
  assert.ok(relativeError(dA.data, times(D, transposed(b.rows)).flat()) < 1e-5);
  assert.ok(relativeError(dB.data, times(transposed(a.rows), D).flat()) < 1e-5);
});
