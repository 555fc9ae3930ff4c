/**
 * @file Training and evaluating a sequence model on next-patch prediction of a state-space system, with every
 * squared error divided by the Kalman filter's expected one, so that 1 is the optimum at any time scale.
 */
import { numpy as np } from "@jax-js/jax";
import { compile, type EngineName, type Tensor, tensor, type Tree } from "../engine/mod.ts";
import type { Statistics } from "../layers/instance_norm.ts";
import type { Params, SequenceConfig, SequenceModel } from "../models/sequence_model.ts";
import { forecastVariance, type Kalman, nextPatch } from "../ssm/mod.ts";
import { compileStepForm, type StepForm, type Stepped } from "./step_form.ts";

/** Observations as a float32 tensor for the engine. */
export function toFloat32({ shape, data }: { shape: readonly number[]; data: ArrayLike<number> }) {
  return { dtype: "float32", shape: [...shape], data: Float32Array.from(data) } as Tensor;
}

/** Statistics of the training distribution: systems are scaled to unit variance and mean zero. */
export function unitStatistics(obsDim: number): { mean: Tensor; variance: Tensor } {
  const ones = new Float32Array(obsDim).fill(1);
  return { mean: tensor(0, [obsDim]), variance: tensor(ones, [obsDim]) };
}

/**
 * Inverse Kalman variances of every predicted patch and offset, [patches - 1, patch, 1]: a multi-step
 * forecast is judged against the multi-step optimum.
 */
export function patchWeights(filter: Kalman, length: number, patch: number): Tensor {
  const forecasts = nextPatch(length, patch);
  const variance = forecastVariance(filter, forecasts);
  return tensor(Float32Array.from(variance, (v) => 1 / v), [forecasts.contexts.length, patch, 1]);
}

/**
 * Mean over sequences, channels, patches and offsets of the squared error over the Kalman variance.
 * @param prediction [B, N, patch, obs], where entry k predicts patch k + 1.
 * @param y [B, N patch, obs]
 * @param weights [N - 1, patch, 1] of {@linkcode patchWeights}.
 */
export function patchLoss(prediction: np.Array, y: np.Array, weights: np.Array): np.Array {
  const [batch, patches, patch, obs] = prediction.shape;
  const target = y.reshape([batch, patches, patch, obs]).slice([], [1, patches]);
  const error = prediction.slice([], [0, patches - 1]).sub(target);
  return np.mean(error.ref.mul(error).mul(weights));
}

/** {@linkcode patchLoss} of a model as a function of its parameters and a batch. */
export function nextPatchLoss<C extends SequenceConfig>(model: SequenceModel<C>, config: C) {
  return (
    params: Params,
    { y, weights, train }: { y: np.Array; weights: np.Array; train: Statistics },
  ): np.Array => {
    const { prediction } = model.forward(config, params, train, y.ref);
    return patchLoss(prediction, y, weights);
  };
}

/** Largest batch that keeps `bytesEach * batch` within the budget; at least 1. */
export function fitBatch(wanted: number, bytesEach: number, budgetBytes: number): number {
  return Math.max(1, Math.min(wanted, Math.floor(budgetBytes / bytesEach)));
}

/** Runs `run` on slices of at most `batch` sequences; the last slice is padded by repeating its first sequence. */
async function inBatches(
  y: Tensor,
  batch: number,
  run: (slice: Tensor, count: number, first: number) => Promise<void>,
): Promise<void> {
  const [total, ...rest] = y.shape;
  const each = rest.reduce((a, b) => a * b, 1);
  for (let first = 0; first < total; first += batch) {
    const count = Math.min(batch, total - first);
    const data = new Float32Array(batch * each);
    data.set(y.data.subarray(first * each, (first + count) * each) as Float32Array);
    await run({ dtype: "float32", shape: [batch, ...rest], data }, count, first);
  }
}

