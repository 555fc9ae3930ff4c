/**
 * @file Short causal convolutions, one for each channel, with SiLU: what delta rules and state-space layers put on their projections
 * so that a token sees the few before it (Fu et al., arXiv 2212.14052, section 3.1; Yang et al., arXiv 2406.06484, section 3.3).
 */
import { nn, numpy as np, random } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";

/** Of `channels` convolutions over `taps` tokens. */
export type ShortConvolution = {
  /** [taps, channels], the newest token's first. */
  weight: JaxArray;
  /** [channels] */
  bias?: JaxArray;
};

/**
 * Uniform weights within 1 / sqrt(taps), and so is the bias where there is one (PyTorch's `Conv1d`, which the references use).
 * @param key a jax-js key; consumed.
 */
export function shortConvolutionInit(
  key: JaxArray,
  taps: number,
  channels: number,
  { bias = false } = {},
): ShortConvolution {
  const bound = 1 / Math.sqrt(taps);
  const draw = (key: JaxArray, shape: number[]) =>
    random.uniform(key, shape, { minval: -bound, maxval: bound });
  if (!bias) return { weight: draw(key, [taps, channels]) };
  const [k1, k2] = random.split(key, 2);
  return { weight: draw(k1, [taps, channels]), bias: draw(k2, [channels]) };
}

/** The tokens before the first one, all zero: [B, taps - 1, channels], the newest last. */
export const emptyWindow = (batch: number, taps: number, channels: number): Tensor =>
  tensor(0, [batch, taps - 1, channels]);

const activated = (sum: JaxArray, bias?: JaxArray) => nn.silu(bias ? sum.add(bias) : sum);

/**
 * One token, from the window of those before it.
 * @param window [B, taps - 1, channels], the newest last.
 * @param x [B, channels]
 * @returns the next window, and y [B, channels]
 */
export function convolveToken(
  { weight, bias }: ShortConvolution,
  window: JaxArray,
  x: JaxArray,
): [JaxArray, JaxArray] {
  const [batch, channels] = x.shape;
  const seen = np.concatenate([window, x.reshape([batch, 1, channels])], 1);
  const sum = np.sum(seen.ref.mul(np.flip(weight, 0)), 1);
  return [seen.slice([], [1]), activated(sum, bias)];
}

/**
 * Several tokens: y_t = silu(sum_k weight[k] x_{t-k} + bias).
 * @param window [B, taps - 1, channels], the newest last.
 * @param x [B, T, channels]
 * @returns the window after the last token, and y [B, T, channels]
 */
export function convolve(
  { weight, bias }: ShortConvolution,
  window: JaxArray,
  x: JaxArray,
): [JaxArray, JaxArray] {
  const length = x.shape[1];
  const taps = weight.shape[0];
  const seen = np.concatenate([window, x], 1);
  const sum = np.split(weight, taps, 0)
    .map((w, k) => seen.ref.slice([], [taps - 1 - k, taps - 1 - k + length]).mul(w))
    .reduce((a, b) => a.add(b));
  return [seen.slice([], [length]), activated(sum, bias)];
}
