/** @file The filtering task: its batches, its loss, its test data, and both ways to evaluate a model that is known on paper. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import {
  createSystem,
  expectedLoss,
  fold,
  forecastVariance,
  innovationsSampler,
  kalman,
  keyOf,
  nextPatch,
  type Score,
  score,
  simulate,
  zeroVariance,
} from "../../../lib/ssm/mod.ts";
import { task as module } from "../../../lib/tasks/filtering/filtering.ts";
import type { Scores } from "../../../lib/tasks/filtering/scores.ts";
import type { Runner } from "../../../lib/tasks/task.ts";
import { type Tensor, tensor, toFloat32 } from "../../../lib/tensor/tensor.ts";
import { runnerOf } from "../../../lib/train/runner.ts";
import { runJax } from "../../engine/oracle.ts";
import {
  channel,
  knownModel,
  type KnownNumbers,
  knownTensors,
  patchesOnPaper,
  rolloutOnPaper,
  seriesOf,
} from "../../train/known_model.ts";

await initJax("wasm");

const distribution = { latentDim: 4, obsDim: 2, lambda: 0.9 };
const taskOf = (length: number) => module.configure({ ...distribution, length });
const instance = 3;
const numbers: KnownNumbers = { gain: [0.7, -0.4], level: 0.3, slope: 0.02 };
const modelOf = (patch: number) => knownModel().model.configure({ patch }, seriesOf(2));
const running = (patch: number, batch = 2) =>
  runnerOf(modelOf(patch), knownTensors(numbers), { batch });

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

const draw = (batch: number, length: number) =>
  simulate(createSystem(instance, distribution), 5, { batch, length });

/** Every number of a score, up to the float32 of the predictions. */
function assertScore(got: Score, want: Score, what: string) {
  assert.deepEqual(Object.keys(got), Object.keys(want));
  for (const [name, value] of Object.entries(want)) {
    const near = Math.abs(got[name as keyof Score] - value) <= 1e-4 * (1 + Math.abs(value));
    assert.ok(near, `${what}, ${name}: ${got[name as keyof Score]}, ${value}`);
  }
}

Deno.test("next patch: predictions score at every offset as those on paper, whatever the task's own length", async () => {
  for (const [patch, length] of [[1, 12], [3, 12], [2, 20]]) {
    const y = draw(5, length);
    const evaluation = await taskOf(12).evaluate(
      running(patch),
      instance,
      { tensors: { y } },
      module.protocol({}),
    );
    const filter = kalman(createSystem(instance, distribution), length);
    const want = score(filter, y, patchesOnPaper(numbers, y, patch), nextPatch(length, patch));
    const { overall, byHorizon, horizons, aligned } = evaluation.details as Scores;
    assertScore(overall, want.overall, `patch ${patch}`);
    assert.equal(byHorizon.length, patch);
    want.byHorizon.forEach((one, i) => assertScore(byHorizon[i], one, `offset ${i + 1}`));
    assert.deepEqual(horizons, Array.from({ length: patch }, (_, i) => i + 1));
    assert.equal(aligned, undefined);
    assert.equal(evaluation.loss, overall.ratio);
    assert.equal(evaluation.floor, overall.zero);
    assert.equal(evaluation.optimum, 1);
    const { floor, loss, gapClosed } = evaluation;
    assert.equal(gapClosed, overall.gapClosed);
    assert.ok(Math.abs(gapClosed - (floor - loss) / (floor - 1)) < 1e-12);
  }
});

Deno.test("the instance is the system that predictions are held against", async () => {
  const y = draw(3, 8);
  const losses = [];
  for (const instance of [3, 4]) {
    const { loss } = await taskOf(8).evaluate(running(2), instance, { tensors: { y } }, {});
    const filter = kalman(createSystem(instance, distribution), 8);
    const want = score(filter, y, patchesOnPaper(numbers, y, 2), nextPatch(8, 2)).overall.ratio;
    assert.ok(Math.abs(loss / want - 1) < 1e-5);
    losses.push(loss);
  }
  assert.notEqual(losses[0], losses[1]);
});

/** One step ahead after these many observations. */
function alignedOnPaper(length: number, contexts: number[], patch: number) {
  const y = draw(3, length);
  const { data, shape: [, patches] } = patchesOnPaper(numbers, y, patch);
  const picked = [0, 1, 2].flatMap((b) =>
    contexts.flatMap((c) => {
      const token = b * patches + c / patch - 1;
      return Array.from(data.slice(token * patch * 2, token * patch * 2 + 2));
    })
  );
  const prediction = { shape: [3, contexts.length, 1, 2], data: picked };
  const filter = kalman(createSystem(instance, distribution), length);
  return score(filter, y, prediction, { contexts, horizons: [1] }).overall;
}

const alignedOf = async (sequences: number, length: number, patch: number) => {
  const y = draw(sequences, length);
  const { details } = await taskOf(2).evaluate(running(patch), instance, { tensors: { y } }, {});
  return (details as Scores).aligned;
};

Deno.test("aligned scores are of one step ahead, after every 32 observations that have one after them", async () => {
  const cases: [length: number, patch: number, contexts: number[]][] = [
    [33, 1, [32]],
    [64, 1, [32]],
    [65, 1, [32, 64]],
    [66, 2, [32, 64]],
    [96, 8, [32, 64]],
    [64, 32, [32]],
  ];
  for (const [length, patch, contexts] of cases) {
    const aligned = await alignedOf(3, length, patch);
    assertScore(aligned!, alignedOnPaper(length, contexts, patch), `${length} by ${patch}`);
  }
});

