/**
 * @file Training a model with a loop over time: the same loss, gradients and updates as of the unrolled model in float64, of loops
 * over numbers and their finite differences; and a program that does not grow with the sequence.
 */
import { init as initJax, type numpy as np, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Arrays } from "../../lib/engine/arrays.ts";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import { compile, compileOn, type Tensor, type Tree } from "../../lib/engine/mod.ts";
import { patchLoss } from "../../lib/tasks/filtering/next_patch.ts";
import { flatten, isSpec, leavesOf, mapLeaves, mapTensors } from "../../lib/tensor/trees.ts";
import { disposeTree, readTree } from "../../lib/train/host.ts";
import { runnerOf } from "../../lib/train/runner.ts";
import {
  compileStep,
  type Loss,
  type StepOptions,
  train,
  type TrainingStep,
  type TrainOptions,
} from "../../lib/train/trainer.ts";
import { assertParity } from "../engine/layer_cases.ts";
import { generator, randomTensor, runJax } from "../engine/oracle.ts";
import { type LstmTensors, naiveLstm } from "../models/naive_lstm.ts";
import { type Made, made } from "../models/stacks.ts";
import { nativeTfjs } from "../engine/native_tfjs.ts";

await initJax("wasm");

type Batch = { y: Tensor; weights: Tensor };
type Norm = "none" | "fixed";
interface Case extends Made {
  readonly norm: Norm;
  readonly statistics: { readonly mean: number[]; readonly variance: number[] };
}

/** Bare LSTMs. */
function lstms(layers: number, { norm = "fixed" as Norm, ...options }, channels: number): Case {
  const statistics = {
    mean: [0.2, -0.5, 1].slice(0, channels),
    variance: [0.8, 2, 1.3].slice(0, channels),
  };
  const named = Array.from({ length: layers }, () => ["lstm"] as const);
  const whole = { block: "bare", norm, ...options };
  return { ...made(named, whole, channels, statistics), norm, statistics };
}

function lossBatch({ model: { patch }, channels }: Made, batch: number, tokens: number): Batch {
  const random = generator(8);
  return {
    y: randomTensor(random, [batch, tokens * patch, channels]),
    weights: randomTensor(random, [tokens - 1, patch, 1], { low: 0.5, high: 2 }),
  };
}

const lossOf = ({ model }: Made): Loss => (params, batch) => {
  const { y, weights } = batch as { y: np.Array; weights: np.Array };
  return patchLoss(model.apply(params, y.ref), y, weights);
};

const stepOf = (made: Made, batch: Batch, options: Partial<StepOptions> = {}) =>
  compileStep(lossOf(made), made.params, batch, { compile, ...options });

/** Value and gradients in the order of the parameters, read off the first moments after one step. */
async function valueAndGradients(made: Made, batch: Batch): Promise<[Tensor, ...Tensor[]]> {
  const step = await stepOf(made, batch, { optimiser: { beta1: 0.5 } });
  const out = await step.run(step.fresh, batch, [0]);
  const { shape, ...value } = await out.value.read();
  assert.deepEqual(shape, [1]);
  const { first } = await readTree(out.state) as { first: Tree<Tensor> };
  const norm = (await out.gradNorm.read()).data[0];
  await step.close();
  const grads = leavesOf(first).map(({ shape, data, dtype }): Tensor => {
    return { dtype, shape, data: data.map((x) => 2 * x) };
  });
  const want = Math.hypot(...grads.flatMap((g) => Array.from(g.data)));
  assert.ok(Math.abs(norm - want) <= 1e-5 * want, `gradient norm ${norm}, ${want}`);
  return [{ ...value, shape: [] }, ...grads];
}

/** The same by jax-js's own gradient in float64, with loops unrolled. */
function unrolled(made: Made, { y, weights }: Batch): Tensor[] {
  const leaves = leavesOf(made.params);
  const loss = (...arrays: np.Array[]) => {
    const next = arrays.values();
    const isLeaf = (value: Tree<Tensor>): value is Tensor => isSpec(value);
    const params: Arrays = mapLeaves(made.params, isLeaf, () => next.next().value!);
    const [y, weights] = next;
    return lossOf(made)(params, { y, weights });
  };
  const argnums = leaves.map((_, i) => i);
  // deno-lint-ignore no-explicit-any
  const step = (jaxValueAndGrad as any)(loss, { argnums });
  return runJax(step, [...leaves, y, weights], "float64");
}

