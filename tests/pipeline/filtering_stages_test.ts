/** @file The stages tune, train, fit and evaluate, called as the worker calls them, on systems of a few dimensions. */
import assert from "node:assert/strict";
import { z, type ZodType } from "zod";
import { compile } from "../../lib/engine/engines/ort.ts";
import { model as causalLinear } from "../../lib/models/causal_linear.ts";
import { bestCausalMap, createSystem, kalman, score, simulate } from "../../lib/ssm/mod.ts";
import { toFloat32 } from "../../lib/tensor/tensor.ts";
import { runnerOf } from "../../lib/train/runner.ts";
import { preset } from "../../pipeline/presets.ts";
import * as evaluate from "../../pipeline/stages/evaluate.ts";
import * as fit from "../../pipeline/stages/fit.ts";
import * as train from "../../pipeline/stages/train.ts";
import * as tune from "../../pipeline/stages/tune.ts";
import { seriesOf } from "../train/known_model.ts";
import { artifact, dataset, runStage, type StageOptions } from "./stages/run_stage.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const run = (
  stage: Parameters<typeof runStage>[0],
  params: object,
  inputs: StageOptions["inputs"] = {},
) => runStage(stage, params, { inputs });

const distribution = { latentDim: 4, obsDim: 2, lambda: 0.9 };
const filtering = (length: number) => ({ name: "filtering", options: { ...distribution, length } });
const seed = (instance: number) => ({
  instance,
  initialisation: instance,
  data: 100 + instance,
});
const small = { task: filtering(32), batch: 2, warmup: 2 };

Deno.test("tune finds the rate that learns, and a rate that diverges loses without ending the others", async () => {
  const result = await run(tune, {
    ...small,
    ...preset("dense_recurrence", { state: 4 }),
    seeds: [seed(9)],
    rates: [1e-6, 1e-2, 1e38],
    rungs: [6, 12],
  });
  assert.equal(result.scalars.learningRate, 1e-2);
  assert.deepEqual([result.scalars.trials, result.scalars.edge], [3, 0]);
  const trials = (result.files["trials.json"] as { json: Any[] }).json;
  assert.equal(trials.length, 3 + 2);
  assert.equal(trials[2].loss, null);
  assert.ok(trials.every((t) => t.steps === (t.rung === 0 ? 6 : 12)));
  // Every step of every trial is counted, and its curve is there.
  assert.deepEqual(result.progress.at(-1), [3 * 6 + 2 * 6, 3 * 6 + 2 * 6]);
  assert.equal(result.metrics.filter(([name]) => name === "loss, rate 0.01").length, 12);
});

Deno.test("tune takes all candidates of a model with a loop together, and train all seeds", async () => {
  const common = { ...small, ...preset("lstm", { dModel: 4 }) };
  const tuned = await run(
    tune,
    { ...common, seeds: [seed(9)], rates: [1e-3, 1e-2], rungs: [3, 6] },
  );
  const seeds = [seed(1), seed(2)];
  const training = (seeds: object[]) =>
    run(train, { ...common, seeds, steps: 3 }, { tuned: artifact(tuned) });
  const together = await training(seeds);
  assert.equal(together.scalars.learningRate, tuned.scalars.learningRate);
  for (const [i, one] of seeds.entries()) {
    const want = (await training([one])).tensors("model-0.safetensors");
    const got = together.tensors(`model-${i}.safetensors`);
    assert.deepEqual(Object.keys(got), Object.keys(want));
    for (const [name, { shape, data }] of Object.entries(want as Record<string, Any>)) {
      assert.deepEqual(got[name].shape, shape);
      data.forEach((x: number, k: number) => {
        const off = Math.abs(got[name].data[k] - x);
        assert.ok(off <= 1e-5, `seed ${i}, ${name}[${k}] is off by ${off}`);
      });
    }
  }
});

