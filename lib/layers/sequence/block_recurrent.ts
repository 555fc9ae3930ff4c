/**
 * @file Attention within a block and to the one before it, beside a few vectors that every token can ask, and that change once a block by asking
 * its tokens and themselves.
 */
import { nn, numpy as np, random, tree } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray, JaxDType } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { constant } from "../constant.ts";
import { standardised } from "../group_norm.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import { rotaryTable, rotate } from "../rotary.ts";
import { recurrent } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x, y and the vectors. */
  readonly width: number;
  /** H queries of e = d/H numbers, an even one; all heads share a key and a value. */
  readonly heads: number;
  /** W, tokens of a block. */
  readonly block: number;
  /** m */
  readonly vectors: number;
}

/** Maps without biases but that of the gate. */
export type Params = {
  /** Of the token: queries to tokens and to vectors, key, value: [d, 2 d + 2 e]. */
  input: JaxArray;
  /** Of a vector: queries to vectors and to tokens, key, value: [d, 2 d + 2 e]. */
  vector: JaxArray;
  /** Scale of the norm of vectors, [d]. */
  norm: JaxArray;
  /** What tells vectors apart, [m, d]. */
  name: JaxArray;
  /** The vectors before the first token, [m, d]. */
  start: JaxArray;
  /** Of what vectors have read, of vectors and of tokens: [2 d, d]. */
  answer: JaxArray;
  /** [d, d] */
  gate: LinearParams;
  /** Logits of how much of a vector is new, [d]. */
  keep: JaxArray;
  /** Of what tokens have read, of tokens and of vectors: [2 d, d]. */
  output: JaxArray;
};

/** Keys and values of the block before and of this one so far, [B, 2 W, 2 e], vectors less those at the start, [B, m, d], and tokens so far (int32 scalar). */
export type State = { tokens: JaxArray; vectors: JaxArray; position: JaxArray };

/** Of some tokens: queries to tokens and to vectors, [..., d] each, key and value [..., 2 e]. */
export type Input = { toTokens: JaxArray; toVectors: JaxArray; pair: JaxArray };

const least = -1e30;

/** Softmax attention of many queries to one key and value. @param queries [B, q, H e] @param pairs [B, k, 2 e] @param hidden [q, k] or [1, k], 0 or -1e30 */
function attend(
  { width, heads }: Config,
  queries: JaxArray,
  keys: JaxArray,
  values: JaxArray,
  hidden?: JaxArray,
): JaxArray {
  const each = width / heads;
  const [batch, count] = queries.shape;
  const rows = queries.reshape([batch, count * heads, each]);
  const scores = np.matmul(rows, np.transpose(keys, [0, 2, 1])).mul(each ** -0.5);
  const size = scores.shape[2];
  const all = scores.reshape([batch, count, heads, size]);
  const seen = hidden ? all.add(hidden.reshape([hidden.shape[0], 1, size])) : all;
  const read = np.matmul(
    nn.softmax(seen, -1).reshape([batch, count * heads, size]),
    values,
  );
  return read.reshape([batch, count, width]);
}

const inputs = ({ width }: Config, { input }: Pick<Params, "input">, x: JaxArray): Input => {
  const [toTokens, toVectors, pair] = np.split(np.matmul(x, input), [width, 2 * width], -1);
  return { toTokens, toVectors, pair };
};

/** What vectors are asked by, and what they ask. @param vectors [B, m, d] */
function faces({ width }: Config, { vector, norm, name }: Params, vectors: JaxArray) {
  const known = standardised(vectors, 1e-5).mul(norm).add(name);
  const [toVectors, toTokens, pair] = np.split(np.matmul(known, vector), [width, 2 * width], -1);
  const [key, value] = np.split(pair, 2, -1);
  return { toVectors, toTokens, key, value };
}

/** Vectors after a block. @param pairs of its tokens, [B, W, 2 e] */
function changed(
  config: Config,
  params: Params,
  { toVectors, toTokens, key, value }: ReturnType<typeof faces>,
  vectors: JaxArray,
  pairs: JaxArray,
): JaxArray {
  const [tokenKey, tokenValue] = np.split(pairs, 2, -1);
  const read = np.concatenate([
    attend(config, toVectors, key, value),
    attend(config, toTokens, tokenKey, tokenValue),
  ], -1);
  const fresh = linear(params.gate, np.matmul(read, params.answer));
  return vectors.ref.add(nn.sigmoid(params.keep).mul(fresh.sub(vectors)));
}

