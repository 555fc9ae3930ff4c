/**
 * @file A model small enough to train by hand: the next token is W' token + b. Its training is written out below in float64, from
 * the draws of the system to the last update.
 */
import { numpy as np } from "@jax-js/jax";
import { scan } from "../../lib/engine/scan.ts";
import type { Statistics } from "../../lib/layers/instance_norm.ts";
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
import { generator } from "../engine/oracle.ts";

interface Config {
  readonly obsDim: number;
  readonly patch: number;
}
type Affine<A> = { weight: A; bias: A };

export function configure(options: { patch?: number }, obsDim: number): Config {
  return { obsDim, patch: options.patch ?? 1 };
}

/** W [in, out] and b [out], row-major. */
function drawn({ obsDim, patch }: Config, seed: number): Affine<Float32Array<ArrayBuffer>> {
  const random = generator(seed);
  const draw = (length: number) => Float32Array.from({ length }, () => random() - 0.5);
  const size = patch * obsDim;
  return { weight: draw(size * size), bias: draw(size) };
}

export function init(config: Config, seed: number): Affine<np.Array> {
  const { weight, bias } = drawn(config, seed);
  return { weight: np.array(weight).reshape([bias.length, bias.length]), bias: np.array(bias) };
}

/** Tokens [B, N, patch obs] of observations, standardised, mapped by `advance` and put back. */
function predict(
  { patch, obsDim }: Config,
  { mean, variance }: Statistics,
  y: np.Array,
  advance: (tokens: np.Array) => np.Array,
): np.Array {
  const [batch, length] = y.shape;
  const deviation = np.sqrt(variance);
  const standard = y.sub(mean.ref).mul(np.reciprocal(deviation.ref));
  const out = advance(standard.reshape([batch, length / patch, patch * obsDim]));
  return out.reshape([batch, length / patch, patch, obsDim]).mul(deviation).add(mean);
}

export function forward(config: Config, params: Affine<np.Array>, train: Statistics, y: np.Array) {
  const { weight, bias } = params;
  return predict(config, train, y, (tokens) => np.matmul(tokens, weight).add(bias));
}

/** The same model as a loop over time. */
export const looped = {
  configure,
  init,
  forward(config: Config, params: Affine<np.Array>, train: Statistics, y: np.Array) {
    const cell = ({ weight, bias }: Affine<np.Array>, count: np.Array, token: np.Array): [
      np.Array,
      np.Array,
    ] => [count.add(1), np.matmul(token, weight).add(bias)];
    return predict(config, train, y, (tokens) => {
      const inTime = np.transpose(tokens, [1, 0, 2]);
      const [count, out] = scan(cell, params, np.zeros([]).astype(y.dtype), inTime);
      count.dispose();
      return np.transpose(out, [1, 0, 2]);
    });
  },
};

export interface Training {
  readonly law: SystemOptions;
  readonly patch: number;
  readonly seed: {
    readonly system: number;
    readonly initialisation: number;
    readonly data: number;
  };
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
function batchOf({ law, patch, seed, batch, length }: Training, step: number): number[][][] {
  const sample = innovationsSampler(kalman(createSystem(seed.system, law), length));
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
  const { law, patch, seed, length, steps, rateOf, weightDecay, clipNorm } = training;
  const filter = kalman(createSystem(seed.system, law), length);
  const variance = forecastVariance(filter, nextPatch(length, patch));
  const start = drawn({ obsDim: law.obsDim!, patch }, seed.initialisation);
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
