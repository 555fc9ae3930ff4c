/**
 * @file RWKV-7: a memory that forgets number by number, and from which a token takes back what is held under one key while it writes
 * under another.
 */
import { nn, numpy as np, random, tree } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { expandedWidth } from "../expanded_width.ts";
import { groupNorm } from "../group_norm.ts";
import { linear, type LinearParams } from "../linear.ts";
import { lowRankMemory } from "../low_rank_memory.ts";
import { shifted } from "../token_shift.ts";
import { normalised } from "../unit_norm.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y; all keys and all values have as many numbers. */
  readonly width: number;
  /** H; each has a memory of its own. */
  readonly heads: number;
  /** r, numbers between the token and its gates, its rates and the gate on the output, each. */
  readonly rank: number;
}

/** Maps without biases, but where they are named. */
export type Params = {
  /** How much of the token before each of six maps sees: query, gates, key, value, rates, output; [6, d]. */
  mix: JaxArray;
  /** [d, d] each. */
  query: JaxArray;
  key: JaxArray;
  value: JaxArray;
  /** w, of what is kept: [d, r] and [r, d]. */
  decay: { down: JaxArray; up: LinearParams };
  /** a, of what is taken back: [d, r] and [r, d]. */
  rate: { down: JaxArray; up: LinearParams };
  /** [d, r] and [r, d], of the gate on the output. */
  gate: { down: JaxArray; up: JaxArray };
  /** On the key under which is taken back, [d]. */
  removed: JaxArray;
  /** By how much the rate makes what is written smaller, [d]. */
  written: JaxArray;
  /** Of what a token itself writes, [H, d/H]. */
  bonus: JaxArray;
  /** Of the norm of every head's output, [d] each. */
  norm: { scale: JaxArray; shift: JaxArray };
  /** [d, d] */
  output: JaxArray;
};

/** `memory` [B, H, d/H, d/H] by key and value, and the last token [B, d]. */
export type State = { memory: JaxArray; last: JaxArray };

/** Of tokens, [..., H, d/H] each. */
type Tokens = {
  query: JaxArray;
  key: JaxArray;
  value: JaxArray;
  /** log w */
  logGate: JaxArray;
  /** The key of length 1 under which is taken back. */
  removed: JaxArray;
  /** a */
  rate: JaxArray;
};

/** The least log w is minus this: exp(-1/2). */
const fastest = Math.exp(-0.5);

/** Under the root of a key's length, which its authors' code floors at 1e-12: as near to nothing as has a slope at zero. */
const leastSquare = 1e-12;

/** Of tokens x [..., d] and their differences to those before; and the gate on the output, [..., d]. */
function project(config: Config, params: Params, x: JaxArray, delta: JaxArray) {
  const { width, heads } = config;
  const lead = x.shape.slice(0, -1);
  const [forQuery, forGate, forKey, forValue, forRate, forOutput] = np.split(params.mix, 6, 0)
    .map((share) => x.ref.add(delta.ref.mul(share.reshape([width]))));
  x.dispose();
  delta.dispose();
  const byHead = (x: JaxArray) => x.reshape([...lead, heads, width / heads]);
  const { decay, rate } = params;
  const logits = linear(decay.up, np.tanh(np.matmul(forGate, decay.down)));
  const a = nn.sigmoid(linear(rate.up, np.matmul(forRate, rate.down)));
  const k = np.matmul(forKey, params.key);
  const tokens: Tokens = {
    query: byHead(np.matmul(forQuery, params.query)),
    removed: normalised(byHead(k.ref.mul(params.removed)), leastSquare),
    key: byHead(k.mul(a.ref.sub(1).mul(params.written).add(1))),
    value: byHead(np.matmul(forValue, params.value)),
    logGate: byHead(nn.sigmoid(logits).mul(-fastest)),
    rate: byHead(a),
  };
  const low = nn.sigmoid(np.matmul(forOutput, params.gate.down));
  return { tokens, gate: np.matmul(low, params.gate.up) };
}

/** Norm, the token's own share (sum_i q_i u_i k_i) v, gate and projection of what the heads read, [..., H, d/H]. */
function finished(
  { norm, bonus, output }: Params,
  { query, key, value }: Pick<Tokens, "query" | "key" | "value">,
  read: JaxArray,
  gate: JaxArray,
): JaxArray {
  const own = np.sum(query.mul(key).mul(bonus), -1, { keepdims: true }).mul(value);
  // Their epsilon is as much larger as a head is wide.
  const normed = groupNorm(norm, read, 1e-5 * value.shape.at(-1)!);
  return np.matmul(normed.add(own.reshape(gate.shape)).mul(gate), output);
}