Deno.test("train leaves a model for each seed, and asks for a learning rate", async () => {
  const params = {
    ...small,
    ...preset("dense_recurrence", { state: 4 }),
    seeds: [seed(1), seed(2)],
    steps: 3,
  };
  const result = await run(train, { ...params, learningRate: 1e-2 });
  assert.deepEqual(Object.keys(result.files), ["model-0.safetensors", "model-1.safetensors"]);
  assert.deepEqual(result.scalars.tokens, 3 * 2 * 32);
  assert.equal(result.scalars.parameters, 4 * 4 + 4 * 2 + 2 * 4 + 2 * 2);
  assert.deepEqual([...new Set(result.metrics.map(([name]) => name))].sort(), [
    "gradient norm, instance 1",
    "gradient norm, instance 2",
    "learning rate",
    "loss, instance 1",
    "loss, instance 2",
  ]);
  await assert.rejects(run(train, params), /no learningRate.*tuned/);
});

Deno.test("curves are told apart by what differs between the seeds", async () => {
  const params = { ...small, ...preset("causal_linear", { taps: 2 }), steps: 1, learningRate: 1 };
  const curves = async (seeds: object[]) =>
    (await run(train, { ...params, seeds })).metrics.map(([name]) => name)
      .filter((name) => name.startsWith("loss"));
  const [one, other] = [seed(1), seed(2)];
  const again = { ...one, initialisation: 2 };
  assert.deepEqual(await curves([one, again]), [
    "loss, initialisation 1",
    "loss, initialisation 2",
  ]);
  assert.deepEqual(await curves([one, other, { ...one, data: 7 }]), [
    "loss, seed 0",
    "loss, seed 1",
    "loss, seed 2",
  ]);
  assert.deepEqual(await curves([other]), ["loss"]);
});

Deno.test("fit and evaluate: the closed form scores as it does by hand, aligned on the boundaries of 32", async () => {
  const instance = 3;
  const length = 96;
  const options = { taps: 4, patch: 2 };
  const parts = { task: filtering(length), ...preset("causal_linear", options), instance };
  const fitted = await run(fit, { ...parts, closedForm: "best_causal_map" });
  assert.deepEqual([fitted.scalars.tokens, fitted.scalars.steps], [0, 0]);
  assert.equal(fitted.scalars.excess, undefined, "of patches there is no exact excess");
  const system = createSystem(instance, distribution);
  const y = simulate(system, 5, { batch: 16, length });
  const inputs = { model: artifact(fitted), data: dataset(y) };
  const result = await run(evaluate, parts, inputs);
  const { aligned, overall } = result.json("scores.json");

  const filter = kalman(system, length);
  const kernel = toFloat32(bestCausalMap(filter, options));
  const model = causalLinear.configure(options, seriesOf(2));
  const got = await runnerOf(model, { kernel }, { batch: 16, compile }).apply(toFloat32(y));
  // After 32 and 64 observations: patches 16 and 32, hence predictions 15 and 31, their first offset.
  const picked = new Float32Array(16 * 2 * 2);
  for (let b = 0; b < 16; b++) {
    [15, 31].forEach((k, i) => {
      for (let j = 0; j < 2; j++) {
        picked[(b * 2 + i) * 2 + j] = got.data[((b * 48 + k) * 2) * 2 + j];
      }
    });
  }
  const want = score(filter, y, { shape: [16, 2, 1, 2], data: picked }, {
    contexts: [32, 64],
    horizons: [1],
  }).overall;
  assert.equal(aligned.ratio, want.ratio);
  assert.ok(overall.ratio > 1 && overall.ratio < overall.zero);

  const rolling = (horizons: number[]) =>
    run(evaluate, { ...parts, batch: 7, protocol: { rollout: { warmup: 64, horizons } } }, inputs);
  const rolled = await rolling([1, 8]);
  assert.equal(rolled.json("scores.json").byHorizon.length, 2);
  assert.ok(rolled.observed["token seconds"] > 0);
  await assert.rejects(
    rolling([33]),
    /64 \+ 33 observations need sequences of that length, not 96/,
  );
});

