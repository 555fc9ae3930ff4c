/**
 * @file Training through a chain of blocks: the same loss, gradients and updates as of the unrolled model, the loops over
 * numbers and their finite differences; and what is refused.
 */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { type Tensor, tensor } from "../../lib/engine/mod.ts";
import { toJax } from "../../lib/engine/jax.ts";
import * as lstm from "../../lib/models/lstm.ts";
import * as transformer from "../../lib/models/transformer.ts";
import { compileChainStep } from "../../lib/train/chain_step.ts";
import { flatten, readTree, unflatten } from "../../lib/train/host.ts";
import { nextPatchLoss } from "../../lib/train/next_patch.ts";
import { predictPatches } from "../../lib/train/predictions.ts";
import { compileStep, train, type TrainingStep } from "../../lib/train/trainer.ts";
import { assertParity } from "../engine/layer_cases.ts";
import { naiveLstm } from "../models/naive_lstm.ts";
import { lossBatch, lossStep, type Made, make } from "../models/sequence_cases.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
const obs = 3;
type Batch = ReturnType<typeof lossBatch>;

/** Tensors to jax-js arrays, in a tree. */
const toArrays = (params: Any): Any =>
  unflatten(
    params,
    Object.fromEntries(Object.entries(flatten(params)).map(([k, t]) => [k, toJax(t)])) as Any,
  );

const chainStep = ({ model, config, params }: Made, batch: Batch, optimiser = {}) =>
  compileChainStep(model, config, toArrays(params), batch, { optimiser });

/** Value and gradients in the order of the parameters, read off the first moments after one step. */
async function valueAndGradients(made: Made, batch: Batch): Promise<[Tensor, ...Tensor[]]> {
  const step = await chainStep(made, batch, { beta1: 0.5 });
  const out = await step.run(step.fresh, batch, 0);
  const value = await out.value.read();
  const { first } = await readTree(out.state as Any);
  const norm = (await out.gradNorm.read()).data[0];
  await step.close();
  const grads = Object.keys(flatten(made.params)).map((name) => {
    const { shape, data, dtype } = flatten(first)[name];
    return { dtype, shape, data: data.map((x) => 2 * x) } as Tensor;
  });
  const want = Math.hypot(...grads.flatMap((g) => Array.from(g.data)));
  assert.ok(Math.abs(norm - want) <= 1e-5 * want, `gradient norm ${norm}, ${want}`);
  return [value, ...grads];
}

const cases: [string, Record<string, unknown>, number, number][] = [
  ["one layer", { dModel: 5 }, 2, 7],
  ["three layers, patch 2", { dModel: 3, layers: 3, patch: 2 }, 3, 5],
  ["no norm, patch 3", { dModel: 4, norm: "none", patch: 3 }, 2, 3],
  ["size 1: one sequence, one unit, two tokens", { dModel: 1 }, 1, 2],
];
for (const [name, options, batch, tokens] of cases) {
  Deno.test(`loss and every gradient are those of the unrolled model in float64: ${name}`, async () => {
    const made = make(lstm, options, obs);
    const data = lossBatch(made, batch, tokens);
    data.train = { mean: tensor([0.2, -0.5, 1]), variance: tensor([0.8, 2, 1.3]) };
    assertParity(await valueAndGradients(made, data), lossStep(made, data).exact());
  });
}

Deno.test("loss and every gradient are those of loops over numbers and finite differences", async () => {
  const made = make(lstm, { dModel: 3, layers: 2, patch: 2 }, 2);
  const data = lossBatch(made, 2, 4);
  const [batch, length] = data.y.shape;
  const { mean, variance } = data.train;
  const loss = (params: Any) => {
    let sum = 0;
    for (let b = 0; b < batch; b++) {
      const y = Array.from(
        { length },
        (_, t) => Array.from(data.y.data.slice((b * length + t) * 2, (b * length + t + 1) * 2)),
      );
      const statistics = { mean: mean.data, variance: variance.data };
      naiveLstm(made.config, params, statistics, y).slice(0, -1).forEach((prediction, k) =>
        prediction.forEach((value, i) => {
          const target = y[2 * (k + 1) + Math.floor(i / 2)][i % 2];
          sum += (value - target) ** 2 * data.weights.data[2 * k + Math.floor(i / 2)];
        })
      );
    }
    return sum / (batch * (length - 2) * 2);
  };
  const wide = Object.fromEntries(
    Object.entries(flatten(made.params)).map(([name, t]) => [name, {
      ...t,
      data: Float64Array.from(t.data),
    }]),
  );
  const params = unflatten(made.params, wide as Any);
  const h = 1e-5;
  const want = Object.values(wide).map(({ shape, data }) => ({
    dtype: "float64",
    shape,
    data: data.map((x, i) => {
      const [up, down] = [x + h, x - h].map((value) => {
        data[i] = value;
        return loss(params);
      });
      data[i] = x;
      return (up - down) / (2 * h);
    }),
  })) as Tensor[];
  const value = { dtype: "float64", shape: [], data: Float64Array.of(loss(params)) } as Tensor;
  assertParity(await valueAndGradients(made, data), [value, ...want]);
});

