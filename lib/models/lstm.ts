/**
 * @file A long short-term memory network (Hochreiter & Schmidhuber 1997) over patches: linear embedding, one or more layers,
 * linear head.
 *
 * Its recurrence is not linear, so it is a loop over time in every form: over a whole sequence from an empty state, or over
 * the one patch of a step.
 */
import { numpy as np, random } from "@jax-js/jax";
import { z } from "zod";
import { scan } from "../engine/scan.ts";
import { type Tensor, tensor } from "../engine/types.ts";
import type { Statistics } from "../layers/instance_norm.ts";
import { linear, linearInit } from "../layers/linear.ts";
import { embedPatches, restore, trainNormaliser } from "../layers/patches.ts";
import { lstmCell } from "../layers/recurrent.ts";
import { readOptions } from "../options.ts";

export interface LstmConfig {
  /** Observed channels. */
  readonly obsDim: number;
  /** Observations in a token, 1 to 32. */
  readonly patch: number;
  readonly layers: number;
  /** Width of the embedding and of every hidden state. */
  readonly dModel: number;
  readonly norm: "none" | "fixed";
}

/**
 * Fills the defaults: 1 layer of width 64, patches of 1.
 * @throws {Error} naming the option, its value and what is allowed.
 */
export function configure(options: unknown, obsDim: number): LstmConfig {
  const schema = z.strictObject({
    patch: z.number().int().min(1).max(32).default(1),
    layers: z.number().int().min(1).default(1),
    dModel: z.number().int().min(1).default(64),
    norm: z.enum(["none", "fixed"], {
      error: ({ input }) =>
        `expected "none" or "fixed"` +
        (input === "causal" ? ", the LSTM keeps no expanding statistics" : ""),
    }).default("fixed"),
  });
  return { obsDim, ...readOptions("lstm", schema, options) };
}

type Affine = { weight: np.Array; bias: np.Array };
export type LstmParams = {
  embed: Affine;
  layers: {
    /** [d, 4 d]: input, forget and output gates, then the candidate. */
    input: Affine;
    /** [d, 4 d], of the hidden state. */
    recurrent: np.Array;
  }[];
  head: Affine;
};

/**
 * Fresh parameters. The head starts at zero, so an untrained model is the zero predictor (in normalised units); forget gates
 * start open, with a bias of 1 (Jozefowicz et al., ICML 2015).
 * @param seed jax-js key seed.
 */
export function init({ obsDim, patch, layers, dModel }: LstmConfig, seed: number): LstmParams {
  const keys = random.split(random.key(seed), layers + 1);
  const forgetBias = () =>
    np.array(
      Float32Array.from({ length: 4 * dModel }, (_, i) => Number(i >= dModel && i < 2 * dModel)),
    );
  const made = Array.from({ length: layers }, (_, i) => {
    const [k1, k2] = random.split(keys.ref.slice(i), 2);
    const { weight, bias } = linearInit(k1, dModel, 4 * dModel);
    bias.dispose();
    return {
      input: { weight, bias: forgetBias() },
      recurrent: random.normal(k2, [dModel, 4 * dModel]).mul(1 / Math.sqrt(dModel)),
    };
  });
  const [embedKey, headKey] = random.split(keys.slice(layers), 2);
  return {
    embed: linearInit(embedKey, patch * obsDim, dModel),
    layers: made,
    head: linearInit(headKey, dModel, patch * obsDim, 0),
  };
}

/** Hidden and cell state of every layer, [B, d] each. */
export type LstmState<A = np.Array> = { h: A; c: A }[];

/** The state before the first patch, on the host: zero. */
export function initialState({ layers, dModel }: LstmConfig, batch: number): LstmState<Tensor> {
  const zero = () => tensor(0, [batch, dModel]);
  return Array.from({ length: layers }, () => ({ h: zero(), c: zero() }));
}

/**
 * The network over patches that follow each other, from a state on.
 * @param y observations [B, T, obs]; T is a multiple of `patch`.
 * @returns predictions [B, T / patch, patch, obs] and the state after the last patch.
 */
function run(
  config: LstmConfig,
  params: LstmParams,
  train: Statistics,
  before: LstmState,
  y: np.Array,
): { prediction: np.Array; state: LstmState } {
  const [batch, length, obs] = y.shape;
  const { patch } = config;
  const { mean, deviation } = trainNormaliser(train);
  const tokens = y.reshape([batch, length / patch, patch, obs]);
  const normaliser = { mean: mean.ref, deviation: deviation.ref };
  // Time first, which the loops go along.
  let x = np.transpose(embedPatches(params.embed, tokens, normaliser), [1, 0, 2]);
  const state = params.layers.map(({ input, recurrent }, l) => {
    // The projections of the inputs know no state: one product for all times.
    const [after, out] = scan(lstmCell, recurrent, before[l], linear(input, x));
    x = out;
    return after;
  });
  const out = np.transpose(linear(params.head, x), [1, 0, 2]);
  return { prediction: restore(out, config, { mean, deviation }), state };
}

/** Predictions [B, T / patch, patch, obs] over y [B, T, obs], where entry k predicts patch k + 1 from patches 0..k. */
export function forward(
  config: LstmConfig,
  params: LstmParams,
  train: Statistics,
  y: np.Array,
): np.Array {
  const zero = () => np.zeros([y.shape[0], config.dModel], { dtype: y.dtype });
  const empty = params.layers.map(() => ({ h: zero(), c: zero() }));
  return run(config, params, train, empty, y).prediction;
}

/**
 * Step form: one more patch y [B, patch, obs].
 * @returns the prediction of the next patch [B, patch, obs] and the new state.
 */
export function step(
  config: LstmConfig,
  params: LstmParams,
  train: Statistics,
  state: LstmState,
  y: np.Array,
): { prediction: np.Array; state: LstmState } {
  const { prediction, state: next } = run(config, params, train, state, y);
  return { prediction: prediction.reshape(y.shape), state: next };
}

/**
 * Observations as given, in a batch and rolled out; of every layer hidden and cell state at the start, as input, as computed and as
 * output beside its gates; what goes in and out of the layers.
 */
export function rolloutBytes(
  { layers, dModel, patch, obsDim }: LstmConfig,
  capacity: number,
): number {
  return 4 * (3 * capacity * patch * obsDim + 15 * layers * dModel + 8 * dModel);
}