interface RunOptions {
  readonly engine?: EngineName;
  readonly threads?: number;
  readonly batch: number;
  readonly onBatch?: (done: number, total: number) => void;
  /** Of a rollout: after token `done` of `total` of every batch. */
  readonly onStep?: (done: number, total: number) => void;
}

type Engine = Pick<RunOptions, "engine" | "threads">;

/** Predictions of one batch [B, T, obs]: [B, T / patch - 1, patch, obs], row-major. */
interface Predictor {
  run(y: Tensor): Promise<Tensor["data"]>;
  close(): Promise<void>;
}

async function parallelPredictor<C extends SequenceConfig>(
  model: SequenceModel<C>,
  config: C,
  params: Params,
  shape: readonly number[],
  options: Engine,
): Promise<Predictor> {
  const [, length, obs] = shape;
  const patches = length / config.patch - 1;
  const train = unitStatistics(obs);
  const program = await compile(
    (params: Params, train: Statistics, y: np.Array) =>
      model.forward(config, params, train, y).prediction.slice([], [0, patches]),
    [params, train, { dtype: "float32", shape }],
    options,
  );
  return {
    run: async (y) => (await (await program.run(params, train, y)).read()).data,
    close: program.close,
  };
}

/** For models that have an initial state: one step after another, because their parallel form would unroll the loop. */
async function stepPredictor<C extends SequenceConfig>(
  model: SequenceModel<C>,
  config: C,
  params: Params,
  [batch, length, obs]: readonly number[],
  options: Engine,
): Promise<Predictor> {
  const patches = length / config.patch - 1;
  const each = config.patch * obs;
  const train = unitStatistics(obs);
  const state = model.initialState!(config, batch);
  const form = await compileStepForm(model, config, params, train, batch, state, options);
  return {
    async run(y) {
      const data = new Float32Array(batch * patches * each);
      let k = 0;
      for await (const { prediction } of form.through(state, y)) {
        if (k === patches) break; // what follows the last patch is not known
        const out = (await prediction.read()).data;
        for (let b = 0; b < batch; b++) {
          data.set(out.subarray(b * each, (b + 1) * each), (b * patches + k) * each);
        }
        k++;
      }
      return data;
    },
    close: form.close,
  };
}

/**
 * One-patch-ahead predictions for y [B, T, obs].
 * @returns [B, T / patch - 1, patch, obs]: entry k predicts patch k + 1 from patches 0..k.
 */
export async function predictPatches<C extends SequenceConfig>(
  model: SequenceModel<C>,
  config: C,
  params: Params,
  y: Tensor,
  { engine, threads, batch, onBatch }: RunOptions,
): Promise<Tensor> {
  const [total, length, obs] = y.shape;
  const size = Math.min(batch, total);
  const patches = length / config.patch - 1;
  const make = model.initialState ? stepPredictor : parallelPredictor;
  const predictor = await make(model, config, params, [size, length, obs], { engine, threads });
  const each = patches * config.patch * obs;
  const data = new Float32Array(total * each);
  try {
    await inBatches(y, size, async (slice, count, first) => {
      const out = await predictor.run(slice);
      data.set(out.subarray(0, count * each), first * each);
      onBatch?.(first + count, total);
    });
  } finally {
    await predictor.close();
  }
  return { dtype: "float32", shape: [total, patches, config.patch, obs], data };
}

/** A rollout of one batch, compiled once and run often. */
export interface Roller {
  /** @param y [batch, warm-up, obs] @returns [batch, steps, obs] */
  run(y: Tensor, onStep?: (done: number, total: number) => void): Promise<Tensor>;
  close(): Promise<void>;
}

/** Takes a model through the warm-up of a rollout: the prediction of the patch after it, and the state. */
interface WarmUp {
  run(y: Tensor): Promise<Stepped>;
  close(): Promise<void>;
}