/** Some steps, with a batch that differs from step to step. */
async function parametersAfter(step: TrainingStep, batch: Batch, steps: number) {
  let current: Any = step.fresh;
  for (let i = 0; i < steps; i++) {
    const y = { ...batch.y, data: batch.y.data.map((x) => x * (1 + i)) } as Tensor;
    current = await step.run(current, { ...batch, y }, 0.01 * (i + 1));
  }
  const out = flatten(await readTree(current.params));
  await step.close();
  return out;
}

Deno.test("training steps, clipped and decayed, are those of compileStep on other engines", async () => {
  const made = make(lstm, { dModel: 5, layers: 2 }, obs);
  const data = lossBatch(made, 2, 6);
  const optimiser = { clipNorm: 0.5, weightDecay: 0.1 };
  const got = await parametersAfter(await chainStep(made, data, optimiser), data, 4);
  for (const engine of ["ort", "jax"] as const) {
    const loss = nextPatchLoss(made.model, made.config);
    const options = { optimiser, engine };
    const unrolled = await compileStep(loss, toArrays(made.params), data, options);
    const want = await parametersAfter(unrolled, data, 4);
    assert.deepEqual(Object.keys(got), Object.keys(want));
    for (const [name, { data }] of Object.entries(want)) {
      data.forEach((x, i) =>
        assert.ok(Math.abs(got[name].data[i] - x) <= 2e-5, `${engine}: ${name}[${i}]`)
      );
    }
  }
});

Deno.test("at 256 tokens the loss is the one of evaluation step by step", async () => {
  const made = make(lstm, { dModel: 4 }, obs);
  const data = lossBatch(made, 2, 256);
  const [value] = await valueAndGradients(made, data);
  const { model, config, params } = made;
  const predicted = await predictPatches(model, config, params, data.y, { batch: 2 });
  let sum = 0;
  for (let b = 0; b < 2; b++) {
    for (let i = 0; i < 255 * obs; i++) {
      const error = predicted.data[b * 255 * obs + i] - data.y.data[b * 256 * obs + obs + i];
      sum += error ** 2 * data.weights.data[Math.floor(i / obs)];
    }
  }
  const want = sum / predicted.data.length;
  assert.ok(Math.abs(value.data[0] - want) <= 1e-5 * want, `${value.data[0]}, ${want}`);
});

Deno.test("a killed training goes on from its checkpoint to the same bytes", async () => {
  const made = make(lstm, { dModel: 4 }, obs);
  const data = lossBatch(made, 2, 6);
  const schedule = { peak: 0.02, steps: 8, warmup: 2 };
  const run = (signal?: AbortSignal, checkpoint?: Any, onStep?: Any) =>
    train(() => chainStep(made, data), () => data, { schedule, signal, checkpoint, onStep });
  const want = await run();
  let saved: Record<string, Tensor> | undefined;
  const checkpoint = {
    every: 1e6,
    load: () => Promise.resolve(saved),
    save: (state: Record<string, Tensor>) => {
      saved = state;
      return Promise.resolve();
    },
  };
  const controller = new AbortController();
  const stop = ({ step }: { step: number }) => step === 4 && controller.abort(new Error("stop"));
  await assert.rejects(run(controller.signal, checkpoint, stop), /stop/);
  assert.equal(saved!.step.data[0], 5);
  const got = await run(undefined, checkpoint);
  assert.deepEqual(flatten(got.params), flatten(want.params));
  assert.deepEqual(got.lastLosses, want.lastLosses);
});

Deno.test("what cannot be compiled or run is refused", async () => {
  const made = make(lstm, { dModel: 2 }, obs);
  const data = lossBatch(made, 1, 3);
  const { config } = made;
  const compiling = (model: Any, engine: Any = "ort") =>
    compileChainStep(model, config, toArrays(made.params), data, { engine });
  await assert.rejects(compiling(lstm, "jax"), /engine jax has no loops over time.*engine ort/);
  await assert.rejects(compiling(transformer), /exports no chain/);
  const altered = (change: (blocks: Any[]) => Any[]) => ({
    chain: (...args: Parameters<typeof lstm.chain>) => change(lstm.chain(...args)),
  });
  const twice = altered((blocks) => [...blocks, blocks[1]]);
  await assert.rejects(compiling(twice), /block 3 .*another block has too/);
  const missing = altered((blocks) => blocks.slice(0, 2));
  await assert.rejects(compiling(missing), /no block .* head.weight, head.bias/);

  const step = await compiling(lstm);
  const [zeros, ones] = [tensor(0, [obs]), tensor([1, 1, 1])];
  const given = (train: typeof data.train) => step.run(step.fresh, { ...data, train }, 0);
  await assert.rejects(
    given({ mean: zeros, variance: tensor([1, 1, 2]) }),
    /variance of \[1,1,2\].*\[1,1,1\]/,
  );
  await assert.rejects(
    given({ mean: tensor([0, 3, 0]), variance: ones }),
    /mean of \[0,3,0\].*\[0,0,0\]/,
  );
  await step.close();
});
