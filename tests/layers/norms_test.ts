/** @file Normalisations against sums written out, with statistics that are not those of a standard normal. */
import { init as initJax, type numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { tensor } from "../../lib/engine/mod.ts";
import {
  addToSums,
  expandingStatistics,
  priorWeight,
  runningStatistics,
  type RunningSums,
  type Statistics,
} from "../../lib/layers/instance_norm.ts";
import { rmsNorm } from "../../lib/layers/rms_norm.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import * as definitions from "./definitions.ts";
import { inFloat64, rowsOf } from "./definitions.ts";

await initJax("wasm");

Deno.test("RMS normalisation is x / sqrt(mean of squares + epsilon) * scale, over the last axis", () => {
  const scale = tensor([2, -1, 0.5, 3, 1]);
  // Rows whose mean square is far above the epsilon of 1e-6, at it, below it, and zero.
  for (const size of [1, 1e-3, 1e-5, 0]) {
    const x = randomTensor(generator(2), [2, 3, 5], { low: -size, high: size });
    const got = inFloat64((s: np.Array, x: np.Array) => rmsNorm(s, x), scale, x);
    const large = inFloat64((s: np.Array, x: np.Array) => rmsNorm(s, x, 0.25), scale, x);
    for (let b = 0; b < 2; b++) {
      rowsOf(x, b).forEach((row, t) => {
        const at = (b * 3 + t) * 5;
        const near = (data: number[], epsilon: number) =>
          definitions.rmsNorm(scale.data, row, epsilon).forEach((want, i) =>
            assert.ok(Math.abs(data[at + i] - want) <= 1e-12)
          );
        near(got.data, 1e-6);
        near(large.data, 0.25);
      });
    }
  }
  // On paper: the mean square of (3, 4, 0, 0, 0) is 5.
  const paper = inFloat64((s, x) => rmsNorm(s, x, 0), scale, tensor([3, 4, 0, 0, 0], [1, 5]));
  [6, -4, 0, 0, 0].forEach((want, i) =>
    assert.ok(Math.abs(paper.data[i] - want / Math.sqrt(5)) < 1e-12)
  );
});

const train = { mean: tensor([3, -1]), variance: tensor([0.25, 4]) };

/** Mean and deviation of channel j of `rows` and of `priorWeight` observations with the train statistics. */
function shrunk(rows: number[][], j: number): [number, number] {
  const [mean, variance] = [train.mean.data[j], train.variance.data[j]];
  const total = rows.length + 8;
  const m = (8 * mean + rows.reduce((sum, row) => sum + row[j], 0)) / total;
  const square = (8 * (variance + mean ** 2) + rows.reduce((sum, row) => sum + row[j] ** 2, 0)) /
    total;
  return [m, Math.sqrt(Math.max(square - m * m, 1e-6))];
}

Deno.test("expanding statistics are those of everything up to the end of each patch, shrunk to the train statistics", () => {
  assert.equal(priorWeight, 8);
  for (const [tokens, patch] of [[1, 1], [4, 1], [3, 2], [2, 5]]) {
    const y = randomTensor(generator(4), [3, tokens * patch, 2], { low: 1, high: 9 });
    const got = inFloat64(
      (t: Statistics, y: np.Array) => expandingStatistics(t, y, patch),
      train,
      y,
    );
    assert.deepEqual(got.mean.shape, [3, tokens, 1, 2]);
    assert.deepEqual(got.deviation.shape, [3, tokens, 1, 2]);
    for (let b = 0; b < 3; b++) {
      for (let k = 0; k < tokens; k++) {
        const past = rowsOf(y, b).slice(0, (k + 1) * patch);
        for (let j = 0; j < 2; j++) {
          const [mean, deviation] = shrunk(past, j);
          const at = (b * tokens + k) * 2 + j;
          assert.ok(Math.abs(got.mean.data[at] - mean) < 1e-9);
          assert.ok(Math.abs(got.deviation.data[at] - deviation) < 1e-9);
        }
      }
    }
  }
});

Deno.test("running sums grow patch by patch to the same statistics", () => {
  const y = randomTensor(generator(5), [2, 3, 2], { low: 1, high: 9 });
  const more = randomTensor(generator(6), [2, 4, 2], { low: -3, high: 2 });
  const sums = { sum: tensor(0, [2, 2]), square: tensor(0, [2, 2]), count: tensor(0) };
  const added = inFloat64(
    (s: RunningSums, a: np.Array, b: np.Array) => addToSums(addToSums(s, a), b),
    sums,
    y,
    more,
  );
  assert.equal(added.count.data[0], 7);
  const got = inFloat64((t: Statistics, s: RunningSums) => runningStatistics(t, s), train, added);
  assert.deepEqual(got.mean.shape, [2, 1, 1, 2]);
  assert.deepEqual(got.deviation.shape, [2, 1, 1, 2]);
  for (let b = 0; b < 2; b++) {
    const rows = [...rowsOf(y, b), ...rowsOf(more, b)];
    for (let j = 0; j < 2; j++) {
      const sum = rows.reduce((total, row) => total + row[j], 0);
      const square = rows.reduce((total, row) => total + row[j] ** 2, 0);
      assert.ok(Math.abs(added.sum.data[b * 2 + j] - sum) < 1e-9);
      assert.ok(Math.abs(added.square.data[b * 2 + j] - square) < 1e-9);
      const [mean, deviation] = shrunk(rows, j);
      assert.ok(Math.abs(got.mean.data[b * 2 + j] - mean) < 1e-9);
      assert.ok(Math.abs(got.deviation.data[b * 2 + j] - deviation) < 1e-9);
    }
  }
});

Deno.test("a constant channel keeps a deviation of 1e-3, so that nothing divides by zero", () => {
  const constant = { mean: tensor([2]), variance: tensor([0]) };
  const got = inFloat64(
    (t: Statistics, y: np.Array) => expandingStatistics(t, y, 1),
    constant,
    tensor(2, [1, 3, 1]),
  );
  for (const deviation of got.deviation.data) assert.ok(Math.abs(deviation - 1e-3) < 1e-12);
  for (const mean of got.mean.data) assert.ok(Math.abs(mean - 2) < 1e-12);
});
