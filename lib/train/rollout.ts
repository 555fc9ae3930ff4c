/**
 * @file Free-running rollouts: after a warm-up a sequence model is fed its own predictions. Its step form does both, patch by patch.
 */
import type { Compile, Tensor, Tree } from "../engine/types.ts";
import type { SequenceModel } from "../models/model.ts";
import { disposeTree } from "./host.ts";
import { compileStepForm, type Stepped } from "./step_form.ts";

/** A rollout of one batch, compiled once and run often. */
export interface Rollout {
  /**
   * Reads a warm-up, then goes on from its own predictions.
   * @param y [batch, warm-up, channels]
   * @param onToken after every token that was predicted.
   * @returns [batch, steps, channels]
   */
  run(y: Tensor, onToken?: (done: number, total: number) => void): Promise<Tensor>;
  /** Frees the compiled program. */
  close(): Promise<void>;
}

/**
 * Free-running rollouts: after a warm-up the model is fed its own predictions, statistics frozen.
 * @param shape of a batch: [batch, warm-up, channels]
 * @param steps observations to roll out.
 * @throws {RangeError} for a warm-up that is no multiple of the patch.
 */
export async function compileRollout(
  model: SequenceModel,
  params: Tree<Tensor>,
  [batch, warmup, channels]: readonly number[],
  steps: number,
  compile: Compile,
): Promise<Rollout> {
  const { patch } = model;
  if (warmup % patch !== 0) {
    throw new RangeError(`the warm-up of ${warmup} is not a multiple of the patch ${patch}`);
  }
  const seen = warmup / patch;
  const ahead = Math.ceil(steps / patch);
  const start = model.initialState(batch, seen + ahead);
  const form = await compileStepForm(model, params, [batch, patch, channels], start, compile);
  return {
    async run(y, onToken) {
      const data = new Float32Array(batch * steps * channels);
      let current!: Stepped;
      for await (const stepped of form.through(start, y)) {
        current?.prediction.dispose();
        current = stepped;
      }
      for (let k = 0; k < ahead; k++) {
        if (k > 0) {
          const { state, prediction } = current;
          current = await form.step(state, prediction, false);
          disposeTree([state, prediction]);
        }
        const out = (await current.prediction.read()).data;
        const kept = Math.min(patch, steps - k * patch) * channels;
        for (let b = 0; b < batch; b++) {
          const from = b * patch * channels;
          data.set(out.subarray(from, from + kept), (b * steps + k * patch) * channels);
        }
        onToken?.(k + 1, ahead);
      }
      disposeTree([current.state, current.prediction]);
      return { dtype: "float32", shape: [batch, steps, channels], data };
    },
    close: form.close,
  };
}
