/**
 * @file RWKV-6: a memory that forgets number by number, at rates that the token and the one before it choose, and that a token reads
 * before it writes there.
 */
import { nn, numpy as np, random, tree } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { expandedWidth } from "../expanded_width.ts";
import { groupNorm } from "../group_norm.ts";
import { linear, type LinearParams } from "../linear.ts";
import { leastLogGate } from "../gated_memory.ts";
import { lowRankMemory, type LowRankTokens } from "../low_rank_memory.ts";
import { shifted } from "../token_shift.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** H; each has a memory of its own. */
  readonly heads: number;
  /** All keys together have K = `expandKey` d numbers. */
  readonly expandKey: number;
  /** All values together have V = `expandValue` d numbers. */
  readonly expandValue: number;
  /** r, numbers between the token and how much of the one before it is mixed in. */
  readonly mixRank: number;
  /** g, numbers between the token and its gates. */
  readonly decayRank: number;
  /** Whether the memory is multiplied by 2 w - 1, not by w. */
  readonly negative: boolean;
}

/** Maps without biases, but where they are named. */
export type Params = {
  /** How much of the token before each of five maps sees: [d], [d, 5 r], [5, r, d] and [5, d]. */
  mix: { first: JaxArray; down: JaxArray; up: JaxArray; bias: JaxArray };
  /** r, [d, K] */
  query: JaxArray;
  /** Of the gates: [d, g] and [g, K]. */
  decay: { down: JaxArray; up: LinearParams };
  /** [d, K] */
  key: JaxArray;
  /** [d, V] */
  value: JaxArray;
  /** [d, V], of the gate on the output. */
  gate: JaxArray;
  /** u, of what a token itself writes, [H, K/H]. */
  bonus: JaxArray;
  /** Of the norm of every head's output, [V] each. */
  norm: { scale: JaxArray; shift: JaxArray };
  /** [V, d] */
  output: JaxArray;
};

/** `memory` [B, H, K/H, V/H] by key and value, and the last token [B, d]. */
export type State = { memory: JaxArray; last: JaxArray };

function sizes({ width, heads, expandKey, expandValue }: Config) {
  const keys = expandedWidth("rwkv6", "expandKey", expandKey, width, heads);
  const values = expandedWidth("rwkv6", "expandValue", expandValue, width, heads);
  return { keys, values, key: keys / heads, value: values / heads };
}

/** Of tokens x [..., d] and their differences to those before, [..., H, K/H or V/H] and the gate on the output, [..., V]. */
function project(config: Config, params: Params, x: JaxArray, delta: JaxArray) {
  const { heads, mixRank, negative } = config;
  const { key, value } = sizes(config);
  const lead = x.shape.slice(0, -1);
  const { first, down, up, bias } = params.mix;
  const low = np.tanh(np.matmul(x.ref.add(delta.ref.mul(first)), down));
  const [ups, biases] = [np.split(up, 5, 0), np.split(bias, 5, 0)];
  const mixed = np.split(low, 5, -1).map((part, n) => {
    const share = np.matmul(part, ups[n].reshape([mixRank, config.width])).add(
      biases[n].reshape([config.width]),
    );
    return x.ref.add(delta.ref.mul(share));
  });
  x.dispose();
  delta.dispose();
  const byHead = (x: JaxArray, each: number) => x.reshape([...lead, heads, each]);
  const [r, w, k, v, g] = mixed;
  const rates = linear(params.decay.up, np.tanh(np.matmul(w, params.decay.down)));
  const logGate = byHead(np.maximum(np.exp(rates).neg(), leastLogGate), key);
  const tokens: LowRankTokens = {
    query: byHead(np.matmul(r, params.query), key),
    key: byHead(np.matmul(k, params.key), key),
    value: byHead(np.matmul(v, params.value), value),
    logGate,
  };
  const gate = nn.silu(np.matmul(g, params.gate));
  if (!negative) return { tokens, gate };
  const factor = np.exp(logGate).mul(2).sub(1);
  const reverses = factor.ref.less(0).astype(factor.dtype);
  const size = np.maximum(np.abs(factor), Math.exp(leastLogGate));
  return { tokens: { ...tokens, logGate: np.log(size), reverses }, gate };
}

/** The token's own share of what is read: (sum_i q_i u_i k_i) v. */
function ownShare({ query, key, value }: LowRankTokens, bonus: JaxArray): JaxArray {
  return np.sum(query.mul(key).mul(bonus), -1, { keepdims: true }).mul(value);
}

/** Norm, gate and projection of what the heads read, [..., H, V/H]. */
const finished = ({ norm, output }: Params, read: JaxArray, gate: JaxArray) =>
  np.matmul(groupNorm(norm, read).mul(gate), output);