const cases: [string, Case, batch: number, tokens: number][] = [
  ["one layer", lstms(1, { width: 5 }, 3), 2, 7],
  ["three layers, patch 2", lstms(3, { width: 3, patch: 2 }, 3), 3, 5],
  ["no norm, patch 3", lstms(1, { width: 4, norm: "none", patch: 3 }, 3), 2, 3],
  ["size 1: one sequence, one unit, two tokens", lstms(1, { width: 1 }, 1), 1, 2],
];
for (const [name, made, batch, tokens] of cases) {
  Deno.test(`loss and every gradient are those of the unrolled model in float64: ${name}`, async () => {
    const data = lossBatch(made, batch, tokens);
    assertParity(await valueAndGradients(made, data), unrolled(made, data));
  });
}

/** The loss of parameters in float64, written in loops over numbers. */
function naiveLoss(made: Case, { y: { shape, data }, weights }: Batch, params: Tree<Tensor>) {
  const { model: { patch }, norm, statistics } = made;
  const [batch, length, channels] = shape;
  let sum = 0;
  for (let b = 0; b < batch; b++) {
    const y = Array.from(
      { length },
      (_, t) =>
        Array.from(data.slice((b * length + t) * channels, (b * length + t + 1) * channels)),
    );
    naiveLstm({ patch, norm }, params as unknown as LstmTensors, statistics, y).slice(0, -1)
      .forEach((prediction, k) =>
        prediction.forEach((value, i) => {
          const at = Math.floor(i / channels);
          const target = y[patch * (k + 1) + at][i % channels];
          sum += (value - target) ** 2 * weights.data[patch * k + at];
        })
      );
  }
  return sum / (batch * (length - patch) * channels);
}

/** Parameters in float64, to be changed in place. */
const widened = (params: Tree<Tensor>) =>
  mapTensors(params, ({ shape, data }) => {
    return { dtype: "float64", shape, data: Float64Array.from(data) };
  });

/** Central differences of {@linkcode naiveLoss}, in the order of the parameters. */
function differences(made: Case, batch: Batch, wide: Tree<Tensor>): Tensor[] {
  const h = 1e-5;
  return leavesOf(wide).map(({ shape, data }): Tensor => ({
    dtype: "float64",
    shape,
    data: data.map((x, i) => {
      const [up, down] = [x + h, x - h].map((value) => {
        data[i] = value;
        return naiveLoss(made, batch, wide);
      });
      data[i] = x;
      return (up - down) / (2 * h);
    }),
  }));
}

Deno.test("loss and every gradient are those of loops over numbers and finite differences", async () => {
  const made = lstms(2, { width: 3, patch: 2 }, 2);
  const data = lossBatch(made, 2, 4);
  const wide = widened(made.params);
  const value: Tensor = {
    dtype: "float64",
    shape: [],
    data: Float64Array.of(naiveLoss(made, data, wide)),
  };
  const want = differences(made, data, wide);
  assertParity(await valueAndGradients(made, data), [value, ...want]);
});

/** The batch of a step, and its rate, as {@linkcode parametersAfter} has them. */
const batchAt = (batch: Batch, i: number): Batch => ({
  ...batch,
  y: { ...batch.y, data: batch.y.data.map((x) => x * (1 + i)) },
});
const rateAt = (i: number) => 0.01 * (i + 1);

/** Some steps, with a batch that differs from step to step. */
async function parametersAfter(step: TrainingStep, batch: Batch, steps: number) {
  let current: Parameters<TrainingStep["run"]>[0] = step.fresh;
  for (let i = 0; i < steps; i++) {
    current = await step.run(current, batchAt(batch, i), [rateAt(i)]);
  }
  const out = flatten(await readTree(current.params));
  disposeTree([current.params, current.state]);
  await step.close();
  return out;
}

