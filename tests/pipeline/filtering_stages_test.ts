/** @file The stages tune, train, fit and evaluate, called as the worker calls them, on systems of a few dimensions. */
import assert from "node:assert/strict";
import { z, type ZodType } from "zod";
import * as causalLinear from "../../lib/models/causal_linear.ts";
import * as denseRecurrence from "../../lib/models/dense_recurrence.ts";
import * as lstm from "../../lib/models/lstm.ts";
import { createSystem, kalman, score, simulate } from "../../lib/ssm/mod.ts";
import { toFloat32 } from "../../lib/tensor/tensor.ts";
import { predictPatches } from "../../lib/train/predictions.ts";
import * as evaluate from "../../pipeline/stages/evaluate.ts";
import * as fit from "../../pipeline/stages/fit.ts";
import * as train from "../../pipeline/stages/train.ts";
import * as tune from "../../pipeline/stages/tune.ts";
import { artifact, runStage } from "./stages/run_stage.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** A stage on one model module. */
const run = (
  stage: Parameters<typeof runStage>[0],
  params: object,
  module: object,
  inputs: Record<string, Any> = {},
) => runStage(stage, params, { module, inputs });

const { key: _, ...law } = { key: 0, latentDim: 4, obsDim: 2, lambda: 0.9 };
const model = (name: string, options: object) => ({ name, options });
const seed = (system: number) => ({ system, initialisation: system, data: 100 + system });
const small = { batch: 2, length: 32, warmup: 2 };

Deno.test("tune finds the rate that learns, and a rate that diverges loses without ending the others", async () => {
  const result = await run(tune, {
    ...small,
    model: model("dense_recurrence", { state: 4 }),
    system: law,
    seed: seed(9),
    rates: [1e-6, 1e-2, 1e38],
    rungs: [6, 12],
  }, denseRecurrence);
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
  const common = { ...small, model: model("lstm", { dModel: 4 }), system: law };
  const tuned = await run(
    tune,
    { ...common, seed: seed(9), rates: [1e-3, 1e-2], rungs: [3, 6] },
    lstm,
  );
  const seeds = [seed(1), seed(2)];
  const training = (seeds: object[]) =>
    run(train, { ...common, seeds, steps: 3 }, lstm, { tuned: artifact(tuned) });
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
    model: model("dense_recurrence", { state: 4 }),
    system: law,
    seeds: [seed(1), seed(2)],
    steps: 3,
  };
  const result = await run(train, { ...params, learningRate: 1e-2 }, denseRecurrence);
  assert.deepEqual(Object.keys(result.files), ["model-0.safetensors", "model-1.safetensors"]);
  assert.deepEqual(result.scalars.tokens, 3 * 2 * 32);
  assert.equal(result.scalars.parameters, 4 * 4 + 4 * 2 + 2 * 4 + 2 * 2);
  assert.deepEqual([...new Set(result.metrics.map(([name]) => name))].sort(), [
    "gradient norm, system 1",
    "gradient norm, system 2",
    "learning rate",
    "loss, system 1",
    "loss, system 2",
  ]);
  await assert.rejects(run(train, params, denseRecurrence), /no learningRate.*tuned/);
});

Deno.test("fit and evaluate: the closed form scores as it does by hand, aligned on the boundaries of 32", async () => {
  const system = { key: 3, ...law };
  const length = 96;
  const options = { taps: 4, patch: 2 };
  const fitted = await run(
    fit,
    { model: model("causal_linear", options), system, length },
    causalLinear,
  );
  assert.deepEqual([fitted.scalars.tokens, fitted.scalars.steps], [0, 0]);
  const y = simulate(createSystem(3, law), 5, { batch: 16, length });
  const data = { tensors: () => Promise.resolve({ y }) };
  const result = await run(
    evaluate,
    { model: model("causal_linear", options), system },
    causalLinear,
    {
      model: artifact(fitted),
      data,
    },
  );
  const { aligned, overall } = (result.files["scores.json"] as { json: Any }).json;

  const filter = kalman(createSystem(3, law), length);
  const config = causalLinear.configure(options, 2);
  const kernel = toFloat32(causalLinear.closedForm(config, filter).kernel);
  const got = await predictPatches(causalLinear, config, { kernel }, toFloat32(y), { batch: 16 });
  // After 32 and 64 observations: patches 16 and 32, hence predictions 15 and 31, their first offset.
  const picked = new Float32Array(16 * 2 * 2);
  for (let b = 0; b < 16; b++) {
    [15, 31].forEach((k, i) => {
      for (let j = 0; j < 2; j++) {
        picked[(b * 2 + i) * 2 + j] = got.data[((b * 47 + k) * 2) * 2 + j];
      }
    });
  }
  const want = score(filter, y, { shape: [16, 2, 1, 2], data: picked }, {
    contexts: [32, 64],
    horizons: [1],
  }).overall;
  assert.equal(aligned.ratio, want.ratio);
  assert.ok(overall.ratio > 1 && overall.ratio < overall.zero);

  const rolled = await run(
    evaluate,
    {
      model: model("causal_linear", options),
      system,
      batch: 7,
      rollout: { warmup: 64, horizons: [1, 8] },
    },
    causalLinear,
    { model: artifact(fitted), data },
  );
  assert.equal((rolled.files["scores.json"] as { json: Any }).json.byHorizon.length, 2);
  assert.ok(rolled.observed["token seconds"] > 0);
  await assert.rejects(
    run(
      evaluate,
      {
        model: model("causal_linear", options),
        system,
        rollout: { warmup: 64, horizons: [33] },
      },
      causalLinear,
      { model: artifact(fitted), data },
    ),
    /64 \+ 33 observations need sequences of that length, not 96/,
  );
});

Deno.test("wrong parameters of the stages are named", () => {
  const base = { ...small, model: model("lru", {}), system: law };
  const fails = (stage: { params: () => ZodType }, params: object, pattern: RegExp) => {
    const parsed = stage.params().safeParse(params);
    assert.ok(!parsed.success);
    assert.match(z.prettifyError(parsed.error), pattern);
  };
  fails(train, { ...base, seeds: [], steps: 1 }, /seeds/);
  fails(train, { ...base, seeds: [{ system: 1 }], steps: 1 }, /initialisation/);
  fails(train, { ...base, seeds: [seed(0)], steps: 1, system: { ...law, key: 1 } }, /key/);
  fails(tune, { ...base, seed: seed(0), rates: [], rungs: [1] }, /rates/);
  fails(tune, { ...base, seed: seed(0), rates: [-1], rungs: [1] }, /rates/);
  fails(tune, { ...base, seed: seed(0), rates: [1], rungs: [1], keep: 1 }, /keep/);
  fails(evaluate, { model: model("lru", {}), system: { key: 0, ...law }, member: -1 }, /member/);
});
