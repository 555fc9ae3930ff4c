/**
 * @file The Mesa layer: for every token the linear map of keys to values that has the least squares over the past, with a ridge, applied
 * to the query. It is recursive ridge regression that forgets.
 */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { inChunks } from "../chunks.ts";
import { decays } from "../decayed_memory.ts";
import { expandedWidth } from "../expanded_width.ts";
import { headToken } from "../head_memory.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import { solvePositive } from "../positive_inverse.ts";
import { rmsNorm } from "../rms_norm.ts";
import {
  convolve,
  convolveToken,
  emptyWindow,
  type ShortConvolution,
  shortConvolutionInit,
} from "../short_convolution.ts";
import { normalised } from "../unit_norm.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** H; each has a memory of its own. */
  readonly heads: number;
  /** All keys, and all values, together have K = `expand` d numbers. */
  readonly expand: number;
  /** Tokens that the convolution of queries and keys sees. */
  readonly conv: number;
  /** Below which no ridge falls. */
  readonly leastRidge: number;
}

/** Maps without biases, but those of the gates. */
export type Params = {
  /** [d, 3 K]: queries, keys, values. */
  input: JaxArray;
  /** Of queries and keys, 2 K channels. */
  convolution: ShortConvolution;
  /** To logits of what is kept, and of what is written, [d, 2 H]. */
  gates: LinearParams;
  /** Before softplus, [K]. */
  ridge: JaxArray;
  /** Scale of the norm of a head's output, [K/H]. */
  norm: JaxArray;
  /** [K, d] */
  output: JaxArray;
};

/** `memory` [B, H, 2 K/H, K/H]: keys, and behind them values, by key; and the last tokens that the convolution sees. */
export type State = { memory: JaxArray; window: JaxArray };

/** Of a token: query and key before the convolution [..., 2 K], value [..., K] and the logits of the gates [..., 2 H]. */
export type Input = { mixed: JaxArray; value: JaxArray; logits: JaxArray };

const keysOf = ({ width, heads, expand }: Config) =>
  expandedWidth("mesa", "expand", expand, width, heads);

function inputs(config: Config, { input, gates }: Params, x: JaxArray): Input {
  const logits = linear(gates, x.ref);
  const [mixed, value] = np.split(np.matmul(x, input), [2 * keysOf(config)], -1);
  return { mixed, value, logits };
}

/** Of tokens after the convolution, [..., H, ...]: what is written is key and value together, under beta times the key. */
function tokensOf(config: Config, active: JaxArray, { value, logits }: Omit<Input, "mixed">) {
  const { heads } = config;
  const lead = logits.shape.slice(0, -1);
  const byHead = (x: JaxArray) => x.reshape([...lead, heads, keysOf(config) / heads]);
  const [q, k] = np.split(active, 2, -1).map((x) => normalised(byHead(x)));
  const [keep, write] = np.split(logits, 2, -1);
  return {
    query: q,
    value: np.concatenate([k.ref, byHead(value)], -1),
    key: k.mul(nn.sigmoid(write).reshape([...lead, heads, 1])),
    logDecay: nn.logSigmoid(keep),
  };
}

/** What the regression says of queries. @param memory [..., H, 2 K/H, K/H] @param query [..., H, K/H] */
function solved(
  { heads, leastRidge }: Config,
  { ridge }: Params,
  memory: JaxArray,
  query: JaxArray,
) {
  const each = query.shape.at(-1)!;
  const [squares, products] = np.split(memory, 2, -2);
  const lambda = nn.softplus(ridge).add(leastRidge).reshape([heads, each, 1]);
  const matrix = squares.add(np.eye(each).astype(query.dtype).mul(lambda));
  const x = solvePositive(matrix, query);
  return np.sum(products.mul(x.reshape([...x.shape.slice(0, -1), 1, each])), -1);
}

function outputs(config: Config, { norm, output }: Params, read: JaxArray): JaxArray {
  const normed = rmsNorm(norm, read, 1e-5);
  return np.matmul(normed.reshape([...read.shape.slice(0, -2), keysOf(config)]), output);
}

/** Tokens of a chunk, each of which has its own system of equations. */
const chunkLength = 16;

