/**
 * @file A model small enough to train by hand: the next token is W' token + b. Its training is written out below in float64, from
 * the draws of the system to the last update.
 */
import { numpy as np } from "@jax-js/jax";
import { scan } from "../../lib/engine/scan.ts";
import type { ModelModule, SequenceModel } from "../../lib/models/model.ts";
import {
  createSystem,
  fold,
  forecastVariance,
  innovationsSampler,
  kalman,
  keyOf,
  nextPatch,
  type SystemOptions,
} from "../../lib/ssm/mod.ts";
import type { Seed } from "../../lib/tasks/task.ts";
import { generator } from "../engine/oracle.ts";

interface Config {
  readonly channels: number;
  readonly patch: number;
}
type Affine<A> = { weight: A; bias: A };

/** W [in, out] and b [out], row-major. */
function drawn({ channels, patch }: Config, seed: number): Affine<Float32Array<ArrayBuffer>> {
  const random = generator(seed);
  const draw = (length: number) => Float32Array.from({ length }, () => random() - 0.5);
  const size = patch * channels;
  return { weight: draw(size * size), bias: draw(size) };
}

/** W' token + b of tokens [B, N, size]. */
type Advance = (params: Affine<np.Array>, tokens: np.Array) => np.Array;
const affine: Advance = ({ weight, bias }, tokens) => np.matmul(tokens, weight).add(bias);

/** @param advance as `apply` has it. */
function moduleOf(advance: Advance): ModelModule<SequenceModel<Affine<np.Array>>> {
  return {
    configure(options, { signature }) {
      const { patch = 1 } = options as { patch?: number };
      const { channels } = signature as Extract<typeof signature, { kind: "series" }>;
      const size = patch * channels;
      return {
        patch,
        init(seed) {
          const { weight, bias } = drawn({ channels, patch }, seed);
          return { weight: np.array(weight).reshape([size, size]), bias: np.array(bias) };
        },
        apply(params, y) {
          const [batch, length] = y.shape;
          const tokens = y.reshape([batch, length / patch, size]);
          return advance(params, tokens).reshape([batch, length / patch, patch, channels]);
        },
        initialState: () => ({}),
        step(params, state, y, observed) {
          observed.dispose();
          const [batch] = y.shape;
          const out = affine(params, y.reshape([batch, 1, size]));
          return [state, out.reshape([batch, patch, channels])];
        },
      };
    },
  };
}

export const model = moduleOf(affine);

/** The same model as a loop over time. */
export const looped = {
  model: moduleOf((params, tokens) => {
    const cell = (params: Affine<np.Array>, count: np.Array, token: np.Array): [
      np.Array,
      np.Array,
    ] => [count.add(1), affine(params, token)];
    const start = np.zeros([]).astype(tokens.dtype);
    const [count, out] = scan(cell, params, start, np.transpose(tokens, [1, 0, 2]));
    count.dispose();
    return np.transpose(out, [1, 0, 2]);
  }),
};

export interface Training {
  readonly distribution: SystemOptions;
  readonly patch: number;
  readonly seed: Seed;
  readonly batch: number;
  readonly length: number;
  readonly steps: number;
  readonly rateOf: (step: number) => number;
  readonly weightDecay: number;
  readonly clipNorm: number;
}

export interface Trained {
  readonly weight: number[];
  readonly bias: number[];
  /** Of every step, before its update. */
  readonly losses: number[];
  readonly gradNorms: number[];
}

/** Loss and gradient of one batch y [batch, tokens, size], divided by the filter's variance [tokens - 1, patch]. */
function lossAndGradient(
  { weight, bias }: { weight: number[]; bias: number[] },
  y: readonly number[][][],
  variance: ArrayLike<number>,
  patch: number,
) {
  const size = bias.length;
  const obs = size / patch;
  const count = y.length * (y[0].length - 1) * size;
  const grad = { weight: weight.map(() => 0), bias: bias.map(() => 0) };
  let loss = 0;
  for (const tokens of y) {
    for (let k = 0; k + 1 < tokens.length; k++) {
      for (let o = 0; o < size; o++) {
        let error = bias[o] - tokens[k + 1][o];
        for (let i = 0; i < size; i++) error += tokens[k][i] * weight[i * size + o];
        const scaled = error / variance[k * patch + Math.floor(o / obs)] / count;
        loss += error * scaled;
        grad.bias[o] += 2 * scaled;
        for (let i = 0; i < size; i++) grad.weight[i * size + o] += 2 * scaled * tokens[k][i];
      }
    }
  }
  return { loss, grad };
}

/** The batch that a seed sees at a step, by tokens. */
function batchOf(
  { distribution, patch, seed, batch, length }: Training,
  step: number,
): number[][][] {
  const sample = innovationsSampler(kalman(createSystem(seed.instance, distribution), length));
  const { data, shape: [, , obs] } = sample(fold(keyOf(seed.data), step), { batch, length });
  const size = patch * obs;
  return Array.from(
    { length: batch },
    (_, b) =>
      Array.from(
        { length: length / patch },
        (_, k) =>
          Array.from(data.slice(b * length * obs + k * size, b * length * obs + (k + 1) * size)),
      ),
  );
}

/** AdamW with the usual constants, on gradients clipped to a global norm; only the matrix decays. */
export function trainByHand(training: Training): Trained {
  const { distribution, patch, seed, length, steps, rateOf, weightDecay, clipNorm } = training;
  const filter = kalman(createSystem(seed.instance, distribution), length);
  const variance = forecastVariance(filter, nextPatch(length, patch));
  const start = drawn({ channels: distribution.obsDim!, patch }, seed.initialisation);
  const params = { weight: Array.from(start.weight), bias: Array.from(start.bias) };
  const zeros = () => ({ weight: params.weight.map(() => 0), bias: params.bias.map(() => 0) });
  const [first, second] = [zeros(), zeros()];
  const [losses, gradNorms]: number[][] = [[], []];
  for (let step = 0; step < steps; step++) {
    const { loss, grad } = lossAndGradient(params, batchOf(training, step), variance, patch);
    const norm = Math.hypot(...grad.weight, ...grad.bias);
    losses.push(loss);
    gradNorms.push(norm);
    const rate = rateOf(step);
    for (const name of ["weight", "bias"] as const) {
      params[name].forEach((x, i) => {
        const g = norm > clipNorm ? grad[name][i] * clipNorm / norm : grad[name][i];
        const m = first[name][i] = 0.9 * first[name][i] + 0.1 * g;
        const v = second[name][i] = 0.999 * second[name][i] + 0.001 * g * g;
        const move = (m / (1 - 0.9 ** (step + 1))) /
          (Math.sqrt(v / (1 - 0.999 ** (step + 1))) + 1e-8);
        params[name][i] = x - rate * move - (name === "weight" ? rate * weightDecay * x : 0);
      });
    }
  }
  return { ...params, losses, gradNorms };
}
