/**
 * @file A model whose predictions are known on paper: offset j of the token after token k is
 * gain^j (last observation) + level (mean of what was learned) + slope k, for j = 1..patch.
 */
import { numpy as np } from "@jax-js/jax";
import { type Tensor, tensor } from "../../lib/engine/mod.ts";
import type { Context, ModelModule, SequenceModel } from "../../lib/models/model.ts";

/** `gain` by channel. */
type Known<A> = { gain: A; level: A; slope: A };
/** Sum of the observations [B, channels] and their number, and the number of tokens. */
type State = { sum: np.Array; count: np.Array; index: np.Array };

/** The module of a model, and what was asked of the models that it configured. */
export interface KnownModel {
  readonly model: ModelModule<SequenceModel<Known<np.Array>, State>>;
  /** How many tokens a rollout asked room for, once for the memory that it takes and once for itself. */
  readonly capacities: number[];
  /** Sequences that it was compiled for. */
  readonly batches: number[];
}

/** What a model of a series is told. */
export const seriesOf = (channels: number): Context => ({
  signature: { kind: "series", channels },
  layers: [],
});

/** gain^1 .. gain^patch of the last observation [B, N, 1, channels]: [B, N, patch, channels]. */
function fading(gain: np.Array, last: np.Array, patch: number): np.Array {
  const powers = [gain.ref];
  while (powers.length < patch) powers.push(powers.at(-1)!.ref.mul(gain.ref));
  gain.dispose();
  return last.mul(np.stack(powers)); // [patch, channels]
}

export function knownModel(): KnownModel {
  const [capacities, batches]: number[][] = [[], []];
  const configure: KnownModel["model"]["configure"] = (options, { signature }) => {
    const { patch = 1 } = options as { patch?: number };
    const { channels } = signature as Extract<typeof signature, { kind: "series" }>;
    return {
      patch,
      init: () => ({ gain: np.zeros([channels]), level: np.zeros([]), slope: np.zeros([]) }),
      apply({ gain, level, slope }, y) {
        const [batch, length] = y.shape;
        batches.push(batch);
        const tokens = length / patch;
        const averages = new Float32Array(tokens * length);
        for (let k = 0; k < tokens; k++) {
          const seen = (k + 1) * patch;
          averages.fill(1 / seen, k * length, k * length + seen);
        }
        const mean = np.einsum("kt,bto->bko", np.array(averages).reshape([tokens, length]), y.ref);
        const last = y.reshape([batch, tokens, patch, channels]).slice([], [], [patch - 1, patch]);
        const index = np.array(Float32Array.from({ length: tokens }, (_, k) => k));
        return fading(gain, last, patch)
          .add(mean.reshape([batch, tokens, 1, channels]).mul(level))
          .add(index.reshape([tokens, 1, 1]).mul(slope));
      },
      initialState(batch, capacity) {
        capacities.push(capacity);
        return { sum: tensor(0, [batch, channels]), count: tensor(0), index: tensor(0) };
      },
      step({ gain, level, slope }, { sum, count, index }, y, observed) {
        const [batch] = y.shape;
        batches.push(batch);
        const learned = {
          sum: sum.add(np.sum(y.ref, 1).mul(observed.ref)),
          count: count.add(observed.mul(patch)),
        };
        const mean = learned.sum.ref.mul(np.reciprocal(learned.count.ref));
        const last = y.slice([], [patch - 1, patch]).reshape([batch, 1, 1, channels]);
        const prediction = fading(gain, last, patch).reshape([batch, patch, channels])
          .add(mean.reshape([batch, 1, channels]).mul(level))
          .add(index.ref.mul(slope));
        return [{ ...learned, index: index.add(1) }, prediction];
      },
    };
  };
  return { model: { configure }, capacities, batches };
}

export interface KnownNumbers {
  readonly gain: number[];
  readonly level: number;
  readonly slope: number;
}

/** Its parameters as a trained model's file has them. */
export function knownTensors({ gain, level, slope }: KnownNumbers): Known<Tensor> {
  return { gain: tensor(gain), level: tensor(level), slope: tensor(slope) };
}

/** Observations y [B, T, obs] of one channel of one sequence. */
export function channel({ shape: [, length, obs], data }: NumericData, b: number, j: number) {
  return Array.from({ length }, (_, t) => data[(b * length + t) * obs + j]);
}

interface NumericData {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** What is predicted for y_{context + 1} .. y_{context + patch} of one channel. */
function nextOnPaper(
  { gain, level, slope }: KnownNumbers,
  j: number,
  { last, average, index }: { last: number; average: number; index: number },
  patch: number,
): number[] {
  return Array.from(
    { length: patch },
    (_, i) => gain[j] ** (i + 1) * last + level * average + slope * index,
  );
}

/** One patch ahead from every patch but the last, [B, N - 1, patch, obs]. */
export function patchesOnPaper(numbers: KnownNumbers, y: NumericData, patch: number) {
  const [batch, length, obs] = y.shape;
  const patches = length / patch - 1;
  const data = new Float64Array(batch * patches * patch * obs);
  for (let b = 0; b < batch; b++) {
    for (let j = 0; j < obs; j++) {
      for (let k = 0; k < patches; k++) {
        const seen = channel(y, b, j).slice(0, (k + 1) * patch);
        const from = { last: seen.at(-1)!, average: mean(seen), index: k };
        nextOnPaper(numbers, j, from, patch).forEach((value, i) => {
          data[((b * patches + k) * patch + i) * obs + j] = value;
        });
      }
    }
  }
  return { shape: [batch, patches, patch, obs], data };
}

/** Free-running after `warmup` observations, whose mean is all that is ever learned: [B, steps, obs]. */
export function rolloutOnPaper(
  numbers: KnownNumbers,
  y: NumericData,
  { warmup, steps, patch }: { warmup: number; steps: number; patch: number },
) {
  const [batch, , obs] = y.shape;
  const data = new Float64Array(batch * steps * obs);
  for (let b = 0; b < batch; b++) {
    for (let j = 0; j < obs; j++) {
      const seen = channel(y, b, j).slice(0, warmup);
      const rolled: number[] = [];
      for (let index = warmup / patch - 1; rolled.length < steps; index++) {
        const last = [...seen, ...rolled].at(-1)!;
        rolled.push(...nextOnPaper(numbers, j, { last, average: mean(seen), index }, patch));
      }
      rolled.slice(0, steps).forEach((value, h) => data[(b * steps + h) * obs + j] = value);
    }
  }
  return { shape: [batch, steps, obs], data };
}
