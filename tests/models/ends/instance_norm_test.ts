/** @file Expanding statistics against sums written out, with statistics that are not those of a standard normal. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import {
  emptySums,
  expandingStatistics,
  learn,
  priorWeight,
  runningStatistics,
  type RunningSums,
  type Statistics,
} from "../../../lib/models/ends/instance_norm.ts";
import { tensor } from "../../../lib/tensor/tensor.ts";
import { generator, randomTensor } from "../../engine/oracle.ts";
import { inFloat64, rowsOf } from "../../layers/definitions.ts";

await initJax("wasm");

const one = (like: np.Array, value = 1) => np.array(value).astype(like.dtype);
const learnAll = (sums: RunningSums, a: np.Array, b: np.Array) =>
  learn(learn(sums, a, one(a)), b, one(b));

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
  const sums = emptySums(2, 2);
  const added = inFloat64(
    (s: RunningSums, a: np.Array, b: np.Array) => learnAll(s, a, b),
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

Deno.test("what was predicted is not learned", () => {
  const [y, more] = [3, 4].map((seed) => randomTensor(generator(seed), [2, 3, 2]));
  const sums = (s: RunningSums, a: np.Array) => learn(s, a, one(a));
  const known = inFloat64(sums, emptySums(2, 2), y);
  const same = inFloat64((s: RunningSums, b: np.Array) => learn(s, b, one(b, 0)), known, more);
  assert.deepEqual(same, known);
});
