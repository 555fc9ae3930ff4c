/**
 * @file Training a model with a loop over time: the same loss, gradients and updates as of the unrolled model in float64, of loops
 * over numbers and their finite differences; and a program that does not grow with the sequence.
 */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import { compile, type Tensor, tensor } from "../../lib/engine/mod.ts";
import { toJax } from "../../lib/engine/jax.ts";
import * as lstm from "../../lib/models/lstm.ts";
import { flatten, readTree, unflatten } from "../../lib/train/host.ts";
import { nextPatchLoss } from "../../lib/tasks/filtering/next_patch.ts";
import { predictPatches } from "../../lib/train/predictions.ts";
import {
  compileStep,
  type StepOptions,
  train,
  type TrainingStep,
} from "../../lib/train/trainer.ts";
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

const stepOf = ({ model, config, params }: Made, batch: Batch, options: StepOptions = {}) =>
  compileStep(nextPatchLoss(model, config), toArrays(params), batch, options);

/** Value and gradients in the order of the parameters, read off the first moments after one step. */
async function valueAndGradients(made: Made, batch: Batch): Promise<[Tensor, ...Tensor[]]> {
  const step = await stepOf(made, batch, { optimiser: { beta1: 0.5 } });
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

/** The loss of parameters in float64, written in loops over numbers. */
function naiveLoss({ config }: Made, { y: { shape, data }, weights, train }: Batch, params: Any) {
  const [batch, length, obs] = shape;
  const { patch } = config;
  const statistics = { mean: train.mean.data, variance: train.variance.data };
  let sum = 0;
  for (let b = 0; b < batch; b++) {
    const y = Array.from(
      { length },
      (_, t) => Array.from(data.slice((b * length + t) * obs, (b * length + t + 1) * obs)),
    );
    naiveLstm(config, params, statistics, y).slice(0, -1).forEach((prediction, k) =>
      prediction.forEach((value, i) => {
        const at = Math.floor(i / obs);
        const target = y[patch * (k + 1) + at][i % obs];
        sum += (value - target) ** 2 * weights.data[patch * k + at];
      })
    );
  }
  return sum / (batch * (length - patch) * obs);
}

/** Parameters by name, in float64. */
const widened = (params: Any): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(flatten(params)).map(([name, t]) => [
      name,
      { dtype: "float64", shape: t.shape, data: Float64Array.from(t.data) },
    ]),
  );

/** Central differences of {@linkcode naiveLoss}, by name. */
function differences(made: Made, batch: Batch, wide: Record<string, Tensor>) {
  const params = unflatten(made.params, wide as Any);
  const h = 1e-5;
  return Object.fromEntries(
    Object.entries(wide).map(([name, { shape, data }]) => [name, {
      dtype: "float64",
      shape,
      data: data.map((x, i) => {
        const [up, down] = [x + h, x - h].map((value) => {
          data[i] = value;
          return naiveLoss(made, batch, params);
        });
        data[i] = x;
        return (up - down) / (2 * h);
      }),
    } as Tensor]),
  );
}

Deno.test("loss and every gradient are those of loops over numbers and finite differences", async () => {
  const made = make(lstm, { dModel: 3, layers: 2, patch: 2 }, 2);
  const data = lossBatch(made, 2, 4);
  const wide = widened(made.params);
  const loss = naiveLoss(made, data, unflatten(made.params, wide as Any));
  const value = { dtype: "float64", shape: [], data: Float64Array.of(loss) } as Tensor;
  const want = Object.values(differences(made, data, wide));
  assertParity(await valueAndGradients(made, data), [value, ...want]);
});

/** The batch of a step, and its rate, as {@linkcode parametersAfter} has them. */
const batchAt = (batch: Batch, i: number): Batch => ({
  ...batch,
  y: { ...batch.y, data: batch.y.data.map((x) => x * (1 + i)) } as Tensor,
});
const rateAt = (i: number) => 0.01 * (i + 1);