/** Cosines and sines of the places of two blocks, [2 W, e] each. */
function tables({ width, heads, block }: Config, dtype: JaxDType): [JaxArray, JaxArray] {
  const each = width / heads;
  const { cos, sin } = rotaryTable(2 * block, each);
  return [constant(cos, [2 * block, each], dtype), constant(sin, [2 * block, each], dtype)];
}

/** Keys and values of two blocks, the keys turned by their places. @param tokens [B, 2 W, 2 e] */
function placed(config: Config, tokens: JaxArray): [JaxArray, JaxArray] {
  const [keys, values] = np.split(tokens, 2, -1);
  const [cos, sin] = tables(config, tokens.dtype);
  return [rotate(keys, cos, sin), values];
}

/** The queries of all heads turned by the same angles. @param queries [B, q, H e] @param cos [q, e]; likewise `sin`. */
function turned({ heads }: Config, queries: JaxArray, cos: JaxArray, sin: JaxArray): JaxArray {
  const [batch, count, width] = queries.shape;
  const row = (x: JaxArray) => x.reshape([count, 1, width / heads]);
  const byHead = queries.reshape([batch, count, heads, width / heads]);
  return rotate(byHead, row(cos), row(sin)).reshape([batch, count, width]);
}

/**
 * y = W [tokens read, vectors read]: softmax attention to the tokens of this block so far and of the one before, turned by their distance, and to m
 * vectors s. After a block s becomes s + sigmoid(k) (V [vectors read, tokens read] + c - s). Options: `heads` (the largest number up to 4 that leaves
 * an even one), `block` (W, 16), `vectors` (m, 8).
 */
