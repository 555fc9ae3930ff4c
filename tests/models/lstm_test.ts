/** @file The LSTM against loops over numbers, its forms against each other, and evaluation step by step. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, tensor } from "../../lib/engine/mod.ts";
import type { Statistics } from "../../lib/layers/instance_norm.ts";
import * as lstm from "../../lib/models/lstm.ts";
import { toHost } from "../../lib/train/host.ts";
import { unitStatistics } from "../../lib/tasks/filtering/next_patch.ts";
import { predictPatches } from "../../lib/train/predictions.ts";
import { rollout } from "../../lib/train/rollout.ts";
import { compileStepForm } from "../../lib/train/step_form.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import { inFloat64, rowsOf } from "../layers/definitions.ts";
import { naiveLstm } from "./naive_lstm.ts";
import {
  assertCausal,
  assertFormsAgree,
  assertGradients,
  assertRollout,
  make,
  parallel,
} from "./sequence_cases.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
const obs = 3;

for (
  const [name, options, tokens] of [
    ["one layer", { dModel: 5 }, 7],
    ["three layers, patch 3", { dModel: 4, layers: 3, patch: 3 }, 5],
    ["no norm, patch 2", { dModel: 6, norm: "none", patch: 2 }, 4],
    ["size 1, one token", { dModel: 1 }, 1],
  ] as const
) {
  Deno.test(`the network is its loops: ${name}`, async () => {
    const { config, params } = make(lstm, options, obs);
    const y = randomTensor(generator(4), [2, tokens * config.patch, obs]);
    const statistics = { mean: tensor([0.3, -1, 2]), variance: tensor([0.5, 2, 1.2]) };
    const program = await compile(
      (p: Any, t: Statistics, y: np.Array) => lstm.forward(config, p, t, y),
      [params, statistics, y],
    );
    const out = await (await program.run(params, statistics, y)).read();
    await program.close();
    assert.deepEqual([...out.shape], [2, tokens, config.patch, obs]);
    const want = [0, 1].flatMap((b) =>
      naiveLstm(
        config,
        params,
        { mean: statistics.mean.data, variance: statistics.variance.data },
        rowsOf(y, b),
      )
    );
    want.flat().forEach((value, i) =>
      assert.ok(Math.abs(out.data[i] - value) <= 1e-5, `${i}: ${out.data[i]}, ${value}`)
    );
  });

  Deno.test(`outside of a compiled program, in float64, it is the same loops: ${name}`, () => {
    const { config, params } = make(lstm, options, obs);
    const y = randomTensor(generator(4), [2, tokens * config.patch, obs]);
    const train = { mean: tensor([0.3, -1, 2]), variance: tensor([0.5, 2, 1.2]) };
    const out = inFloat64(
      (p: Any, t: Statistics, y: np.Array) => lstm.forward(config, p, t, y),
      params,
      train,
      y,
    );
    assert.deepEqual(out.shape, [2, tokens, config.patch, obs]);
    const statistics = { mean: train.mean.data, variance: train.variance.data };
    const want = [0, 1].flatMap((b) => naiveLstm(config, params, statistics, rowsOf(y, b)));
    want.flat().forEach((value, i) =>
      assert.ok(Math.abs(out.data[i] - value) <= 1e-6, `${i}: ${out.data[i]}, ${value}`)
    );
  });

  Deno.test(`parallel and step form agree at every position: ${name}`, async () => {
    const made = make(lstm, options, obs);
    const y = randomTensor(generator(11), [2, tokens * made.config.patch, obs]);
    await assertFormsAgree(made, y);
    const zero = tensor(0, [2, made.config.dModel]);
    const layers = Array.from({ length: made.config.layers }, () => ({ h: zero, c: zero }));
    assert.deepEqual(lstm.initialState(made.config, 2), layers);
  });

  if (tokens > 1) {
    Deno.test(`the future changes no earlier output: ${name}`, async () => {
      await assertCausal(make(lstm, options, obs), tokens, tokens - 2);
    });
  }
}

Deno.test("gradients agree with those of the unrolled model in float64 on every engine", async () => {
  await assertGradients(make(lstm, { dModel: 5 }, obs), 2, 5);
  await assertGradients(
    make(lstm, { dModel: 3, layers: 2, patch: 2, norm: "none" }, obs),
    3,
    4,
  );
});

Deno.test("a rollout is the model fed its own predictions", async () => {
  await assertRollout(make(lstm, { dModel: 5, layers: 2, patch: 2 }, obs));
});

Deno.test("evaluation in batches predicts what single steps do", async () => {
  const { model, config, params } = make(lstm, { dModel: 5, patch: 2 }, obs);
  const y = randomTensor(generator(6), [5, 8, obs]);
  const done: number[] = [];
  const options = { batch: 3, onBatch: (n: number) => done.push(n) };
  const evaluated = await predictPatches(model, config, params, y, options);
  assert.deepEqual([...evaluated.shape], [5, 3, 2, obs]);
  assert.deepEqual(done, [3, 5]);
  const start = model.initialState(config, 5, 4);
  const train = unitStatistics(obs);
  const form = await compileStepForm(model, config, params, train, 5, start, {});
  let k = 0;
  for await (const { prediction } of form.through(start, y)) {
    const { data } = await prediction.read();
    if (k === 3) break; // nothing is left to hold it against
    for (let b = 0; b < 5; b++) {
      for (let i = 0; i < 2 * obs; i++) {
        const [got, want] = [evaluated.data[(b * 3 + k) * 2 * obs + i], data[b * 2 * obs + i]];
        assert.ok(Math.abs(got - want) <= 1e-5, `sequence ${b}, patch ${k}: ${got}, ${want}`);
      }
    }
    k++;
  }
  assert.equal(k, 3);
  await form.close();
});

Deno.test("a sequence of one patch has nothing to predict", async () => {
  const { model, config, params } = make(lstm, { dModel: 2, patch: 2 }, obs);
  const out = await predictPatches(model, config, params, tensor(1, [2, 2, obs]), { batch: 2 });
  assert.deepEqual([...out.shape], [2, 0, 2, obs]);
  assert.equal(out.data.length, 0);
});

Deno.test("long sequences are evaluated without a graph that grows with them", async () => {
  const { model, config, params } = make(lstm, { dModel: 4 }, obs);
  const y = randomTensor(generator(7), [2, 300, obs]);
  const out = await predictPatches(model, config, params, y, { batch: 2 });
  const { mean, variance } = unitStatistics(obs);
  const want = naiveLstm(
    config,
    params,
    { mean: mean.data, variance: variance.data },
    rowsOf(y, 1),
  );
  want.slice(0, 299).flat().forEach((value, i) =>
    assert.ok(Math.abs(out.data[299 * obs + i] - value) <= 1e-5, `${i}`)
  );
  const nodes = await Promise.all([3, 300].map(async (length) => {
    const spec = { dtype: "float32", shape: [2, length, obs] } as const;
    const program = await compile(
      (p: Any, t: Statistics, y: np.Array) => lstm.forward(config, p, t, y),
      [params, unitStatistics(obs), spec],
    );
    await program.close();
    return program.report.nodes;
  }));
  assert.equal(nodes[0], nodes[1]);
  const rolled = await rollout(model, config, params, y, 2, { batch: 2 });
  want[299].forEach((value, j) => assert.ok(Math.abs(rolled.data[2 * obs + j] - value) <= 1e-5));
});

Deno.test("an untrained model predicts zero", async () => {
  const config = lstm.configure({ dModel: 3 }, obs);
  const params = toHost(lstm.init(config, 0));
  const made = { model: lstm as Any, config, params };
  const out = await parallel(made, randomTensor(generator(1), [1, 4, obs]));
  assert.ok(out.data.every((x) => x === 0));
});
