/** @file What is true of every sequence model, as assertions over a model and its parameters. */
import { numpy as np, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import { compile, type EngineName, isSpecLike, type Tensor, tensor } from "../../lib/engine/mod.ts";
import type { Statistics } from "../../lib/layers/instance_norm.ts";
import type { Params, SequenceConfig, SequenceModel } from "../../lib/models/sequence_model.ts";
import { flatten, toHost } from "../../lib/train/host.ts";
import { nextPatchLoss, unitStatistics } from "../../lib/tasks/filtering/next_patch.ts";
import { rollout } from "../../lib/train/rollout.ts";
import { assertParity } from "../engine/layer_cases.ts";
import { generator, randomTensor, runEngine, runJax } from "../engine/oracle.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

export interface Made {
  readonly model: SequenceModel<SequenceConfig>;
  readonly config: Any;
  readonly params: Params;
}

/** A model with a head that is not zero, so that outputs say something. */
export function make(module: Any, options: Record<string, unknown>, obs: number): Made {
  const model = module as Made["model"];
  const config = model.configure(options, obs);
  const params = toHost(model.init(config, 7));
  const random = generator(3);
  params.head.weight = randomTensor(random, params.head.weight.shape, { low: -0.5, high: 0.5 });
  params.head.bias = randomTensor(random, params.head.bias.shape, { low: -0.5, high: 0.5 });
  return { model, config, params };
}

/** Predictions of the parallel form. */
export async function parallel({ model, config, params }: Made, y: Tensor): Promise<Tensor> {
  const statistics = unitStatistics(config.obsDim);
  const program = await compile(
    (p: Any, t: Statistics, y: np.Array) => model.forward(config, p, t, y),
    [params, statistics, y],
  );
  const out = await (await program.run(params, statistics, y)).read();
  await program.close();
  return out;
}

/** Observations [B, from..to, obs] of y. */
export function slice(y: Tensor, from: number, to: number): Tensor {
  const [batch, length, width] = y.shape;
  const rows = Array.from(
    { length: batch },
    (_, b) => Array.from(y.data.slice((b * length + from) * width, (b * length + to) * width)),
  );
  return tensor(rows.flat(), [batch, to - from, width]);
}

/** The step form, from the initial state on, predicts at every position what the parallel form does. */
export async function assertFormsAgree(made: Made, y: Tensor): Promise<void> {
  const { model, config, params } = made;
  const { patch, obsDim } = config;
  const [batch, length] = y.shape;
  const tokens = length / patch;
  let state: Any = model.initialState(config, batch, tokens);
  const whole = await parallel(made, y);
  const train = unitStatistics(obsDim);
  const program = await compile(
    (p: Any, t: Statistics, s: Any, y: np.Array, at: np.Array, learn: np.Array) =>
      model.step(config, p, t, s, y, at, learn),
    [params, train, state, slice(y, 0, patch), tensor(0, [], "int32"), tensor(1)],
  );
  const each = patch * obsDim;
  for (let k = 0; k < tokens; k++) {
    const token = slice(y, k * patch, (k + 1) * patch);
    const out = await program.run(params, train, state, token, tensor(k, [], "int32"), tensor(1));
    state = out.state;
    const prediction = await out.prediction.read();
    for (let b = 0; b < batch; b++) {
      for (let i = 0; i < each; i++) {
        const want = whole.data[(b * tokens + k) * each + i];
        const got = prediction.data[b * each + i];
        assert.ok(Math.abs(got - want) <= 1e-5, `position ${k}: ${got} against ${want}`);
      }
    }
  }
  await program.close();
}

/** Changing tokens from `from` on changes outputs from there on, and none before. */
export async function assertCausal(made: Made, tokens: number, from: number): Promise<void> {
  const { patch, obsDim } = made.config;
  const each = patch * obsDim;
  const y = randomTensor(generator(5), [2, tokens * patch, obsDim]);
  const other = { ...y, data: y.data.slice() };
  for (let b = 0; b < 2; b++) {
    other.data.fill(1e3, (b * tokens + from) * each, (b + 1) * tokens * each);
  }
  const [first, second] = [await parallel(made, y), await parallel(made, other)];
  for (let b = 0; b < 2; b++) {
    const [start, cut, end] = [b * tokens, b * tokens + from, (b + 1) * tokens].map((t) =>
      t * each
    );
    assert.deepEqual(first.data.slice(start, cut), second.data.slice(start, cut));
    assert.notDeepEqual(first.data.slice(cut, end), second.data.slice(cut, end));
  }
}

/** A rollout is the parallel form over the sequence grown by every prediction. Wants patch 2 and frozen statistics. */
export async function assertRollout(made: Made, warmup = 8): Promise<void> {
  const { model, config, params } = made;
  const obs = config.obsDim;
  const y = randomTensor(generator(9), [3, warmup, obs]);
  const steps = 5; // not a multiple of the patch
  const rolled = await rollout(model, config, params, y, steps, { batch: 2 }); // the last batch is not full
  assert.deepEqual(rolled.shape, [3, steps, obs]);
  let grown = y;
  const predictions: number[][] = [[], [], []];
  while (predictions[0].length < steps * obs) {
    const whole = await parallel(made, grown);
    const [batch, tokens] = whole.shape;
    const [, length] = grown.shape;
    const rows: number[] = [];
    for (let b = 0; b < batch; b++) {
      const at = ((b + 1) * tokens - 1) * 2 * obs;
      const last = Array.from(whole.data.slice(at, at + 2 * obs));
      predictions[b].push(...last);
      rows.push(...grown.data.slice(b * length * obs, (b + 1) * length * obs), ...last);
    }
    grown = tensor(rows, [batch, length + 2, obs]);
  }
  predictions.forEach((want, b) => {
    for (let i = 0; i < steps * obs; i++) {
      const got = rolled.data[b * steps * obs + i];
      assert.ok(Math.abs(got - want[i]) < 1e-4, `rollout ${b}, number ${i}: ${got}, ${want[i]}`);
    }
  });
}

/** A batch of the next-patch loss. */
export function lossBatch({ config }: Made, batch: number, tokens: number) {
  const random = generator(8);
  return {
    y: randomTensor(random, [batch, tokens * config.patch, config.obsDim]),
    weights: randomTensor(random, [tokens - 1, config.patch, 1], { low: 0.5, high: 2 }),
    train: unitStatistics(config.obsDim),
  };
}

function mapTensors(x: Any, f: () => unknown): Any {
  if (isSpecLike(x)) return f();
  if (Array.isArray(x)) return x.map((child) => mapTensors(child, f));
  return Object.fromEntries(Object.entries(x).map(([name, child]) => [name, mapTensors(child, f)]));
}

/**
 * Loss and gradients as a function of single arrays, the parameters first, its arguments, and what jax-js's own gradient gives in
 * float64, with loops unrolled.
 */
export function lossStep({ model, config, params }: Made, data: ReturnType<typeof lossBatch>) {
  const loss = nextPatchLoss(model, config);
  const args = [...Object.values(flatten(params)), ...Object.values(flatten(data))];
  const argnums = Object.keys(flatten(params)).map((_, i) => i);
  const ofArrays = (...arrays: np.Array[]) => {
    const next = arrays.values();
    const [p, d] = mapTensors([params, data], () => next.next().value!);
    return loss(p, d);
  };
  const step = valueAndGrad(ofArrays, { argnums });
  const unrolled = (jaxValueAndGrad as Any)(ofArrays, { argnums });
  return { step, args, exact: () => runJax(unrolled, args, "float64") };
}

/** Loss and every gradient agree with float64 on every engine that runs everywhere. */
export async function assertGradients(made: Made, batch: number, tokens: number): Promise<void> {
  const { step, args, exact } = lossStep(made, lossBatch(made, batch, tokens));
  const want = exact();
  for (const engine of ["ort", "jax", "tfjs"] satisfies EngineName[]) {
    assertParity(await runEngine(step, args, engine), want);
  }
}
