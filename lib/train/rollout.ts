/**
 * @file Free-running rollouts: after a warm-up a sequence model is fed its own predictions. Its step form does both, patch by patch.
 */
import type { Tensor } from "../engine/mod.ts";
import type { Params, SequenceConfig, SequenceModel } from "../models/sequence_model.ts";
import { inBatches, type RunOptions } from "./batches.ts";
import { disposeTree } from "./host.ts";
import { unitStatistics } from "../tasks/filtering/next_patch.ts";
import { compileStepForm, type Stepped } from "./step_form.ts";

/** A rollout of one batch, compiled once and run often. */
export interface Roller {
  /** @param y [batch, warm-up, obs] @returns [batch, steps, obs] */
  run(y: Tensor, onStep?: (done: number, total: number) => void): Promise<Tensor>;
  close(): Promise<void>;
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
  options: Pick<RunOptions, "engine" | "threads">,
): Promise<Roller> {
  const [batch, warmup, obs] = shape;
  const { patch } = config;
  if (warmup % patch !== 0) {
    throw new RangeError(`the warm-up of ${warmup} is not a multiple of the patch ${patch}`);
  }
  const seen = warmup / patch;
  const ahead = Math.ceil(steps / patch);
  const train = unitStatistics(obs);
  const start = model.initialState(config, batch, seen + ahead);
  const form = await compileStepForm(model, config, params, train, batch, start, options);
  return {
    async run(y, onStep) {
      const data = new Float32Array(batch * steps * obs);
      let current!: Stepped;
      for await (const stepped of form.through(start, y)) {
        current?.prediction.dispose();
        current = stepped;
      }
      for (let k = 0; k < ahead; k++) {
        if (k > 0) {
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
    close: form.close,
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
