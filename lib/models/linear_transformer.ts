/**
 * @file The Transformer of `transformer.ts` with linear attention in place of softmax attention: a recurrent network whose
 * state does not grow with the sequence (Katharopoulos et al., arXiv 2006.16236). Everything else is the same, options
 * included, so that a comparison of the two is one of attention.
 */
import type { np } from "../engine/arrays.ts";
import type { Statistics } from "../layers/instance_norm.ts";
import {
  emptyLinearCache,
  linearAttention,
  type LinearAttentionCache,
  linearAttentionStep,
} from "../layers/linear_attention.ts";
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

export type LinearTransformerConfig = DecoderConfig;
export type LinearTransformerParams = DecoderParams;
/** What the step form carries from token to token. */
export type LinearTransformerState = DecoderState<LinearAttentionCache>;

/**
 * Fills the defaults: 4 layers, d_model 256, 4 heads, patches of 1.
 * @throws {Error} naming the option, its value and what is allowed.
 */
export function configure(options: unknown, obsDim: number): LinearTransformerConfig {
  return configureDecoder("linear_transformer", options, obsDim);
}

/** Fresh parameters, the same as the Transformer's for the same seed; the untrained model predicts zero. */
export function init(config: LinearTransformerConfig, seed: number): LinearTransformerParams {
  return initDecoder(config, seed);
}

/** Parallel form: predictions [B, T / patch, patch, obs] over y [B, T, obs]; see {@linkcode forwardDecoder}. */
export function forward(
  config: LinearTransformerConfig,
  params: LinearTransformerParams,
  train: Statistics,
  y: np.Array,
): np.Array {
  return forwardDecoder(linearAttention, config, params, train, y);
}

/** The state before the first patch, on the host; it has room for any number of them. */
export function initialState(config: LinearTransformerConfig, batch: number) {
  return initialDecoderState(config, batch, () => emptyLinearCache(config, batch));
}

/**
 * The state of every layer at the start, as input, as computed and as output (a copy in the shape it leaves in); five of its size
 * on their way through one layer; activations of a token.
 */
export function rolloutBytes(config: LinearTransformerConfig, _capacity: number): number {
  const { layers, dModel, heads } = config;
  const state = dModel * (dModel / heads + 1);
  return tokenBytes(config) + 4 * (4 * layers + 5) * state;
}

/** Step form: one more patch y [B, patch, obs]; see {@linkcode stepDecoder}. The state knows no positions. */
export function step(
  config: LinearTransformerConfig,
  params: LinearTransformerParams,
  train: Statistics,
  state: LinearTransformerState,
  y: np.Array,
  position: np.Array,
  learn: np.Array,
): { prediction: np.Array; state: LinearTransformerState } {
  return stepDecoder(mixStep, config, params, train, state, y, position, learn);
}

function mixStep(
  params: Parameters<typeof linearAttentionStep>[0],
  cache: LinearAttentionCache,
  x: np.Array,
  position: np.Array,
  heads: number,
) {
  position.dispose();
  return linearAttentionStep(params, cache, x, heads);
}