Deno.test("without a boundary at 32 there is no aligned score", async () => {
  for (const [length, patch] of [[32, 1], [66, 3]]) {
    assert.equal(await alignedOf(2, length, patch), undefined, `${length} by ${patch}`);
  }
});

const rolledOut = (
  length: number,
  patch: number,
  rollout: { warmup: number; horizons: number[] },
) => taskOf(4).evaluate(running(patch), instance, { tensors: { y: draw(5, length) } }, { rollout });

Deno.test("rollouts: horizon h is the h-th observation after the warm-up, in the order that was asked", async () => {
  for (
    const [patch, warmup, horizons] of [[1, 4, [1, 2, 7]], [3, 6, [5, 1]], [2, 8, [4]]] as const
  ) {
    const y = draw(5, 24);
    const { details, ...scalars } = await rolledOut(24, patch, { warmup, horizons: [...horizons] });
    const steps = Math.max(...horizons);
    const rolled = rolloutOnPaper(numbers, y, { warmup, steps, patch });
    const data = [0, 1, 2, 3, 4].flatMap((b) =>
      horizons.flatMap((h) => [0, 1].map((j) => channel(rolled, b, j)[h - 1]))
    );
    const prediction = { shape: [5, 1, horizons.length, 2], data };
    const filter = kalman(createSystem(instance, distribution), 24);
    const want = score(filter, y, prediction, { contexts: [warmup], horizons: [...horizons] });
    const { overall, byHorizon, horizons: said, aligned } = details as Scores;
    assertScore(overall, want.overall, `patch ${patch}`);
    want.byHorizon.forEach((one, i) => assertScore(byHorizon[i], one, `horizon ${horizons[i]}`));
    assert.deepEqual(said, horizons);
    assert.equal(aligned, undefined);
    assert.deepEqual(scalars, {
      loss: overall.ratio,
      floor: overall.zero,
      optimum: 1,
      gapClosed: overall.gapClosed,
    });
  }
});

Deno.test("rollouts see the warm-up and nothing after it", async () => {
  const y = draw(2, 12);
  const asked: [Tensor, number][] = [];
  const model = modelOf(1);
  const runner: Runner<typeof model> = {
    model,
    params: {},
    apply: () => Promise.reject(new Error("not asked for")),
    generate(x, steps) {
      asked.push([x, steps]);
      return Promise.resolve(tensor(0, [2, steps, 2]));
    },
  };
  const rollout = { warmup: 5, horizons: [3, 6] };
  await taskOf(4).evaluate(runner, instance, { tensors: { y } }, { rollout });
  const start = [0, 1].flatMap((b) => Array.from(y.data.slice(b * 24, b * 24 + 10)));
  assert.deepEqual(asked, [[tensor(start, [2, 5, 2]), 6]]);
});

Deno.test("a rollout may reach the end of the sequences and no further", async () => {
  const far = (warmup: number, h: number) => rolledOut(24, 1, { warmup, horizons: [h, 1] });
  assert.equal(((await far(20, 4)).details as Scores).byHorizon.length, 2);
  await assert.rejects(far(20, 5), /RangeError: .*20 \+ 5 observations need .*, not 24/);
  await assert.rejects(far(21, 4), /21 \+ 4 observations/);
});

Deno.test("test data without observations are refused", () => {
  for (const data of [{}, { tensors: {} }, { text: "a,b" }]) {
    assert.throws(
      () => taskOf(4).evaluate(running(1), instance, data, {}),
      /filtering: the test data hold no observations y/,
    );
  }
});

Deno.test("the floor is predicting zero and the optimum the filter, both exact: its own predictions close the gap", async () => {
  assert.deepEqual(module.about, {
    name: "filtering",
    floor: { name: "predicting zero", known: "exact" },
    optimum: { name: "Kalman filter", known: "exact" },
  });
  const y = draw(4, 10);
  const task = taskOf(10);
  const filter = task.filterOf(instance);
  const { predict } = await import("../../../lib/ssm/mod.ts");
  const next = predict(filter, y); // [4, 10, 2], entry t predicts y_{t+1} from y_1..y_t
  const answering = (scale: number): Runner<ReturnType<typeof modelOf>> => ({
    model: modelOf(1),
    params: {},
    // What the filter says after observation k stands at entry k; the last is not judged.
    apply: () => {
      const data = Float32Array.from({ length: 4 * 10 * 2 }, (_, i) => {
        const [b, rest] = [Math.floor(i / 20), i % 20];
        return rest < 18 ? scale * next.data[b * 20 + rest + 2] : 1e9;
      });
      return Promise.resolve(tensor(data, [4, 10, 1, 2]));
    },
    generate: () => Promise.reject(new Error("not asked for")),
  });
  const best = await task.evaluate(answering(1), instance, { tensors: { y } }, {});
  assert.ok(Math.abs(best.loss - 1) < 1e-9 && Math.abs(best.gapClosed - 1) < 1e-9);
  const nothing = await task.evaluate(answering(0), instance, { tensors: { y } }, {});
  // By orthogonality predicting zero has the exact expected excess in expectation only; the floor has it exactly.
  const loss = expectedLoss(filter);
  const zeros = zeroVariance(filter, nextPatch(10, 1));
  const exact = zeros.reduce((sum, v, i) => sum + v / loss[i + 1], 0) / zeros.length;
  assert.ok(Math.abs(nothing.floor / exact - 1) < 1e-12, `${nothing.floor}, ${exact}`);
  assert.equal(nothing.floor, best.floor);
});