Deno.test("the steady-state filter is as good as the Kalman filter at late tokens, as parameters of a dense recurrence", async () => {
  const parts = {
    task: filtering(96),
    ...preset("dense_recurrence", { state: 4 }),
    instance: 5,
  };
  const fitted = await run(fit, { ...parts, closedForm: "steady_state" });
  const y = simulate(createSystem(5, distribution), 8, { batch: 512, length: 96 });
  const inputs = { model: artifact(fitted), data: dataset(y) };
  const { scalars, ...result } = await run(evaluate, parts, inputs);
  const { aligned, overall } = result.json("scores.json");
  assert.ok(Math.abs(aligned.ratio - 1) < 1e-3, `late ratio ${aligned.ratio}`);
  // Its exact excess is what the sequences scatter around.
  const off = (overall.ratio - 1 - fitted.scalars.excess) / overall.ratioError;
  assert.ok(fitted.scalars.excess > 0 && Math.abs(off) < 3.29, `${off} standard errors`);
  assert.ok(scalars.gapClosed > 0.9 && scalars.gapClosed < 1, `gap closed ${scalars.gapClosed}`);
  const small = { ...parts, ...preset("dense_recurrence", { state: 3 }) };
  await assert.rejects(
    run(fit, { ...small, closedForm: "steady_state" }),
    /steady_state: .*a state of at least 4, not patch 1 and state 3/,
  );
  await assert.rejects(
    run(fit, { ...parts, closedForm: "best_causal_map" }),
    /best_causal_map: the model has no parameter kernel, but blocks\.0\.layer\.a/,
  );
});

Deno.test("wrong parameters of the stages are named", () => {
  const base = { ...small, ...preset("lru") };
  const fails = (stage: { params: () => ZodType }, params: object, pattern: RegExp) => {
    const parsed = stage.params().safeParse(params);
    assert.ok(!parsed.success);
    assert.match(z.prettifyError(parsed.error), pattern);
  };
  fails(train, { ...base, seeds: [], steps: 1 }, /seeds/);
  fails(train, { ...base, seeds: [{ instance: 1 }], steps: 1 }, /initialisation/);
  fails(train, { ...base, seeds: [seed(0)], steps: 1, length: 32 }, /length/);
  fails(train, { ...base, task: { name: "Filtering" }, seeds: [seed(0)], steps: 1 }, /lib\/tasks/);
  fails(train, { ...base, model: { name: "a/b" }, seeds: [seed(0)], steps: 1 }, /lib\/models/);
  fails(tune, { ...base, seed: seed(0), rates: [], rungs: [1] }, /rates/);
  fails(tune, { ...base, seed: seed(0), rates: [-1], rungs: [1] }, /rates/);
  fails(tune, { ...base, seed: seed(0), rates: [1], rungs: [1], keep: 1 }, /keep/);
  fails(evaluate, { ...preset("lru"), task: filtering(8), index: -1 }, /index/);
});

Deno.test("wrong options of task, model, layer and protocol are named where they are read", async () => {
  const { task } = small;
  const params = { ...small, ...preset("lru", { state: 2 }), seeds: [seed(1)], steps: 1 };
  const rejects = (more: object, pattern: RegExp) =>
    assert.rejects(run(train, { ...params, learningRate: 1, ...more }), pattern);
  const otherwise = (options: object) => ({ ...task, options: { ...task.options, ...options } });
  await rejects({ task: otherwise({ lambda: 1 }) }, /filtering options: lambda = 1: /);
  await rejects({ task: otherwise({ lamda: 0.5 }) }, /filtering options: .*lamda/);
  await rejects({ layers: [] }, /stack: no layers/);
  await rejects({ layers: [{ name: "lru", options: { state: 0 } }] }, /lru options: state = 0: /);
  await rejects(
    { model: { name: "stack", options: { patch: 5, block: "bare" } } },
    /length 32.* 5;/,
  );
  await rejects({ model: { name: "stack", options: { width: 0 } } }, /stack options: width = 0: /);
  await rejects({ model: { name: "deep_linear" }, layers: [] }, /deep_linear: a task of series/);
});