/** Some steps, with a batch that differs from step to step. */
async function parametersAfter(step: TrainingStep, batch: Batch, steps: number) {
  let current: Any = step.fresh;
  for (let i = 0; i < steps; i++) {
    current = await step.run(current, batchAt(batch, i), rateAt(i));
  }
  const out = flatten(await readTree(current.params));
  await step.close();
  return out;
}

Deno.test("training steps, clipped and decayed, are those of AdamW on loops over numbers, on every engine", async () => {
  const made = make(lstm, { dModel: 3, layers: 2 }, 2);
  const batch = lossBatch(made, 2, 5);
  const optimiser = { clipNorm: 0.5, weightDecay: 0.1 };
  const steps = 3;
  const want = widened(made.params);
  const moments = Object.fromEntries(
    Object.entries(want).map(([name, { data }]) => [name, {
      first: Array(data.length).fill(0),
      second: Array(data.length).fill(0),
    }]),
  );
  for (let step = 0; step < steps; step++) {
    const grads = differences(made, batchAt(batch, step), want);
    const norm = Math.hypot(...Object.values(grads).flatMap((g) => Array.from(g.data)));
    assert.ok(norm > optimiser.clipNorm);
    for (const [name, { shape, data }] of Object.entries(want)) {
      const { first, second } = moments[name];
      data.forEach((x, i) => {
        const g = grads[name].data[i] * optimiser.clipNorm / norm;
        first[i] = 0.9 * first[i] + 0.1 * g;
        second[i] = 0.999 * second[i] + 0.001 * g * g;
        const move = first[i] / (1 - 0.9 ** (step + 1)) /
          (Math.sqrt(second[i] / (1 - 0.999 ** (step + 1))) + 1e-8);
        const decay = shape.length > 1 ? optimiser.weightDecay * x : 0;
        data[i] = x - rateAt(step) * (move + decay);
      });
    }
  }
  for (const engine of ["ort", "jax", "tfjs"] as const) {
    const got = await parametersAfter(
      await stepOf(made, batch, { optimiser, engine }),
      batch,
      steps,
    );
    assert.deepEqual(Object.keys(got), Object.keys(want));
    for (const [name, { data }] of Object.entries(want)) {
      data.forEach((x, i) => {
        const off = Math.abs(got[name].data[i] - x);
        assert.ok(off <= 2e-5, `${engine}: ${name}[${i}] is off by ${off}`);
      });
    }
  }
});

Deno.test("statistics are read at every step, not fixed in the program", async () => {
  const made = make(lstm, { dModel: 3 }, obs);
  const batch = lossBatch(made, 2, 4);
  const step = await stepOf(made, batch);
  const shifted = {
    ...batch,
    train: { mean: tensor([0.2, -0.5, 1]), variance: tensor([0.8, 2, 1.3]) },
  };
  const values: number[] = [];
  for (const data of [batch, shifted]) {
    const [got] = (await (await step.run(step.fresh, data, 0)).value.read()).data;
    const want = naiveLoss(made, data, made.params);
    assert.ok(Math.abs(got - want) <= 1e-5 * want, `${got}, ${want}`);
    values.push(want);
  }
  assert.ok(Math.abs(values[0] - values[1]) > 0.01);
  await step.close();
});

Deno.test("the program of a training step does not grow with the sequence", async () => {
  const made = make(lstm, { dModel: 4, layers: 2 }, obs);
  const [short, long] = await Promise.all([3, 200].map(async (tokens) => {
    const batch = lossBatch(made, 2, tokens);
    const loss = nextPatchLoss(made.model, made.config);
    const step = valueAndGrad(loss);
    const program = await compile(step as Any, [made.params, batch]);
    await program.close();
    return program.report;
  }));
  assert.equal(long.equations, short.equations);
  assert.equal(long.nodes, short.nodes);
});

Deno.test("at 256 tokens the loss is the one of evaluation", async () => {
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
    train(() => stepOf(made, data), () => data, { schedule, signal, checkpoint, onStep });
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