/**
 * o_t = M_t q_t with M_t the minimum over M of sum_s g_{s+1} ... g_t beta_s |v_s - M k_s|^2 + |M Lambda^(1/2)|^2, keys and queries of length 1.
 * Options: `heads` (4), `expand` (1), `conv` (4), `leastRidge` (0.25).
 */
export const layer: SequenceLayer<Config, Params, State, Input, JaxArray> = {
  about: {
    name: "Mesa",
    paper: "von Oswald et al., arXiv 2506.05233, eq. 5 to 8, solved exactly",
    kind: "linear in the state",
    eigenvalues: "(0, 1), the gates: weights of a regression cannot be negative",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).default(4),
      expand: z.number().gt(0).default(1),
      conv: z.number().int().min(2).default(4),
      leastRidge: z.number().gt(0).default(0.25),
    });
    const config = { width, ...readOptions("mesa", schema, options) };
    keysOf(config);
    return config;
  },

  /** Ridges start at 1, as in its code, or a little above the least where that is larger. */
  init(config, key, gain = 1) {
    const { width, heads, conv, leastRidge } = config;
    const keys = keysOf(config);
    const [k1, k2, k3, k4] = random.split(key, 4);
    const weight = (key: JaxArray, inputs: number, outputs: number, gain = 1) =>
      random.normal(key, [inputs, outputs]).mul(gain / Math.sqrt(inputs));
    return {
      input: weight(k1, width, 3 * keys),
      convolution: shortConvolutionInit(k2, conv, 2 * keys),
      gates: linearInit(k3, width, 2 * heads),
      ridge: np.full([keys], Math.log(Math.expm1(Math.max(1 - leastRidge, 0.1)))),
      norm: np.ones([keys / heads]),
      output: weight(k4, keys, width, gain),
    };
  },

  initialState(config, batch) {
    const each = keysOf(config) / config.heads;
    return {
      memory: tensor(0, [batch, config.heads, 2 * each, each]),
      window: emptyWindow(batch, config.conv, 2 * keysOf(config)),
    };
  },

  inputs,

  cell(config, params, { memory, window }, { mixed, ...rest }) {
    const [next, active] = convolveToken(params.convolution, window, mixed);
    const tokens = tokensOf(config, active, rest);
    const query = tokens.query.ref;
    const [now] = headToken(tokens, memory);
    return [{ memory: now.ref, window: next }, solved(config, params, now, query)];
  },

  outputs(config, params, read, x) {
    x.dispose();
    return outputs(config, params, read);
  },

  parallel: (config, params, x, state) =>
    inChunks(
      (params, state, x) => chunk(config, params, state, x),
      params,
      state ?? freshState(layer, config, x.shape[0], 0, x.dtype),
      x,
      chunkLength,
    ),
};

/** Some tokens x [B, C, d] at once: the memory after each of them, and what each finds there. */
function chunk(config: Config, params: Params, state: State, x: JaxArray): [State, JaxArray] {
  const { mixed, ...rest } = inputs(config, params, x);
  const [window, active] = convolve(params.convolution, state.window, mixed);
  const { query, key, value, logDecay } = tokensOf(config, active, rest);
  const [batch, size, heads, each] = key.shape;
  const logs = np.transpose(logDecay, [0, 2, 1]);
  const first = np.exp(np.matmul(logs.ref, np.triu(np.ones([size, size])).astype(logs.dtype)));
  const outer = value.reshape([batch, size, heads, 2 * each, 1])
    .mul(key.reshape([batch, size, heads, 1, each]));
  const flat = np.transpose(outer, [0, 2, 1, 3, 4]).reshape([batch, heads, size, 2 * each ** 2]);
  const earlier = first.reshape([batch, heads, size, 1])
    .mul(state.memory.reshape([batch, heads, 1, 2 * each ** 2]));
  const all = np.transpose(
    np.matmul(decays(logs), flat).add(earlier).reshape([batch, heads, size, 2 * each, each]),
    [0, 2, 1, 3, 4],
  );
  const memory = np.split(all.ref, [size - 1], 1)[1].reshape([batch, heads, 2 * each, each]);
  const y = outputs(config, params, solved(config, params, all, query));
  return [{ memory, window }, y];
}
