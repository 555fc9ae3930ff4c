/** @file One-patch-ahead predictions of a sequence model for every position of given sequences. */
import type { np } from "../engine/arrays.ts";
import { compile, type Handle, type Tensor } from "../engine/mod.ts";
import type { Statistics } from "../layers/instance_norm.ts";
import type { Params, SequenceConfig, SequenceModel } from "../models/sequence_model.ts";
import { type Engine, inBatches, type RunOptions } from "./batches.ts";
import { unitStatistics } from "../tasks/filtering/next_patch.ts";

/** Predictions of one batch [B, T, obs]: [B, T / patch - 1, patch, obs], row-major. */
interface Predictor {
  run(y: Tensor): Promise<Tensor["data"]>;
  close(): Promise<void>;
}

async function compilePredictor<C extends SequenceConfig>(
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
      model.forward(config, params, train, y).slice([], [0, patches]),
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
  const shape = [size, length, obs];
  const predictor = await compilePredictor(model, config, params, shape, { engine, threads });
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
