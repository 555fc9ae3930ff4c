/**
 * @file A causal Transformer that predicts the next patch of a multivariate time series.
 *
 * Pre-norm blocks, rotary positions, GELU. A token is `patch` consecutive observations; token k predicts
 * patch k + 1. The input is standardised and the output put back by reversible instance normalisation (see
 * `layers/instance_norm.ts`). Two forms compute the same function: `forward` over whole sequences,
 * `step` with a cache, one token at a time. The stack of blocks is in `decoder.ts`; this is what softmax attention adds.
 */
import type { np } from "../engine/arrays.ts";
import { attention, type AttentionCache, attentionStep, emptyCache } from "../layers/attention.ts";
import type { Statistics } from "../layers/instance_norm.ts";
import {
  configureDecoder,
  type DecoderConfig,
  type DecoderParams,
  type DecoderState,
  forwardDecoder,
  initDecoder,
  initialDecoderState,
  stepDecoder,
  tokenBytes,
} from "./decoder.ts";

export type TransformerConfig = DecoderConfig;
export type TransformerParams = DecoderParams;
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

/** Parallel form: predictions [B, T / patch, patch, obs] over y [B, T, obs]; see {@linkcode forwardDecoder}. */
export function forward(
  config: TransformerConfig,
  params: TransformerParams,
  train: Statistics,
  y: np.Array,
): np.Array {
  return forwardDecoder(attention, config, params, train, y);
}

/** The state before the first patch, on the host: no keys and values, and room for `capacity` of them. */
export function initialState(config: TransformerConfig, batch: number, capacity: number) {
  return initialDecoderState(config, batch, () => emptyCache(config, batch, capacity));
}

/**
 * Keys and values of every layer as input, as computed and as output (a copy in the shape they leave in) and the zeros that both
 * start from; three of their size on their way through one layer; scores and activations of a token.
 */
export function rolloutBytes(config: TransformerConfig, capacity: number): number {
  const { layers, dModel, heads } = config;
  const scores = 4 * 3 * heads * capacity;
  return tokenBytes(config) + scores + 4 * (7 * layers + 3) * capacity * dModel;
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