Deno.test("training steps, clipped and decayed, are those of AdamW on loops over numbers, on every engine", async () => {
  const made = lstms(2, { width: 3 }, 2);
  const batch = lossBatch(made, 2, 5);
  const optimiser = { clipNorm: 0.5, weightDecay: 0.1 };
  const steps = 3;
  const wide = widened(made.params);
  const want = flatten(wide);
  const moments = Object.values(want).map(({ data }) => ({
    first: Array(data.length).fill(0),
    second: Array(data.length).fill(0),
  }));
  for (let step = 0; step < steps; step++) {
    const grads = differences(made, batchAt(batch, step), wide);
    const norm = Math.hypot(...grads.flatMap((g) => Array.from(g.data)));
    assert.ok(norm > optimiser.clipNorm);
    Object.values(want).forEach(({ shape, data }, k) => {
      const { first, second } = moments[k];
      data.forEach((x, i) => {
        const g = grads[k].data[i] * optimiser.clipNorm / norm;
        first[i] = 0.9 * first[i] + 0.1 * g;
        second[i] = 0.999 * second[i] + 0.001 * g * g;
        const move = first[i] / (1 - 0.9 ** (step + 1)) /
          (Math.sqrt(second[i] / (1 - 0.999 ** (step + 1))) + 1e-8);
        const decay = shape.length > 1 ? optimiser.weightDecay * x : 0;
        data[i] = x - rateAt(step) * (move + decay);
      });
    });
  }
  for (const engine of ["ort", "jax", "tfjs", ...nativeTfjs] as const) {
    const step = await stepOf(made, batch, { optimiser, compile: compileOn(engine) });
    const got = await parametersAfter(step, batch, steps);
    assert.deepEqual(Object.keys(got), Object.keys(want));
    for (const [name, { data }] of Object.entries(want)) {
      data.forEach((x, i) => {
        const off = Math.abs(got[name].data[i] - x);
        assert.ok(off <= 2e-5, `${engine}: ${name}[${i}] is off by ${off}`);
      });
    }
  }
});

Deno.test("the program of a training step does not grow with the sequence", async () => {
  const made = lstms(2, { width: 4 }, 3);
  const [short, long] = await Promise.all([3, 200].map(async (tokens) => {
    const step = valueAndGrad(lossOf(made));
    const program = await compile(step as never, [made.params, lossBatch(made, 2, tokens)]);
    await program.close();
    return program.report;
  }));
  assert.equal(long.equations, short.equations);
  assert.equal(long.nodes, short.nodes);
});

Deno.test("at 256 tokens the loss is the one of evaluation", async () => {
  const made = lstms(1, { width: 4 }, 3);
  const data = lossBatch(made, 2, 256);
  const [value] = await valueAndGradients(made, data);
  const predicted = await runnerOf(made.model, made.params, { batch: 2, compile }).apply(data.y);
  let sum = 0;
  for (let b = 0; b < 2; b++) {
    for (let i = 0; i < 255 * 3; i++) {
      const error = predicted.data[b * 256 * 3 + i] - data.y.data[b * 256 * 3 + 3 + i];
      sum += error ** 2 * data.weights.data[Math.floor(i / 3)];
    }
  }
  const want = sum / (2 * 255 * 3);
  assert.ok(Math.abs(value.data[0] - want) <= 1e-5 * want, `${value.data[0]}, ${want}`);
});

Deno.test("a killed training goes on from its checkpoint to the same bytes", async () => {
  const made = lstms(1, { width: 4 }, 3);
  const data = lossBatch(made, 2, 6);
  const schedule = { peak: 0.02, steps: 8, warmup: 2 };
  const run = (options: Partial<TrainOptions> = {}) =>
    train(() => stepOf(made, data), () => data, { schedule, ...options });
  const want = await run();
  let saved: Record<string, Tensor> | undefined;
  const checkpoint = {
    every: 1e6,
    load: () => Promise.resolve(saved),
    save: (state: Record<string, Tensor>) => Promise.resolve(void (saved = state)),
  };
  const stop = new AbortController();
  const onStep = ({ step }: { step: number }) => step === 4 && stop.abort(new Error("stop"));
  await assert.rejects(run({ signal: stop.signal, checkpoint, onStep }), /stop/);
  assert.equal(saved!.step.data[0], 5);
  const got = await run({ checkpoint });
  assert.deepEqual(flatten(got.params), flatten(want.params));
  assert.deepEqual(got.lastLosses, want.lastLosses);
});