/**
 * o_t = (S_{t-1} + diag(u) k_t v_t')' r_t, then S_t = diag(w_t) S_{t-1} + k_t v_t' with w = exp(-exp(.)); r, w, k, v and the gate are made of
 * x_t + (x_{t-1} - x_t) mu, where mu is a low-rank map of such a mixture. Options: `heads` (4), `expandKey` (0.5), `expandValue` (1), `mixRank`
 * (32), `decayRank` (64), `negative` (false; by it S is multiplied by 2 w - 1).
 */
export const layer: SequenceLayer<Config, Params, State, JaxArray, JaxArray> = {
  about: {
    name: "RWKV-6",
    paper: "Peng et al., arXiv 2404.05892, section 4 (Finch), eq. 15 to 21",
    kind: "linear in the state",
    eigenvalues: "(0, 1), the gates; (-1, 1) with negative: true",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).default(4),
      expandKey: z.number().gt(0).default(0.5),
      expandValue: z.number().gt(0).default(1),
      mixRank: z.number().int().min(1).default(32),
      decayRank: z.number().int().min(1).default(64),
      negative: z.boolean().default(false),
    });
    const config = { width, ...readOptions("rwkv6", schema, options) };
    sizes(config);
    return config;
  },

  /** Rates of decay rise from exp(-6) to exp(-1) over the keys, as in its authors' code; half of the token before is mixed in. */
  init(config, key, gain = 1) {
    const { width, heads, mixRank, decayRank } = config;
    const { keys, values, key: each } = sizes(config);
    const [k1, k2, k3, k4, k5, k6, k7, k8, k9] = random.split(key, 9);
    const weight = (key: JaxArray, shape: number[], gain = 1) =>
      random.normal(key, shape).mul(gain / Math.sqrt(shape.at(-2)!));
    const rates = Float32Array.from(
      { length: keys },
      (_, i) => -6 + 5 * (i / Math.max(1, keys - 1)) ** 0.7,
    );
    return {
      mix: {
        first: np.full([width], 0.5),
        down: weight(k1, [width, 5 * mixRank]),
        up: weight(k2, [5, mixRank, width], 0.1),
        bias: np.full([5, width], 0.5),
      },
      query: weight(k3, [width, keys]),
      decay: {
        down: weight(k4, [width, decayRank]),
        up: { weight: weight(k5, [decayRank, keys], 0.1), bias: np.array(rates) },
      },
      key: weight(k6, [width, keys]),
      value: weight(k7, [width, values]),
      gate: weight(k8, [width, values]),
      bonus: np.zeros([heads, each]),
      norm: { scale: np.ones([values]), shift: np.zeros([values]) },
      output: weight(k9, [values, width], gain),
    };
  },

  initialState(config, batch) {
    const { key, value } = sizes(config);
    return {
      memory: tensor(0, [batch, config.heads, key, value]),
      last: tensor(0, [batch, config.width]),
    };
  },

  cell(config, params, { memory, last }, x) {
    const delta = last.sub(x.ref);
    const { tokens, gate } = project(config, params, x.ref, delta);
    const { query, key, value, logGate, reverses } = tree.ref(tokens);
    const column = (x: JaxArray) => x.reshape([...x.shape, 1]);
    const earlier = np.sum(memory.ref.mul(column(query)), -2);
    const read = earlier.add(ownShare(tokens, params.bonus));
    const size = np.exp(logGate);
    const factor = reverses ? size.mul(reverses.mul(-2).add(1)) : size;
    const written = column(key).mul(value.reshape([...value.shape.slice(0, -1), 1, -1]));
    const next = memory.mul(column(factor)).add(written);
    return [{ memory: next, last: x }, finished(params, read, gate)];
  },

  parallel(config, params, x, state) {
    const [batch, length] = x.shape;
    state ??= freshState(layer, config, batch, length, x.dtype);
    const [last, delta] = shifted(state.last, x.ref);
    const { tokens, gate } = project(config, params, x, delta);
    const own = ownShare(tree.ref(tokens), params.bonus);
    // What is read before it is written is read by the next token: queries come one token late.
    const late = ({ query, ...rest }: LowRankTokens): LowRankTokens => ({
      query: np.pad(query, [[0, 0], [0, 1], [0, 0], [0, 0]]),
      ...Object.fromEntries(
        Object.entries(rest).map((
          [name, x],
        ) => [name, np.pad(x, [[0, 0], [1, 0], [0, 0], [0, 0]])]),
      ) as Omit<LowRankTokens, "query">,
    });
    const [memory, read] = lowRankMemory(late(tokens), state.memory);
    const earlier = np.split(read, [length], 1)[0];
    return [{ memory, last }, finished(params, earlier.add(own), gate)];
  },
};
