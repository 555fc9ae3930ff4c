/**
 * @file Causal linear attention with rotary positions in the numerator only (Su et al., arXiv 2104.09864, eq. 19):
 *
 *     y_m = sum_{n <= m} (R_m phi(q_m))' (R_n phi(k_n)) v_n  /  sum_{n <= m} phi(q_m)' phi(k_n)
 *
 * so that the denominator stays positive.
 */
import { numpy as np } from "@jax-js/jax";
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
import { constant } from "../constant.ts";
import { linear } from "../linear.ts";
import { rotaryTable, rotate } from "../rotary.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/**
 * `memory` [B, H, d/H of values, d/H of keys] is sum_n v_n (R_{n-m} phi(k_n))' after token m: positions count from the latest
 * token, which makes the next state a fixed rotation of this one plus an outer product. `total` [B, H, d/H] is sum_n phi(k_n).
 */
export type State = { memory: JaxArray; total: JaxArray };

/**
 * phi(x) = elu(x) + 1 = r + exp(x - r) with r = max(x, 0). Written like this its derivative at zero is 1 whatever that of r
 * is taken to be.
 */
function features(x: JaxArray): JaxArray {
  const positive = np.maximum(x.ref, 0);
  return positive.ref.add(np.exp(x.sub(positive)));
}

/** phi(query), phi(key) and value, [..., d] each. */
function inputs(params: AttentionParams, x: JaxArray): Projected {
  const { query, key, value } = project(params, x);
  return { query: features(query), key: features(key), value };
}

/** Rotates x [..., w] back by the angles of `position`. */
function turnBack(x: JaxArray, position: number): JaxArray {
  const width = x.shape.at(-1)!;
  const { cos, sin } = rotaryTable(position + 1, width);
  const c = constant(cos.slice(-width), [width], x.dtype);
  const s = constant(sin.slice(-width).map((s) => -s), [width], x.dtype);
  return rotate(x, c, s);
}

/** Tokens of one chunk. */
const chunkLength = 64;

const transposed = (x: JaxArray) => np.swapaxes(x, -1, -2);

/** Attention whose memory has one size, whatever the number of tokens. Options: `heads` (4). */
export const layer: SequenceLayer<AttentionConfig, AttentionParams, State, Projected, JaxArray> = {
  about: {
    name: "linear attention",
    paper: "Katharopoulos et al., arXiv 2006.16236, eq. 16-20, with the feature map of eq. 7",
    kind: "linear in the state",
    eigenvalues: "|lambda| = 1, rotations by fixed angles",
  },

  configure: (options, width) => configureHeads("linear_attention", options, width),

  init: ({ width }, key, gain = 1) => attentionInit(key, width, gain),

  initialState({ width, heads }, batch) {
    const each = width / heads;
    return {
      memory: tensor(0, [batch, heads, each, each]),
      total: tensor(0, [batch, heads, each]),
    };
  },

  inputs: (_, params, x) => inputs(params, x),

  cell({ width: d, heads }, _, state, { query, key, value }) {
    const [batch] = query.shape;
    const width = d / heads;
    const head = (x: JaxArray) => x.reshape([batch, heads, width]);
    const [q, k] = [head(query), head(key)];
    const outer = value.reshape([batch, heads, width, 1]).mul(
      k.ref.reshape([batch, heads, 1, width]),
    );
    const memory = turnBack(state.memory, 1).add(outer);
    const total = state.total.add(k);
    const numerator = np.matmul(memory.ref, q.ref.reshape([batch, heads, width, 1]));
    const denominator = np.sum(q.mul(total.ref), -1).reshape([batch, heads, 1, 1]);
    const mixed = numerator.mul(np.reciprocal(denominator));
    return [{ memory, total }, mixed.reshape([batch, d])];
  },

  outputs: (_, { output }, mixed, x) => {
    x.dispose();
    return linear(output, mixed);
  },

  /** In chunks: a masked quadratic form inside a chunk, and the state before it for everything earlier. */
  parallel({ width: d, heads }, params, x, state) {
    const [batch, length] = x.shape;
    const { dtype } = x;
    const width = d / heads;
    const byHead = (x: JaxArray) => np.transpose(splitHeads(x, heads), [0, 2, 1, 3]);
    const { query, key, value } = inputs(params, x);
    const [queries, keys, values] = [query, key, value].map(byHead);
    // The last token before these is at position 0; without one, the first of these.
    const first = state ? 1 : 0;
    const table = rotaryTable(first + length, width);
    const [cos, sin] = [table.cos, table.sin].map((t) =>
      constant(t.slice(first * width), [length, width], dtype)
    );

    const each = Math.min(length, chunkLength);
    const chunks = Math.ceil(length / each);
    const cut = (x: JaxArray) =>
      np.pad(x, [[0, 0], [0, 0], [0, chunks * each - length], [0, 0]])
        .reshape([batch, heads, chunks, each, width]);
    const join = (x: JaxArray) =>
      x.reshape([batch, heads, chunks * each, width]).slice([], [], [0, length]);
    /** Ones where column <= row + offset. */
    const triangle = (size: number, offset: number) => np.tri(size, size, offset).astype(dtype);

    const q = cut(rotate(queries.ref, cos.ref, sin.ref));
    const k = cut(rotate(keys.ref, cos, sin));
    const v = cut(values);
    const scores = np.matmul(q.ref, transposed(k.ref)).mul(triangle(each, 0));
    let numerator = np.matmul(scores, v.ref);
    const plain = cut(keys);
    let sums = np.einsum("ml,bhclw->bhcmw", triangle(each, 0), plain.ref);
    // Of each chunk alone.
    const memories = np.matmul(transposed(v), k);
    const totals = np.sum(plain, 3);
    if (chunks > 1) {
      const earlier = triangle(chunks, -1);
      const before = np.einsum("ec,bhcvw->bhevw", earlier.ref, memories.ref);
      numerator = numerator.add(np.matmul(q.ref, transposed(before)));
      const totalBefore = np.einsum("ec,bhcw->bhew", earlier, totals.ref);
      sums = sums.add(totalBefore.reshape([batch, heads, chunks, 1, width]));
    }
    let memory = np.sum(memories, 2);
    let total = np.sum(totals, 2);
    if (state) {
      const shared = transposed(state.memory.ref).reshape([batch, heads, 1, width, width]);
      numerator = numerator.add(np.matmul(q.ref, shared));
      sums = sums.add(state.total.ref.reshape([batch, heads, 1, 1, width]));
      memory = memory.add(state.memory);
      total = total.add(state.total);
    }
    q.dispose();
    const last = { memory: turnBack(memory, first + length - 1), total };
    // (Cut to length before dividing: beyond it all is zero.)
    const denominator = np.sum(queries.mul(join(sums)), -1, { keepdims: true });
    const mixed = join(numerator).mul(np.reciprocal(denominator));
    return [last, linear(params.output, mergeHeads(mixed))];
  },
};
