/** @file The two protocols of filtering: the next patch from every position, and free-running rollouts. */
import type { SequenceModel } from "../../models/model.ts";
import { type Kalman, nextPatch, type Score, score } from "../../ssm/mod.ts";
import { type Tensor, toFloat32 } from "../../tensor/tensor.ts";
import type { Runner } from "../task.ts";

/** What an evaluation leaves. */
export interface Scores {
  /** Over all horizons. */
  readonly overall: Score;
  /** One for each of `horizons`, over all contexts. */
  readonly byHorizon: readonly Score[];
  /** Observations ahead: 1 to the patch, or those of the protocol. */
  readonly horizons: readonly number[];
  /** Of predictions of the next patch: one step ahead at the boundaries that all patch sizes have. */
  readonly aligned?: Score;
}

/** Every patch but the first, predicted from all before it. */
export async function scoreNextPatch(
  runner: Runner<SequenceModel>,
  filter: Kalman,
  y: Tensor,
): Promise<Scores> {
  const [, length] = y.shape;
  const forecasts = nextPatch(length, runner.model.patch);
  const prediction = withoutLast(await runner.apply(toFloat32(y)));
  return {
    ...score(filter, y, prediction, forecasts),
    horizons: forecasts.horizons,
    aligned: alignedScore(filter, y, prediction),
  };
}

/** Predictions [B, N, ...] of patches 1 to N without that of patch N, which nobody observed. */
function withoutLast({ dtype, shape: [batch, patches, ...rest], data }: Tensor): Tensor {
  const each = data.length / batch;
  const kept = each / patches * (patches - 1);
  const out = new Float32Array(batch * kept);
  for (let b = 0; b < batch; b++) {
    out.set(data.subarray(b * each, b * each + kept), b * kept);
  }
  return { dtype, shape: [batch, patches - 1, ...rest], data: out };
}

/** Patches are powers of two up to this, so every patch size has a boundary at its multiples. */
const alignment = 32;

/**
 * One step ahead, at the boundaries that all patch sizes have: the same forecasts whatever the patch, which the next-patch
 * score is not. Absent when the sequences have no such boundary.
 */
function alignedScore(filter: Kalman, y: Tensor, { shape, data }: Tensor): Score | undefined {
  const [sequences, patches, patch, channels] = shape;
  if (alignment % patch !== 0) return undefined;
  const contexts: number[] = [];
  for (let c = alignment; c < y.shape[1]; c += alignment) contexts.push(c);
  if (contexts.length === 0) return undefined;
  const picked = new Float32Array(sequences * contexts.length * channels);
  for (let b = 0; b < sequences; b++) {
    contexts.forEach((context, i) => {
      const from = (b * patches + context / patch - 1) * patch * channels;
      picked.set(
        data.subarray(from, from + channels),
        (b * contexts.length + i) * channels,
      );
    });
  }
  const prediction = { shape: [sequences, contexts.length, 1, channels], data: picked };
  return score(filter, y, prediction, { contexts, horizons: [1] }).overall;
}

/**
 * Free-running after a warm-up.
 * @throws {RangeError} for sequences that end before the furthest horizon.
 */
export async function scoreRollouts(
  runner: Runner<SequenceModel>,
  filter: Kalman,
  y: Tensor,
  { warmup, horizons }: { readonly warmup: number; readonly horizons: readonly number[] },
): Promise<Scores> {
  const [sequences, length, channels] = y.shape;
  const furthest = Math.max(...horizons);
  if (warmup + furthest > length) {
    throw new RangeError(
      `rollouts of ${warmup} + ${furthest} observations need sequences of that length, not ${length}`,
    );
  }
  const start = new Float32Array(sequences * warmup * channels);
  for (let b = 0; b < sequences; b++) {
    const from = b * length * channels;
    start.set(y.data.subarray(from, from + warmup * channels), b * warmup * channels);
  }
  const shape = [sequences, warmup, channels];
  const rolled = await runner.generate({ dtype: "float32", shape, data: start }, furthest);
  const picked = new Float32Array(sequences * horizons.length * channels);
  for (let b = 0; b < sequences; b++) {
    horizons.forEach((h, i) => {
      const from = (b * furthest + h - 1) * channels;
      const to = (b * horizons.length + i) * channels;
      picked.set(rolled.data.subarray(from, from + channels), to);
    });
  }
  const prediction = { shape: [sequences, 1, horizons.length, channels], data: picked };
  return { ...score(filter, y, prediction, { contexts: [warmup], horizons }), horizons };
}