export const layer: SequenceLayer<Config, Params, State, Input, JaxArray> = {
  about: {
    name: "block-recurrent Transformer",
    paper:
      "Hutchins et al., arXiv 2203.07852, section 3, with its fixed gate, as in github.com/lucidrains/block-recurrent-transformer-pytorch@9f28fcd",
    kind: "nonlinear",
    eigenvalues: "any: vectors are changed by what they ask; of tokens, a window",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).optional(),
      block: z.number().int().min(1).default(16),
      vectors: z.number().int().min(1).default(8),
    });
    const { heads: given, block, vectors } = readOptions("block_recurrent", schema, options);
    let heads = given ?? 4;
    if (given === undefined) { while (heads > 1 && width % (2 * heads) !== 0) heads--; }
    if (width % (2 * heads) !== 0) {
      throw new RangeError(
        `block_recurrent options: heads = ${heads}: the width ${width} must be a multiple of 2 heads; choose another number or width`,
      );
    }
    return { width, heads, block, vectors };
  },

  /** Normal; vectors and their names as in the code: deviations of .1 and 1, and gates near a half. */
  init({ width, heads, vectors }, key, gain = 1) {
    const [k1, k2, k3, k4, k5, k6, k7, k8] = random.split(key, 8);
    const all = 2 * width + 2 * width / heads;
    const normal = (key: JaxArray, shape: number[], by: number) =>
      random.normal(key, shape).mul(by);
    return {
      input: normal(k1, [width, all], 1 / Math.sqrt(width)),
      vector: normal(k2, [width, all], 1 / Math.sqrt(width)),
      norm: np.ones([width]),
      name: normal(k3, [vectors, width], 1),
      start: normal(k4, [vectors, width], 0.1),
      answer: normal(k5, [2 * width, width], 1 / Math.sqrt(2 * width)),
      gate: linearInit(k6, width, width),
      keep: normal(k7, [width], 0.1),
      output: normal(k8, [2 * width, width], gain / Math.sqrt(2 * width)),
    };
  },

  initialState: ({ width, heads, block, vectors }, batch) => ({
    tokens: tensor(0, [batch, 2 * block, 2 * width / heads]),
    vectors: tensor(0, [batch, vectors, width]),
    position: { dtype: "int32", shape: [], data: Int32Array.of(0) },
  }),

  inputs,

  cell(config, params, { tokens, vectors, position }, { toTokens, toVectors, pair }) {
    const { block, width, heads } = config;
    const [batch] = toTokens.shape;
    const each = width / heads;
    const { dtype } = pair;
    const count = position.ref.astype(dtype).reshape([1, 1]);
    const blocks = np.floor(count.ref.mul(1 / block).add(0.5 / block));
    const place = count.sub(blocks.ref.mul(block));
    const places = (from: number, size: number) =>
      constant(Float64Array.from({ length: size }, (_, i) => i + from), [1, size], dtype);
    /** 1 at the token's own place of two blocks, [1, 2 W]. */
    const own = places(-block, 2 * block).equal(place.ref).astype(dtype);
    const held = tokens.add(
      own.ref.reshape([1, 2 * block, 1]).mul(pair.reshape([batch, 1, 2 * each])),
    );
    const [cos, sin] = tables(config, dtype).map((table) => np.matmul(own.ref, table));
    own.dispose();
    // Nothing is behind it in its own block, nor in the one before the first.
    const behind = places(-block, 2 * block).greater(place.ref).astype(dtype);
    const missing = places(-block, 2 * block).less(0).astype(dtype)
      .mul(blocks.equal(0).astype(dtype));
    const hidden = np.minimum(behind.add(missing), 1).mul(least);
    const one = (x: JaxArray) => x.reshape([batch, 1, width]);
    const [keys, values] = placed(config, held.ref);
    const full = vectors.add(params.start.ref);
    const face = faces(config, { ...params, norm: params.norm.ref }, full.ref);
    const read = np.concatenate([
      attend(config, turned(config, one(toTokens), cos, sin), keys, values, hidden),
      attend(config, one(toVectors), face.key.ref, face.value.ref),
    ], -1).reshape([batch, 2 * width]);
    const [, current] = np.split(held.ref, 2, 1);
    const after = changed(config, params, face, full.ref, current.ref);
    // At the end of a block it becomes the one before, and vectors change.
    const ends = place.equal(block - 1).astype(dtype).reshape([1, 1, 1]);
    const moved = np.concatenate([current.ref, current.mul(0)], 1);
    return [{
      tokens: held.ref.add(ends.ref.mul(moved.sub(held))),
      vectors: full.ref.add(ends.mul(after.sub(full))).sub(params.start),
      position: position.add(np.array(1, { dtype: np.int32 })),
    }, read];
  },

  outputs(_, { output }, read, x) {
    x.dispose();
    return np.matmul(read, output);
  },

  /** From the first token on block by block; from a later state, whose place in its block no program knows, token by token. */
  parallel(config, params, x, state) {
    if (state) return recurrent(layer, config, params, x, state);
    const { block, width, vectors, heads } = config;
    const [batch, length] = x.shape;
    const { dtype } = x;
    const zeros = (shape: number[]) => np.zeros(shape, { dtype });
    let full = zeros([batch, vectors, width]).add(params.start.ref);
    let before: JaxArray | undefined;
    const reads: JaxArray[] = [];
    const cuts = Array.from({ length: Math.ceil(length / block) - 1 }, (_, i) => (i + 1) * block);
    let last: JaxArray | undefined;
    for (const tokens of cuts.length === 0 ? [x] : np.split(x, cuts, 1)) {
      const size = tokens.shape[1];
      const { toTokens, toVectors, pair } = inputs(config, { input: params.input.ref }, tokens);
      const face = faces(config, tree.ref(params), full.ref);
      const empty = zeros([batch, block, 2 * width / heads]);
      const rest = zeros([batch, block - size, 2 * width / heads]);
      const current = size === block ? pair : np.concatenate([pair, rest], 1);
      const both = np.concatenate([before ? before.ref : empty, current.ref], 1);
      const [keys, values] = placed(config, both.ref);
      const [cos, sin] = tables(config, dtype).map((table) => table.slice([block, block + size]));
      const mask = Float32Array.from(
        { length: size * 2 * block },
        (_, at) => {
          const [t, s] = [Math.floor(at / (2 * block)), at % (2 * block)];
          return s > t + block || (s < block && !before) ? least : 0;
        },
      );
      const hidden = constant(mask, [size, 2 * block], dtype);
      reads.push(np.concatenate([
        attend(config, turned(config, toTokens, cos, sin), keys, values, hidden),
        attend(config, toVectors, face.key.ref, face.value.ref),
      ], -1));
      if (size === block) {
        full = changed(config, tree.ref(params), face, full, current.ref);
        before = current;
        last = undefined;
      } else last = both;
    }
    const empty = zeros([batch, block, 2 * width / heads]);
    const y = np.matmul(reads.length === 1 ? reads[0] : np.concatenate(reads, 1), params.output);
    return [{
      tokens: last ?? np.concatenate([before!, empty], 1),
      vectors: full.sub(params.start),
      position: np.array(length, { dtype: np.int32 }),
    }, y];
  },
};
