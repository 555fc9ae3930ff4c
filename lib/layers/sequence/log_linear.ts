/**
 * @file Log-linear attention: memories of values by keys that fade, one for every power of two of the past, each read by as much as the
 * token wants of its age.
 */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** H, which divides d. */
  readonly heads: number;
  /** L: the token itself, and blocks of 1, 2, 4 ... tokens before it; the last one holds all that is older, too. */
  readonly levels: number;
}

/** Projections, and maps to the weights of levels. */
export type Params = {
  /** [d, 3 d]: queries, keys, values; no bias. */
  input: JaxArray;
  /** Of the logits of the factors, one a head: [d, H]. */
  decay: LinearParams;
  /** Of the weights of the levels, before softplus: [d, H L]. */
  level: LinearParams;
  /** [d, d] */
  output: JaxArray;
};

/** Memories [B, L, H, e, e] by level, key and value, and the number of tokens so far (int32 scalar). */
export type State = { memory: JaxArray; position: JaxArray };

/** Of a token: [..., H, e] each, the factors [..., H] and the weights of the levels [..., L, H]. */
export type Input = {
  query: JaxArray;
  key: JaxArray;
  value: JaxArray;
  decay: JaxArray;
  weight: JaxArray;
};

/**
 * S_t = a_t S_{t-1} + k_t v_t' by blocks of a Fenwick tree: o_t = sum_l w_{t,l} q_t' S_t^l, where level 0 is the token, and level l a block of 2^(l -
 * 1) tokens. Options: `heads` (the largest divisor of the width up to 4), `levels` (L, 12).
 */
export const layer: SequenceLayer<Config, Params, State, Input, JaxArray> = {
  about: {
    name: "log-linear attention",
    paper:
      "Guo et al., arXiv 2506.04761, section 3.1 and eq. 5, with a factor a head as in section 3.4",
    kind: "linear in the state",
    eigenvalues: "(0, 1), within a level",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).optional(),
      levels: z.number().int().min(2).default(12),
    });
    const given = readOptions("log_linear", schema, options);
    let heads = given.heads ?? Math.min(4, width);
    if (given.heads === undefined) { while (width % heads !== 0) heads--; }
    if (width % heads !== 0) {
      throw new RangeError(`log_linear options: heads = ${heads}: must divide the width ${width}`);
    }
    return { width, heads, levels: given.levels };
  },

  init({ width, heads, levels }, key, gain = 1) {
    const [k1, k2, k3, k4] = random.split(key, 4);
    return {
      input: random.normal(k1, [width, 3 * width]).mul(1 / Math.sqrt(width)),
      decay: linearInit(k2, width, heads),
      level: linearInit(k3, width, heads * levels),
      output: random.normal(k4, [width, width]).mul(gain / Math.sqrt(width)),
    };
  },

  initialState: ({ width, heads, levels }, batch) => ({
    memory: tensor(0, [batch, levels, heads, width / heads, width / heads]),
    position: { dtype: "int32", shape: [], data: Int32Array.of(0) },
  }),

  inputs({ width, heads, levels }, { input, decay, level }, x) {
    const lead = x.shape.slice(0, -1);
    const each = width / heads;
    const [query, key, value] = np.split(np.matmul(x.ref, input), 3, -1)
      .map((x) => x.reshape([...lead, heads, each]));
    return {
      query: query.mul(each ** -0.5),
      key,
      value,
      decay: nn.sigmoid(linear(decay, x.ref)),
      weight: nn.softplus(linear(level, x)).reshape([...lead, levels, heads]),
    };
  },

  cell({ levels }, _, { memory, position }, { query, key, value, decay, weight }) {
    const [batch, heads, each] = query.shape;
    const old = memory.mul(decay.reshape([batch, 1, heads, 1, 1]));
    const flat = np.transpose(old, [1, 0, 2, 3, 4]).reshape([levels, batch * heads * each * each]);
    const moved = np.transpose(
      np.matmul(moves(position.ref, levels, query), flat).reshape([
        levels,
        batch,
        heads,
        each,
        each,
      ]),
      [1, 0, 2, 3, 4],
    );
    const written = key.reshape([batch, 1, heads, each, 1])
      .mul(value.reshape([batch, 1, heads, 1, each]));
    const first = np.eye(levels).astype(query.dtype).slice([0, 1]).reshape([1, levels, 1, 1, 1]);
    const next = moved.add(first.mul(written));
    const mixed = np.sum(next.ref.mul(weight.reshape([batch, levels, heads, 1, 1])), 1);
    const read = np.sum(mixed.mul(query.reshape([batch, heads, each, 1])), -2);
    return [
      { memory: next, position: position.add(np.array(1, { dtype: np.int32 })) },
      read.reshape([batch, heads * each]),
    ];
  },

  outputs(_, { output }, read, x) {
    x.dispose();
    return np.matmul(read, output);
  },
};

/**
 * Where memories go before token t is written: level j stays where t mod 2^j is not 0, and takes those below where it is 2^(j - 1), which is when
 * they are full; the last level takes them whenever they are, and always stays.
 * @param position t (int32 scalar)
 * @returns [L, L], what of a level (column) goes to a level (row).
 */
function moves(position: JaxArray, levels: number, { dtype }: JaxArray): JaxArray {
  const t = position.astype(dtype).reshape([1, 1]);
  const column = (of: (j: number) => number) =>
    np.array(Float32Array.from({ length: levels }, (_, j) => of(j)), { shape: [levels, 1] })
      .astype(dtype);
  const size = column((j) => 2 ** j);
  const left = t.ref.sub(np.floor(t.mul(column((j) => 2 ** -j))).mul(size));
  const isLast = (j: number) => Number(j === levels - 1);
  const stays = np.maximum(np.minimum(left.ref, 1), column(isLast));
  // Of the last level, whose block has no end: t mod 2^(L - 2) = 0, or t mod 2^(L - 1) = 0 or 2^(L - 2).
  const half = column((j) => j === 0 ? -1 : 2 ** (j - 1));
  const isHalf = left.ref.equal(half).astype(dtype);
  const isWhole = left.equal(0).astype(dtype).mul(column(isLast));
  const takes = isHalf.add(isWhole);
  const lower = np.tril(np.ones([levels, levels]), -1).astype(dtype);
  // What a level takes is all of the levels below it.
  return np.eye(levels).astype(dtype).mul(stays).add(lower.mul(takes));
}
