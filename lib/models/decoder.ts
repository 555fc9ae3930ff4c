/**
 * @file The stack that the Transformers of this folder share: patches are embedded, pass pre-norm blocks (something that
 * mixes tokens, then an MLP with GELU, both residual) and leave through a linear head.
 *
 * What mixes the tokens is an argument: a parallel form over whole sequences, and a step form that carries a cache from token
 * to token.
 */
import { nn, numpy as np, random, tree } from "@jax-js/jax";
import { z } from "zod";
import { type Tensor, tensor } from "../engine/types.ts";
import { attentionInit, type AttentionParams } from "../layers/attention_projections.ts";
import {
  addToSums,
  expandingStatistics,
  type NormMode,
  runningStatistics,
  type RunningSums,
  type Statistics,
} from "../layers/instance_norm.ts";
import { linear, linearInit, type LinearParams } from "../layers/linear.ts";
import { embedPatches, type Normaliser, restore, trainNormaliser } from "../layers/patches.ts";
import { rmsNorm } from "../layers/rms_norm.ts";
import { readOptions } from "../options.ts";

export interface DecoderConfig {
  /** Observed channels. */
  readonly obsDim: number;
  /** Observations in a token, 1 to 32. */
  readonly patch: number;
  readonly layers: number;
  readonly dModel: number;
  readonly heads: number;
  readonly norm: NormMode;
}

/** Mixes the tokens of x [B, N, d]. */
export type Mix = (params: AttentionParams, x: np.Array, heads: number) => np.Array;

/** Mixes one token x [B, 1, d], at `position` (int32 scalar), with those before it. */
export type MixStep<Cache> = (
  params: AttentionParams,
  cache: Cache,
  x: np.Array,
  position: np.Array,
  heads: number,
) => { output: np.Array; cache: Cache };

/**
 * Fills the defaults: 4 layers, d_model 256, 4 heads, patches of 1.
 * @param model its name, for messages.
 * @throws {Error} naming the option, its value and what is allowed.
 */
export function configureDecoder(model: string, options: unknown, obsDim: number): DecoderConfig {
  const schema = z.strictObject({
    patch: z.number().int().min(1).max(32).default(1),
    layers: z.number().int().min(1).default(4),
    dModel: z.number().int().min(2).default(256),
    heads: z.number().int().min(1).default(4),
    norm: z.enum(["none", "fixed", "causal"]).default("fixed"),
  });
  const chosen = readOptions(model, schema, options);
  const { dModel, heads } = chosen;
  if (dModel % (2 * heads) !== 0) {
    throw new RangeError(
      `${model} options: dModel ${dModel} is not a multiple of 2 x heads (${heads}); rotary embedding turns pairs`,
    );
  }
  return { obsDim, ...chosen };
}

type Block = {
  attentionNorm: np.Array;
  attention: AttentionParams;
  mlpNorm: np.Array;
  up: LinearParams;
  down: LinearParams;
};
export type DecoderParams = {
  embed: LinearParams;
  blocks: Block[];
  finalNorm: np.Array;
  head: LinearParams;
};

/**
 * Fresh parameters. The head starts at zero, so an untrained model is the zero predictor (in normalised units);
 * projections into the residual stream are scaled by 1/sqrt(2 layers) (Radford et al. 2019).
 * @param seed jax-js key seed.
 */
export function initDecoder(config: DecoderConfig, seed: number): DecoderParams {
  const { obsDim, patch, layers, dModel } = config;
  const keys = random.split(random.key(seed), layers + 1);
  const keyOf = (i: number) => keys.ref.slice(i);
  const residualGain = 1 / Math.sqrt(2 * layers);
  const blocks = Array.from({ length: layers }, (_, i): Block => {
    const [k1, k2, k3] = random.split(keyOf(i), 3);
    return {
      attentionNorm: np.ones([dModel]),
      attention: attentionInit(k1, dModel, residualGain),
      mlpNorm: np.ones([dModel]),
      up: linearInit(k2, dModel, 4 * dModel),
      down: linearInit(k3, 4 * dModel, dModel, residualGain),
    };
  });
  const [embedKey, headKey] = random.split(keyOf(layers), 2);
  keys.dispose();
  return {
    embed: linearInit(embedKey, patch * obsDim, dModel),
    blocks,
    finalNorm: np.ones([dModel]),
    head: linearInit(headKey, dModel, patch * obsDim, 0),
  };
}