/**
 * S_t = diag(w_t) S_{t-1} - (a_t k^_t) (k^_t' S_{t-1}) + k_t v_t', read by r_t, with w = exp(-exp(-1/2) sigmoid(.)), a = sigmoid(.), k^ = k
 * times a learned vector, over its length, and k (1 + (a - 1) mu) for k. Options: `heads` (4), `rank` (32).
 */
export const layer: SequenceLayer<Config, Params, State, JaxArray, JaxArray> = {
  about: {
    name: "RWKV-7",
    paper: "Peng et al., arXiv 2503.14456, section 4, eq. 12 to 21, as the first layer of a stack",
    kind: "linear in the state",
    eigenvalues:
      "of diag(w) - (a k^) k^': real or in pairs, along k^ between exp(-exp(-1/2)) - 1 = -0.45 and 1",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).default(4),
      rank: z.number().int().min(1).default(32),
    });
    const config = { width, ...readOptions("rwkv7", schema, options) };
    expandedWidth("rwkv7", "expansion", 1, width, config.heads);
    return config;
  },

  /** Constants and ramps about as in its authors' code; half of the token before is mixed in. */
  init({ width, heads, rank }, key, gain = 1) {
    const [k1, k2, k3, k4, k5, k6, k7, k8, k9, k10] = random.split(key, 10);
    const weight = (key: JaxArray, inputs: number, outputs: number, gain = 1) =>
      random.normal(key, [inputs, outputs]).mul(gain / Math.sqrt(inputs));
    const ramp = Float32Array.from(
      { length: width },
      (_, i) => -5.5 + 6 * i / Math.max(1, width - 1),
    );
    return {
      mix: np.full([6, width], 0.5),
      query: weight(k1, width, width),
      key: weight(k2, width, width),
      value: weight(k3, width, width),
      decay: {
        down: weight(k4, width, rank),
        up: { weight: weight(k5, rank, width, 0.1), bias: np.array(ramp) },
      },
      rate: {
        down: weight(k6, width, rank),
        up: { weight: weight(k7, rank, width, 0.1), bias: np.full([width], -0.19) },
      },
      gate: { down: weight(k8, width, rank), up: weight(k9, rank, width) },
      removed: np.full([width], 0.71),
      written: np.full([width], 1.02),
      bonus: np.full([heads, width / heads], -0.04),
      norm: { scale: np.ones([width]), shift: np.zeros([width]) },
      output: weight(k10, width, width, gain),
    };
  },

  initialState: ({ width, heads }, batch) => ({
    memory: tensor(0, [batch, heads, width / heads, width / heads]),
    last: tensor(0, [batch, width]),
  }),

  cell(config, params, { memory, last }, x) {
    const { tokens, gate } = project(config, params, x.ref, last.sub(x.ref));
    const { query, key, value, logGate, removed, rate } = tree.ref(tokens);
    const column = (x: JaxArray) => x.reshape([...x.shape, 1]);
    const row = (x: JaxArray) => x.reshape([...x.shape.slice(0, -1), 1, x.shape.at(-1)!]);
    const held = np.sum(memory.ref.mul(column(removed.ref)), -2);
    const next = memory.mul(column(np.exp(logGate)))
      .sub(column(removed.mul(rate)).mul(row(held)))
      .add(column(key).mul(row(value)));
    const read = np.sum(next.ref.mul(column(query)), -2);
    return [{ memory: next, last: x }, finished(params, tokens, read, gate)];
  },

  /** Two steps a token: one forgets and takes back, of what is left now what was there before, the other writes and reads. */
  parallel(config, params, x, state) {
    const { width, heads } = config;
    const [batch, length] = x.shape;
    state ??= freshState(layer, config, batch, length, x.dtype);
    const [last, delta] = shifted(state.last, x.ref);
    const { tokens, gate } = project(config, params, x, delta);
    const { query, key, value, logGate, removed, rate } = tree.ref(tokens);
    const both = (first: JaxArray, second: JaxArray) =>
      np.stack([first, second], 2).reshape([batch, 2 * length, heads, width / heads]);
    const none = np.zerosLike(value.ref);
    const [memory, out] = lowRankMemory({
      query: both(none.ref, query),
      key: both(removed.ref.mul(rate), key),
      value: both(none.ref, value),
      read: both(removed.mul(np.exp(logGate.ref.neg())), none.ref), // gates are not below 0.54
      logGate: both(logGate, none),
    }, state.memory);
    const read = np.split(out.reshape([batch, length, 2, heads, width / heads]), 2, 2)[1]
      .reshape([batch, length, heads, width / heads]);
    return [{ memory, last }, finished(params, tokens, read, gate)];
  },
};
