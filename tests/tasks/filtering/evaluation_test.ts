/** @file Both ways to evaluate a model on filtering, of a model whose predictions are known on paper. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import {
  createSystem,
  expectedLoss,
  kalman,
  nextPatch,
  predict,
  type Score,
  score,
  simulate,
  zeroVariance,
} from "../../../lib/ssm/mod.ts";
import { compile } from "../../../lib/engine/engines/ort.ts";
import { task as module } from "../../../lib/tasks/filtering/filtering.ts";
import type { Scores } from "../../../lib/tasks/filtering/scores.ts";
import type { Runner } from "../../../lib/tasks/task.ts";
import { type Tensor, tensor } from "../../../lib/tensor/tensor.ts";
import { runnerOf } from "../../../lib/train/runner.ts";
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
  runnerOf(modelOf(patch), knownTensors(numbers), { batch, compile });

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
    outputs: () => assert.fail("not asked for"),
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

Deno.test("test data without observations are refused", async () => {
  for (const data of [{}, { tensors: {} }, { text: "a,b" }]) {
    await assert.rejects(
      taskOf(4).evaluate(running(1), instance, data, {}),
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
    outputs: () => assert.fail("not asked for"),
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
