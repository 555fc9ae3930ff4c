/**
 * @file A long short-term memory network (Hochreiter & Schmidhuber 1997) over patches: linear embedding, one or more layers,
 * linear head.
 *
 * Its recurrence is not linear, so there is no parallel form. `forward` unrolls the loop, which only short sequences
 * bear; training runs {@linkcode chain}, where the loop is one block, and evaluation runs `step` from
 * {@linkcode initialState}.
 */
import { numpy as np, random } from "@jax-js/jax";
import { z } from "zod";
import type { Block } from "../engine/chain.ts";
import { type Spec, type Tensor, tensor } from "../engine/types.ts";
import type { Statistics } from "../layers/instance_norm.ts";
import { linear, linearInit } from "../layers/linear.ts";
import { embedPatches, restore, standardise, trainNormaliser } from "../layers/patches.ts";
import { lstmCell } from "../layers/recurrent.ts";
import { readOptions } from "./options.ts";

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

type Affine<A> = { weight: A; bias: A };
/** With `A` the arrays of a trace, or specs of them. */
export type LstmParams<A = np.Array> = {
  embed: Affine<A>;
  layers: {
    /** [d, 4 d]: input, forget and output gates, then the candidate. */
    input: Affine<A>;
    /** [d, 4 d], of the hidden state. */
    recurrent: A;
  }[];
  head: Affine<A>;
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

/** One token x [B, d] through all layers. */
function advance(
  params: LstmParams,
  state: LstmState,
  x: np.Array,
): { output: np.Array; state: LstmState } {
  let output = x;
  const next = params.layers.map(({ input, recurrent }, l) => {
    const [after, y] = lstmCell(recurrent, state[l], linear(input, output));
    output = y;
    return after;
  });
  return { output, state: next };
}

/**
 * The model over a short sequence, unrolled.
 * @param y observations [B, T, obs]; T is a multiple of `patch`.
 * @returns `prediction` [B, T / patch, patch, obs], where entry k predicts patch k + 1 from patches 0..k; and the last state.
 */
export function forward(
  config: LstmConfig,
  params: LstmParams,
  train: Statistics,
  y: np.Array,
): { prediction: np.Array; caches: LstmState } {
  const [batch, length, obs] = y.shape;
  const { patch, dModel, layers } = config;
  const count = length / patch;
  const { mean, deviation } = trainNormaliser(train);
  const tokens = y.reshape([batch, count, patch, obs]);
  const embedded = embedPatches(params.embed, tokens, {
    mean: mean.ref,
    deviation: deviation.ref,
  });
  const zero = () => np.zeros([batch, dModel]).astype(embedded.dtype);
  let state: LstmState = Array.from({ length: layers }, () => ({ h: zero(), c: zero() }));
  const outputs = np.split(embedded, count, 1).map((token) => {
    const shared: LstmParams = {
      ...params,
      layers: params.layers.map(({ input, recurrent }) => ({
        input: { weight: input.weight.ref, bias: input.bias.ref },
        recurrent: recurrent.ref,
      })),
    };
    const next = advance(shared, state, token.reshape([batch, dModel]));
    state = next.state;
    return next.output;
  });
  for (const { input, recurrent } of params.layers) {
    for (const x of [input.weight, input.bias, recurrent]) x.dispose();
  }
  const out = linear(params.head, np.stack(outputs, 1));
  return { prediction: restore(out, config, { mean, deviation }), caches: state };
}

/** The state after {@linkcode forward}; it has room for any number of tokens. */
export function continueFrom(_config: LstmConfig, caches: LstmState): LstmState {
  return caches;
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
  const [batch, patch, obs] = y.shape;
  const { mean, deviation } = trainNormaliser(train);
  const x = embedPatches(params.embed, y.reshape([batch, 1, patch, obs]), {
    mean: mean.ref,
    deviation: deviation.ref,
  });
  const { output, state: next } = advance(params, state, x.reshape([batch, config.dModel]));
  const out = linear(params.head, output).reshape([batch, 1, patch * obs]);
  const prediction = restore(out, config, { mean, deviation }).reshape([batch, patch, obs]);
  return { prediction, state: next };
}

/**
 * {@linkcode forward} as a chain of blocks from y [B, T, obs] to the predictions, for training at any length. Between the
 * first block and the last one time comes first.
 * @param params specs of the parameters; the blocks' own are parts of this tree.
 * @param batch B
 * @param train statistics of the training data, which become constants.
 */
export function chain(
  config: LstmConfig,
  params: LstmParams<Spec>,
  batch: number,
  train: { mean: Tensor; variance: Tensor },
): Block[] {
  const { obsDim, patch, dModel } = config;
  const normaliser = (dtype: np.DType) => {
    const [mean, variance] = [train.mean, train.variance].map(({ data }) =>
      np.array(Float32Array.from(data)).astype(dtype)
    );
    return trainNormaliser({ mean, variance });
  };
  const state: Spec = { dtype: "float32", shape: [batch, dModel] };
  const [first] = params.layers;
  const enter = (
    { embed, input }: { embed: Affine<np.Array>; input: Affine<np.Array> },
    y: np.Array,
  ) => {
    const tokens = y.reshape([batch, y.shape[1] / patch, patch, obsDim]);
    const x = np.transpose(standardise(tokens, normaliser(y.dtype)), [1, 0, 2]);
    return linear(input, linear(embed, x));
  };
  const leave = (head: Affine<np.Array>, x: np.Array) =>
    restore(np.transpose(linear(head, x), [1, 0, 2]), config, normaliser(x.dtype));
  return [
    ...params.layers.flatMap(({ input, recurrent }, l): Block[] => [
      l === 0
        ? { kind: "apply", fn: enter, params: { embed: params.embed, input: first.input } }
        : { kind: "apply", fn: linear, params: input },
      { kind: "recurrence", fn: lstmCell, params: recurrent, state: { h: state, c: state } },
    ]),
    { kind: "apply", fn: leave, params: params.head },
  ];
}

/** Observations in and out, and gates and states of every layer as input, as output and twice in flight. */
export function rolloutBytes(
  { layers, dModel, patch, obsDim }: LstmConfig,
  capacity: number,
): number {
  return 4 * 4 * (6 * layers * dModel + 8 * dModel + 4 * capacity * patch * obsDim);
}
