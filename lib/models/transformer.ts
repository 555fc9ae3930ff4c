/**
 * @file A causal Transformer that predicts the next patch of a multivariate time series.
 *
 * Pre-norm blocks, rotary positions, GELU. A token is `patch` consecutive observations; token k predicts
 * patch k + 1. The input is standardised and the output put back by reversible instance normalisation (see
 * `layers/instance_norm.ts`). Two forms compute the same function: `forward` over whole sequences,
 * `step` with a cache, one token at a time. The stack of blocks is in `decoder.ts`; this is what softmax attention adds.
 */
import { numpy as np } from "@jax-js/jax";
import {
  attention,
  type AttentionCache,
  attentionCache,
  type AttentionParams,
  attentionStep,
} from "../layers/attention.ts";
import type { Statistics } from "../layers/instance_norm.ts";
import {
  configureDecoder,
  type DecoderConfig,
  type DecoderParams,
  type DecoderState,
  forwardDecoder,
  initDecoder,
  stepDecoder,
  sumsOf,
  warmUpBytes,
} from "./decoder.ts";

export type TransformerConfig = DecoderConfig;
export type TransformerParams = DecoderParams;
/** Keys and values of one layer by position, as the parallel form leaves them. */
type Seen = { keys: np.Array; values: np.Array };
/** What the step form carries from token to token. */
export type TransformerState = DecoderState<AttentionCache>;

/**
 * Fills the defaults: 4 layers, d_model 256, 4 heads, patches of 1.
 * @throws {Error} naming the option, its value and what is allowed.
 */
export function configure(options: unknown, obsDim: number): TransformerConfig {
  return configureDecoder("transformer", options, obsDim);
}

/** Fresh parameters; the untrained model predicts zero. */
export function init(config: TransformerConfig, seed: number): TransformerParams {
  return initDecoder(config, seed);
}

function mix(params: AttentionParams, x: np.Array, heads: number) {
  const { output, ...cache } = attention(params, x, heads);
  return { output, cache };
}

/**
 * Parallel form over y [B, T, obs]; see {@linkcode forwardDecoder}.
 * @returns `prediction` [B, T / patch, patch, obs] and the keys and values of all layers.
 */
export function forward(
  config: TransformerConfig,
  params: TransformerParams,
  train: Statistics,
  y: np.Array,
): { prediction: np.Array; caches: Seen[] } {
  return forwardDecoder(mix, config, params, train, y);
}

/**
 * The state after {@linkcode forward} over `y` [B, T, obs]: its caches, padded to `capacity` tokens, and the running sums of
 * `y`.
 */
export function continueFrom(
  _config: TransformerConfig,
  caches: Seen[],
  y: np.Array,
  capacity: number,
): TransformerState {
  return {
    caches: caches.map(({ keys, values }) => attentionCache(keys, values, capacity)),
    sums: sumsOf(y),
  };
}

/** The warm-up, and two caches of every layer, each there as input, as output and once in flight. */
export function rolloutBytes(config: TransformerConfig, capacity: number): number {
  const { layers, dModel } = config;
  return warmUpBytes(config, capacity) + 4 * 3 * 2 * layers * capacity * dModel;
}

/** Step form: one more patch y [B, patch, obs]; see {@linkcode stepDecoder}. */
export function step(
  config: TransformerConfig,
  params: TransformerParams,
  train: Statistics,
  state: TransformerState,
  y: np.Array,
  position: np.Array,
  learn: np.Array,
): { prediction: np.Array; state: TransformerState } {
  return stepDecoder(attentionStep, config, params, train, state, y, position, learn);
}
