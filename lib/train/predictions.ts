/** @file One-patch-ahead predictions of a sequence model for every position of given sequences. */
import type { np } from "../engine/arrays.ts";
import { compile, type Handle, type Tensor, type Tree } from "../engine/mod.ts";
import type { Statistics } from "../layers/instance_norm.ts";
import type { Params, SequenceConfig, SequenceModel } from "../models/sequence_model.ts";
import { type Engine, inBatches, type RunOptions } from "./batches.ts";
import { disposeTree } from "./host.ts";
import { unitStatistics } from "./next_patch.ts";
import { compileStepForm } from "./step_form.ts";

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
    async run(y) {
      const prediction: Handle = await program.run(params, train, y);
      const { data } = await prediction.read();
      prediction.dispose();
      return data;
    },
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
      let last: Tree<Handle> = [];
      // What follows the last patch is not known, so the form stops before it.
      for await (const { prediction, state: next } of form.through(state, y, patches)) {
        const out = (await prediction.read()).data;
        prediction.dispose();
        for (let b = 0; b < batch; b++) {
          data.set(out.subarray(b * each, (b + 1) * each), (b * patches + k) * each);
        }
        k++;
        last = next;
      }
      disposeTree(last);
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
