/** @file Free-running rollouts: after a warm-up a sequence model is fed its own predictions. */
import type { np } from "../engine/arrays.ts";
import { compile, type Tensor, type Tree } from "../engine/mod.ts";
import type { Statistics } from "../layers/instance_norm.ts";
import type { Params, SequenceConfig, SequenceModel } from "../models/sequence_model.ts";
import { type Engine, inBatches, type RunOptions } from "./batches.ts";
import { disposeTree } from "./host.ts";
import { unitStatistics } from "./next_patch.ts";
import { compileStepForm, type StepForm, type Stepped } from "./step_form.ts";

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
      for await (const stepped of form.through(state, y)) {
        last?.prediction.dispose();
        last = stepped;
      }
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
          const { state, prediction } = current;
          current = await form.step(state, prediction, seen + k - 1, false);
          disposeTree([state, prediction]);
        }
        const out = (await current.prediction.read()).data;
        const kept = Math.min(patch, steps - k * patch) * obs;
        for (let b = 0; b < batch; b++) {
          const from = b * patch * obs;
          data.set(out.subarray(from, from + kept), (b * steps + k * patch) * obs);
        }
        onStep?.(k + 1, ahead);
      }
      disposeTree([current.state, current.prediction]);
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
