/**
 * @file Log-linear attention: memories of values by keys that fade, one for every power of two of the past, each read by as much as the
 * token wants of its age.
 */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray, JaxDType } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { inChunks } from "../chunks.ts";
import { constant } from "../constant.ts";
import { decays } from "../decayed_memory.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import { freshState } from "./forms.ts";
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

/** Of a token: [..., H, e] each, the logarithms of the factors [..., H] and the weights of the levels [..., L, H]. */
export type Input = {
  query: JaxArray;
  key: JaxArray;
  value: JaxArray;
  logDecay: JaxArray;
  weight: JaxArray;
};

/** Tokens of a chunk: the decays of more cost their third power, and with fewer the memories are read and moved more often. */
const chunkLength = 32;

function inputs({ width, heads, levels }: Config, params: Params, x: JaxArray): Input {
  const lead = x.shape.slice(0, -1);
  const each = width / heads;
  const [query, key, value] = np.split(np.matmul(x.ref, params.input), 3, -1)
    .map((x) => x.reshape([...lead, heads, each]));
  return {
    query: query.mul(each ** -0.5),
    key,
    value,
    logDecay: nn.logSigmoid(linear(params.decay, x.ref)),
    weight: nn.softplus(linear(params.level, x)).reshape([...lead, levels, heads]),
  };
}

function outputs(_: Config, { output }: Params, read: JaxArray, x: JaxArray): JaxArray {
  x.dispose();
  return np.matmul(read, output);
}

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

  inputs,

  cell({ levels }, _, { memory, position }, { query, key, value, logDecay, weight }) {
    const [batch, heads, each] = query.shape;
    const old = memory.mul(np.exp(logDecay).reshape([batch, 1, heads, 1, 1]));
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

  outputs,

  parallel: (config, params, x, state) =>
    inChunks(
      (params, state, x) => chunk(config, params, state, x),
      params,
      state ?? freshState(layer, config, x.shape[0], 0, x.dtype),
      x,
      chunkLength,
    ),
};

/** Some tokens x [B, C, d] at once: attention whose scores are weighed by the level of the key's token, and reads of the memories before. */
function chunk(
  config: Config,
  params: Params,
  { memory, position }: State,
  x: JaxArray,
): [State, JaxArray] {
  const { width, heads, levels } = config;
  const [batch, size] = x.shape;
  const each = width / heads;
  const rows = batch * heads;
  const { query, key, value, logDecay, weight } = inputs(config, params, x.ref);
  const [q, k, v] = [query, key, value].map((x) =>
    np.transpose(x, [0, 2, 1, 3]).reshape([rows, size, each])
  );
  const logs = np.transpose(logDecay, [0, 2, 1]).reshape([rows, size]);
  // From before the chunk until each token, from each until the last one, and all of it.
  const ones = np.ones([size, size]).astype(x.dtype);
  const kept = np.exp(np.matmul(logs.ref, np.triu(ones.ref)));
  const untilEnd = np.exp(np.matmul(logs.ref, np.tril(ones, -1)));
  const whole = np.exp(np.sum(logs.ref, -1));
  const within = decays(logs);

  const seen = levelsOf(position.ref, size, levels, x.dtype);
  const byToken = np.transpose(weight, [1, 0, 3, 2]).reshape([size, rows, levels]);
  const weights = np.transpose(np.matmul(byToken, seen.ref), [1, 0, 2]);
  const [ofTokens, ofMemories] = np.split(weights, [size], 2);
  const scores = np.matmul(q.ref, np.swapaxes(k.ref, 1, 2)).mul(within).mul(ofTokens);
  // All memories are read at once by queries that stand once for each level, with its weight.
  const before = np.transpose(memory.ref, [0, 2, 1, 3, 4]).reshape([rows, levels * each, each]);
  const asked = ofMemories.mul(kept.reshape([rows, size, 1])).reshape([rows, size, levels, 1])
    .mul(q.reshape([rows, size, 1, each])).reshape([rows, size, levels * each]);
  const read = np.matmul(scores, v.ref).add(np.matmul(asked, before));
  const y = np.transpose(read.reshape([batch, heads, size, each]), [0, 2, 1, 3]);

  // What the last token sees is the next state: of the chunk, and of the memories, which move.
  const [seenTokens, seenMemories] = np.split(
    seen.slice([size - 1, size]).reshape([levels, size + levels]),
    [size],
    1,
  );
  const stored = np.transpose(seenTokens).reshape([size, levels, 1])
    .mul(untilEnd.reshape([rows, size, 1, 1]))
    .mul(k.reshape([rows, size, 1, each])).reshape([rows, size, levels * each]);
  const written = np.matmul(np.swapaxes(stored, 1, 2), v)
    .reshape([batch, heads, levels, each, each]);
  const faded = memory.mul(whole.reshape([batch, 1, heads, 1, 1]));
  const flat = np.transpose(faded, [1, 0, 2, 3, 4]).reshape([levels, rows * each * each]);
  const moved = np.matmul(seenMemories, flat).reshape([levels, batch, heads, each, each]);
  const next = np.transpose(moved, [1, 0, 2, 3, 4]).add(np.transpose(written, [0, 2, 1, 3, 4]));
  return [
    { memory: next, position: position.add(np.array(size, { dtype: np.int32 })) },
    outputs(config, params, y.reshape([batch, size, width]), x),
  ];
}

/**
 * The levels at which the tokens p ... p + C - 1 see each other, and what was at the levels of token p - 1. Token t sees s at the level that is
 * the length in bits of t xor s: the number of halvings that leave them apart. What p - 1 saw at level j is at the level of p - 1 itself, if that is
 * above j, and else where it was.
 * @param position p (int32 scalar)
 * @param size C
 * @returns [C, L, C + L], 1 at the level (second axis) at which a token sees another one or a memory; anything for later tokens.
 */
function levelsOf(position: JaxArray, size: number, levels: number, dtype: JaxDType): JaxArray {
  const range = (from: number, count: number, of = (i: number) => i) =>
    constant(Float64Array.from({ length: count }, (_, i) => of(i + from)), [count], dtype);
  const halvings = range(0, levels - 1, (l) => 2 ** -l).reshape([levels - 1, 1]);
  // The last token before, and those of the chunk.
  const tokens = position.astype(dtype).add(range(-1, size + 1)).reshape([1, size + 1]);
  const halved = np.floor(tokens.mul(halvings));
  const asking = halved.ref.slice([], [1, size + 1]).reshape([levels - 1, size, 1]);
  // (A count above 1 is still one difference; below zero is a later token.)
  const apart = np.minimum(asking.sub(halved.reshape([levels - 1, 1, size + 1])), 1);
  const [last, others] = np.split(np.sum(apart, 0), [1], 1);
  const memories = np.maximum(last, range(0, levels).reshape([1, levels]));
  const all = np.concatenate([others, memories], 1).reshape([size, 1, size + levels]);
  return all.equal(range(0, levels).reshape([levels, 1])).astype(dtype);
}

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