async function parallelWarmUp<C extends SequenceConfig>(
  model: SequenceModel<C>,
  config: C,
  params: Params,
  shape: readonly number[],
  capacity: number,
  options: Engine,
): Promise<WarmUp> {
  const [, length, obs] = shape;
  const train = unitStatistics(obs);
  const program = await compile(
    (params: Params, train: Statistics, y: np.Array) => {
      const { prediction, caches } = model.forward(config, params, train, y.ref);
      const last = prediction.slice([], length / config.patch - 1);
      return { prediction: last, state: model.continueFrom(config, caches, y, capacity) };
    },
    [params, train, { dtype: "float32", shape }],
    options,
  );
  return { run: (y) => program.run(params, train, y), close: program.close };
}

/** With a step form that the rollout goes on with, and closes. */
function stepWarmUp(form: StepForm, state: Tree<Tensor>): WarmUp {
  return {
    async run(y) {
      let last: Stepped | undefined;
      for await (const stepped of form.through(state, y)) last = stepped;
      return last!;
    },
    close: () => Promise.resolve(),
  };
}

/**
 * Free-running rollouts: after a warm-up (a multiple of the patch) the model is fed its own predictions, statistics
 * frozen.
 * @param shape of a batch: [batch, warm-up, obs]
 * @param steps observations to roll out.
 */
export async function compileRollout<C extends SequenceConfig>(
  model: SequenceModel<C>,
  config: C,
  params: Params,
  shape: readonly number[],
  steps: number,
  { engine, threads }: Pick<RunOptions, "engine" | "threads">,
): Promise<Roller> {
  const [batch, warmup, obs] = shape;
  const { patch } = config;
  if (warmup % patch !== 0) {
    throw new RangeError(`the warm-up of ${warmup} is not a multiple of the patch ${patch}`);
  }
  const seen = warmup / patch;
  const ahead = Math.ceil(steps / patch);
  const train = unitStatistics(obs);
  const options = { engine, threads };
  let form = model.initialState && await compileStepForm(
    model,
    config,
    params,
    train,
    batch,
    model.initialState(config, batch),
    options,
  );
  const warmUp = form
    ? stepWarmUp(form, model.initialState!(config, batch))
    : await parallelWarmUp(model, config, params, shape, seen + ahead, options);
  return {
    async run(y, onStep) {
      const data = new Float32Array(batch * steps * obs);
      let current = await warmUp.run(y);
      for (let k = 0; k < ahead; k++) {
        if (k > 0) {
          form ??= await compileStepForm(
            model,
            config,
            params,
            train,
            batch,
            current.state,
            options,
          );
          current = await form.step(current.state, current.prediction, seen + k - 1, false);
        }
        const out = (await current.prediction.read()).data;
        const kept = Math.min(patch, steps - k * patch) * obs;
        for (let b = 0; b < batch; b++) {
          const from = b * patch * obs;
          data.set(out.subarray(from, from + kept), (b * steps + k * patch) * obs);
        }
        onStep?.(k + 1, ahead);
      }
      return { dtype: "float32", shape: [batch, steps, obs], data };
    },
    async close() {
      await warmUp.close();
      await form?.close();
    },
  };
}

/**
 * Rollouts of many sequences in batches.
 * @param y [B, warm-up, obs]
 * @returns [B, steps, obs]
 */
export async function rollout<C extends SequenceConfig>(
  model: SequenceModel<C>,
  config: C,
  params: Params,
  y: Tensor,
  steps: number,
  { batch, onBatch, onStep, ...options }: RunOptions,
): Promise<Tensor> {
  const [total, warmup, obs] = y.shape;
  const size = Math.min(batch, total);
  const data = new Float32Array(total * steps * obs);
  const roller = await compileRollout(model, config, params, [size, warmup, obs], steps, options);
  try {
    await inBatches(y, size, async (slice, count, first) => {
      const out = await roller.run(
        slice,
        (done, all) => {
          onStep?.(done, all);
          onBatch?.(first + (count * done) / all, total);
        },
      );
      data.set(out.data.subarray(0, count * steps * obs), first * steps * obs);
    });
  } finally {
    await roller.close();
  }
  return { dtype: "float32", shape: [total, steps, obs], data };
}
