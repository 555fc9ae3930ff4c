/** @file The filtering task: its options, its batches, its loss and its test data. */
import { init as initJax, type numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import {
  createSystem,
  fold,
  forecastVariance,
  innovationsSampler,
  kalman,
  keyOf,
  nextPatch,
  simulate,
  zeroVariance,
} from "../../../lib/ssm/mod.ts";
import { task as module } from "../../../lib/tasks/filtering/filtering.ts";
import { type Tensor, toFloat32 } from "../../../lib/tensor/tensor.ts";
import { runJax } from "../../engine/oracle.ts";
import {
  knownModel,
  type KnownNumbers,
  knownTensors,
  patchesOnPaper,
  seriesOf,
} from "../../train/known_model.ts";

await initJax("wasm");

const distribution = { latentDim: 4, obsDim: 2, lambda: 0.9 };
const taskOf = (length: number) => module.configure({ ...distribution, length });
const instance = 3;
const numbers: KnownNumbers = { gain: [0.7, -0.4], level: 0.3, slope: 0.02 };
const modelOf = (patch: number) => knownModel().model.configure({ patch }, seriesOf(2));

Deno.test("options: defaults are the standard system and 256 observations, each is read, wrong ones are named", () => {
  const { distribution: standard, length, signature } = module.configure({});
  assert.deepEqual(standard, {
    latentDim: 64,
    obsDim: 2,
    lambda: 0.9,
    sigma: 1,
    structure: "diagonal",
    condition: 1,
    observation: "matched",
  });
  assert.equal(length, 256);
  assert.deepEqual(signature, { kind: "series", channels: 2 });
  const chosen = {
    latentDim: 3,
    obsDim: 5,
    lambda: 0.5,
    sigma: 2,
    structure: "dense",
    condition: 4,
    observation: "redrawn",
  } as const;
  const task = module.configure({ ...chosen, length: 7 });
  assert.deepEqual(task.distribution, chosen);
  assert.equal(task.length, 7);
  assert.deepEqual(task.signature, { kind: "series", channels: 5 });
  assert.equal(task.tokens(6), 42);
  const wrong: [object, RegExp][] = [
    [{ lambda: 1 }, /filtering options: lambda = 1: .*<1/],
    [{ lambda: 0 }, /lambda = 0: .*>0/],
    [{ length: 1 }, /length = 1: .*>=2/],
    [{ latentDim: 0 }, /latentDim = 0/],
    [{ obsDim: 1.5 }, /obsDim = 1\.5/],
    [{ structure: "sparse" }, /structure = "sparse": .*"diagonal"\|"dense"/],
    [{ lenght: 5 }, /filtering options: .*"lenght"/],
  ];
  for (const [options, message] of wrong) assert.throws(() => module.configure(options), message);
});

Deno.test("protocol: the next patch unless a rollout is asked for, whose defaults are filled in", () => {
  assert.deepEqual(module.protocol({}), {});
  const horizons = [2, 4, 8, 16, 32, 64];
  assert.deepEqual(module.protocol({ rollout: {} }), { rollout: { warmup: 64, horizons } });
  const asked = { rollout: { warmup: 3, horizons: [5, 1] } };
  assert.deepEqual(module.protocol(asked), asked);
  const wrong: [object, RegExp][] = [
    [{ rollout: { horizons: [] } }, /filtering protocol options: rollout\.horizons = \[\]/],
    [{ rollout: { horizons: [1, 0] } }, /rollout\.horizons\.1 = 0: .*>=1/],
    [{ rollout: { warmup: 0 } }, /rollout\.warmup = 0: .*>=1/],
    [{ rollout: { warm: 1 } }, /"warm"/],
    [{ warmup: 3 }, /"warmup"/],
  ];
  for (const [options, message] of wrong) assert.throws(() => module.protocol(options), message);
});

Deno.test("the filter of an instance is that of its system, for as many observations as are asked for, made once", () => {
  const task = taskOf(9);
  assert.deepEqual(task.filterOf(5), kalman(createSystem(5, distribution), 9));
  assert.deepEqual(task.filterOf(5, 4), kalman(createSystem(5, distribution), 4));
  assert.deepEqual(task.filterOf(6, 4), kalman(createSystem(6, distribution), 4));
  assert.equal(task.filterOf(5), task.filterOf(5, 9));
  assert.notEqual(task.filterOf(5), task.filterOf(6));
});

type Batch = { y: Tensor; weights: Tensor };

Deno.test("a batch is sequences of the instance's system by the data's key and the step, and the filter's variances", () => {
  const system = createSystem(instance, distribution);
  const filter = kalman(system, 12);
  for (const patch of [1, 3]) {
    const source = taskOf(12).source({ instance, initialisation: 0, data: 8 }, 5, modelOf(patch));
    for (const step of [0, 4]) {
      const { y, weights } = source(step) as Batch;
      const drawn = innovationsSampler(filter)(fold(keyOf(8), step), { batch: 5, length: 12 });
      assert.deepEqual(y, toFloat32(drawn));
      assert.deepEqual([y.dtype, y.shape], ["float32", [5, 12, 2]]);
      const variance = forecastVariance(filter, nextPatch(12, patch));
      assert.deepEqual(weights.shape, [12 / patch - 1, patch, 1]);
      variance.forEach((v, i) => assert.ok(Math.abs(weights.data[i] * v - 1) < 1e-6));
    }
  }
});

Deno.test("a batch changes with the instance, the key of the data and the step, not with the initialisation", () => {
  const drawn = (instance: number, initialisation: number, data: number, step: number) =>
    (taskOf(6).source({ instance, initialisation, data }, 1, modelOf(1))(step) as Batch).y;
  const plain = drawn(1, 2, 3, 4);
  assert.deepEqual(drawn(1, 2, 3, 4), plain);
  assert.deepEqual(drawn(1, 9, 3, 4), plain);
  for (const other of [drawn(2, 2, 3, 4), drawn(1, 2, 4, 4), drawn(1, 2, 3, 5)]) {
    assert.notDeepEqual(other, plain);
  }
});

Deno.test("sequences that cannot be cut into patches are refused", () => {
  assert.throws(
    () => taskOf(12).source({ instance, initialisation: 0, data: 0 }, 1, modelOf(5)),
    /RangeError: length 12 is not a multiple of the patch 5; choose/,
  );
});

Deno.test("the loss is the mean over sequences, patches, offsets and channels of squared errors over the filter's variances", () => {
  for (const [patch, length] of [[1, 5], [3, 9], [2, 4]]) {
    const task = taskOf(length);
    const { y, weights } = task.source({ instance, initialisation: 0, data: 1 }, 3, modelOf(patch))(
      7,
    ) as Batch;
    const predicted = patchesOnPaper(numbers, y, patch);
    const variance = forecastVariance(task.filterOf(instance), nextPatch(length, patch));
    let sum = 0;
    predicted.data.forEach((value, i) => {
      const [b, rest] = [
        Math.floor(i / (predicted.data.length / 3)),
        i % (predicted.data.length / 3),
      ];
      const target = y.data[b * length * 2 + patch * 2 + rest];
      sum += (value - target) ** 2 / variance[Math.floor(rest / 2)];
    });
    const params = Object.values(knownTensors(numbers)); // gain, level, slope
    const loss = (gain: np.Array, level: np.Array, slope: np.Array, y: np.Array, w: np.Array) => [
      task.loss(modelOf(patch), { gain, level, slope }, { y, weights: w }),
    ];
    const [got] = runJax(loss as never, [...params, y, weights]);
    assert.deepEqual(got.shape, []);
    const want = sum / predicted.data.length;
    assert.ok(Math.abs(got.data[0] / want - 1) < 1e-5, `${got.data[0]}, ${want}`);
  }
});

Deno.test("predicting zero has the loss of the floor, in expectation", () => {
  const task = module.configure({ ...distribution, length: 8 });
  const { y, weights } = task.source({ instance, initialisation: 0, data: 0 }, 20_000, modelOf(2))(
    0,
  ) as Batch;
  const zeros = zeroVariance(task.filterOf(instance), nextPatch(8, 2));
  const variance = forecastVariance(task.filterOf(instance), nextPatch(8, 2));
  const floor = zeros.reduce((sum, v, i) => sum + v / variance[i], 0) / zeros.length;
  let sum = 0;
  for (let b = 0; b < 20_000; b++) {
    for (let i = 0; i < 12; i++) {
      sum += y.data[b * 16 + 4 + i] ** 2 * weights.data[Math.floor(i / 2)] / 12;
    }
  }
  assert.ok(Math.abs(sum / 20_000 / floor - 1) < 0.02, `${sum / 20_000}, ${floor}`);
});

Deno.test("test data are simulated from the instance's system by their key, in double precision", () => {
  const { y, ...others } = taskOf(10).generate!(instance, 5, 4);
  assert.deepEqual(others, {});
  const system = createSystem(instance, distribution);
  assert.deepEqual(y, simulate(system, 5, { batch: 4, length: 10 }));
  assert.equal(y.dtype, "float64");
});