function mlp(block: Block, x: np.Array): np.Array {
  const hidden = nn.gelu(linear(block.up, rmsNorm(block.mlpNorm, x)));
  return linear(block.down, hidden);
}

/** Hidden states [B, N, d] to predictions [B, N, patch, obs] in the data's units. */
function predict(
  params: DecoderParams,
  x: np.Array,
  config: DecoderConfig,
  normaliser: Normaliser,
): np.Array {
  return restore(linear(params.head, rmsNorm(params.finalNorm, x)), config, normaliser);
}

/**
 * Parallel form: predictions for every position at once.
 * @param y observations [B, T, obs]; T is a multiple of `patch`.
 * @param train statistics of the training data, [obs] each.
 * @returns [B, T / patch, patch, obs], where entry k predicts patch k + 1 from patches 0..k.
 */
export function forwardDecoder(
  mix: Mix,
  config: DecoderConfig,
  params: DecoderParams,
  train: Statistics,
  y: np.Array,
): np.Array {
  const [batch, length, obs] = y.shape;
  const { patch } = config;
  const normaliser = config.norm === "causal"
    ? expandingStatistics(train, y.ref, patch)
    : trainNormaliser(train);
  const tokens = y.reshape([batch, length / patch, patch, obs]);
  let x = embedPatches(params.embed, tokens, tree.ref(normaliser as never) as Normaliser);
  for (const block of params.blocks) {
    const normed = rmsNorm(block.attentionNorm, x.ref);
    x = x.add(mix(block.attention, normed, config.heads));
    x = x.ref.add(mlp(block, x));
  }
  return predict(params, x, config, normaliser);
}

/** Bytes of one token on its way through a block of a step, each there up to three times. */
export function tokenBytes({ dModel }: Pick<DecoderConfig, "dModel">): number {
  return 4 * 3 * 16 * dModel;
}

/** What the step form carries from token to token. */
export type DecoderState<Cache> = { caches: Cache[]; sums: RunningSums };

/** The state before the first token, on the host: what `cache` makes for every layer, and sums of nothing. */
export function initialDecoderState<Cache>(
  { layers, obsDim }: DecoderConfig,
  batch: number,
  cache: () => Cache,
): { caches: Cache[]; sums: { [K in keyof RunningSums]: Tensor } } {
  const zero = tensor(0, [batch, obsDim]);
  return {
    caches: Array.from({ length: layers }, cache),
    sums: { sum: zero, square: zero, count: tensor(0) },
  };
}

/**
 * Step form: one more patch.
 * @param y the patch [B, patch, obs]
 * @param position index of the token, int32 scalar.
 * @param learn 1 to let the patch enter the expanding statistics, 0 to leave them frozen (float scalar).
 * @returns the prediction of the next patch [B, patch, obs] and the new state.
 */
export function stepDecoder<Cache>(
  mixStep: MixStep<Cache>,
  config: DecoderConfig,
  params: DecoderParams,
  train: Statistics,
  state: DecoderState<Cache>,
  y: np.Array,
  position: np.Array,
  learn: np.Array,
): { prediction: np.Array; state: DecoderState<Cache> } {
  const [batch, patch, obs] = y.shape;
  const added = addToSums(tree.ref(state.sums as never) as RunningSums, y.ref);
  const blend = (old: np.Array, fresh: np.Array) => old.ref.add(fresh.sub(old).mul(learn.ref));
  const sums: RunningSums = {
    sum: blend(state.sums.sum, added.sum),
    square: blend(state.sums.square, added.square),
    count: blend(state.sums.count, added.count),
  };
  const normaliser = config.norm === "causal"
    ? runningStatistics(train, tree.ref(sums as never) as RunningSums)
    : trainNormaliser(train);
  let x = embedPatches(
    params.embed,
    y.reshape([batch, 1, patch, obs]),
    tree.ref(normaliser as never) as Normaliser,
  );
  const caches = params.blocks.map((block, i) => {
    const normed = rmsNorm(block.attentionNorm, x.ref);
    const { output, cache } = mixStep(
      block.attention,
      state.caches[i],
      normed,
      position.ref,
      config.heads,
    );
    x = x.add(output);
    x = x.ref.add(mlp(block, x));
    return cache;
  });
  const prediction = predict(params, x, config, normaliser).reshape([batch, patch, obs]);
  return { prediction, state: { caches, sums } };
}
