/** @file Causal multi-head softmax attention with rotary positions; its state is a cache of keys and values. */
import { nn, numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import { tensor } from "../../tensor/tensor.ts";
import {
  type AttentionConfig,
  attentionInit,
  type AttentionParams,
  configureHeads,
  mergeHeads,
  project,
  type Projected,
  splitHeads,
} from "../attention_projections.ts";
import { causalSoftmax } from "../causal_softmax.ts";
import { constant } from "../constant.ts";
import { linear } from "../linear.ts";
import { rotaryTable, rotate } from "../rotary.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/**
 * Rotated keys, and values, of the tokens so far, [B, H, d/H, capacity] each, zero where none was seen yet: with the positions
 * last, a step needs no transposition and writes along contiguous memory. `position` (int32 scalar) of the next token; those beyond
 * the capacity are lost.
 */
export type State = { keys: JaxArray; values: JaxArray; position: JaxArray };

/** Angles of consecutive positions, [count, d/H]. @param first int32 scalar. */
function anglesFrom(
  first: JaxArray,
  count: number,
  capacity: number,
  width: number,
  like: JaxArray,
) {
  const positions = np.arange(count).astype(np.int32).add(first);
  const { cos, sin } = rotaryTable(capacity, width);
  const taken = (table: typeof cos) =>
    np.take(constant(table, [capacity, width], like.dtype), positions.ref, 0);
  return { cos: taken(cos), sin: taken(sin), positions };
}

/** Queries, keys and values [B, H, T, d/H]. @param cos [T, d/H]; queries are scaled on the way, which saves the scores a pass. */
function rotated({ query, key, value }: Projected, heads: number, cos: JaxArray, sin: JaxArray) {
  const [length, width] = cos.shape;
  const scale = 1 / Math.sqrt(width);
  const [c, s] = [cos, sin].map((table) => table.reshape([length, 1, width]));
  return [
    rotate(splitHeads(query, heads), c.ref.mul(scale), s.ref.mul(scale)),
    rotate(splitHeads(key, heads), c, s),
    splitHeads(value, heads),
  ].map((part) => np.transpose(part, [0, 2, 1, 3]));
}

const positionsLast = (x: JaxArray) => np.transpose(x, [0, 1, 3, 2]);

/**
 * Attention to every token so far; what it remembers grows with their number, up to the capacity of the state. Options: `heads`
 * (4).
 */
export const layer: SequenceLayer<AttentionConfig, AttentionParams, State, Projected, JaxArray> = {
  about: {
    name: "softmax attention",
    paper:
      "Vaswani et al., arXiv 1706.03762, eq. 1; positions: Su et al., arXiv 2104.09864, eq. 34",
    kind: "nonlinear",
    eigenvalues: "1: what was seen stays as it was",
  },

  configure: (options, width) => configureHeads("softmax_attention", options, width),

  init: ({ width }, key, gain = 1) => attentionInit(key, width, gain),

  initialState({ width, heads }, batch, capacity) {
    const zero = tensor(0, [batch, heads, width / heads, capacity]);
    return { keys: zero, values: zero, position: tensor(0, [], "int32") };
  },

  inputs: (_, params, x) => project(params, x),

  cell({ width: d, heads }, _, state, { query, key, value }) {
    const [batch, , width, capacity] = state.keys.shape;
    const { cos, sin, positions } = anglesFrom(state.position.ref, 1, capacity, width, query);
    const head = (x: JaxArray) => x.reshape([batch, heads, width]);
    const scale = 1 / Math.sqrt(width);
    const q = rotate(head(query), cos.ref.mul(scale), sin.ref.mul(scale));
    const k = rotate(head(key), cos, sin);
    const slots = np.arange(capacity).astype(np.int32);
    const here = np.equal(slots.ref, positions.ref).astype(k.dtype);
    // The slot is zero, so adding writes, in fewer passes over the cache than a `where` that broadcasts the token.
    const write = (cache: JaxArray, token: JaxArray) =>
      cache.add(token.reshape([batch, heads, width, 1]).mul(here.ref));
    const keys = write(state.keys, k);
    const values = write(state.values, value);
    here.dispose();
    const scores = np.matmul(q.reshape([batch, heads, 1, width]), keys.ref);
    const seen = np.lessEqual(slots, positions);
    const weights = nn.softmax(np.where(seen, scores, -Infinity), -1);
    const mixed = np.matmul(values.ref, weights.reshape([batch, heads, capacity, 1]));
    const position = state.position.add(np.array(1, { dtype: np.int32 }));
    return [{ keys, values, position }, mixed.reshape([batch, d])];
  },

  outputs: (_, { output }, mixed, x) => {
    x.dispose();
    return linear(output, mixed);
  },

  parallel({ width: d, heads }, params, x, state) {
    const length = x.shape[1];
    const width = d / heads;
    const mine = project(params, x);
    if (!state) {
      const { cos, sin } = rotaryTable(length, width);
      const [c, s] = [cos, sin].map((t) => constant(t, [length, width], x.dtype));
      const [queries, keys, values] = rotated(mine, heads, c, s);
      const mixed = causalSoftmax(queries, keys.ref, values.ref);
      const last = {
        keys: positionsLast(keys),
        values: positionsLast(values),
        position: np.array(length, { dtype: np.int32 }),
      };
      return [last, linear(params.output, mergeHeads(mixed))];
    }
    const capacity = state.keys.shape[3];
    const { cos, sin, positions } = anglesFrom(state.position.ref, length, capacity, width, x);
    const [queries, newKeys, newValues] = rotated(mine, heads, cos, sin);
    const rows = positions.reshape([length, 1]);
    const slots = np.arange(capacity).astype(np.int32);
    const here = np.equal(slots.ref, rows.ref).astype(queries.dtype);
    const keys = state.keys.add(np.matmul(positionsLast(newKeys), here.ref));
    const values = state.values.add(np.matmul(positionsLast(newValues), here));
    const seen = np.lessEqual(slots, rows);
    const scores = np.where(seen, np.matmul(queries, keys.ref), -Infinity);
    const mixed = np.matmul(nn.softmax(scores, -1), positionsLast(values.ref));
    const position = state.position.add(np.array(length, { dtype: np.int32 }));
    return [{ keys, values, position }, linear(params.output, mergeHeads(mixed))];
  },
};
