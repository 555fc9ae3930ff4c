/** @file Attention within a window, as Griffin has it between its recurrences: many queries of one key and value, half of each turned by position. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray, JaxDType } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { inChunks } from "../chunks.ts";
import { constant } from "../constant.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import { rotate } from "../rotary.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** H queries of e = d/H numbers, a multiple of four. */
  readonly heads: number;
  /** W, tokens that a query sees, its own with them. */
  readonly window: number;
}

/** Projections. */
export type Params = {
  /** [d, d + 2 e]: queries, key, value; no bias. */
  input: JaxArray;
  /** [d, d] */
  output: LinearParams;
};

/** Of the last W - 1 tokens, the newest last: key and value, [B, W - 1, e] each, and 1 where there was a token, else 0, [B, W - 1, 1]. */
export type State = { keys: JaxArray; values: JaxArray; seen: JaxArray };

/** The first half of the numbers turned by angles of their positions, along the last but one axis. @param x [..., positions, e] */
function turned(x: JaxArray, positions: readonly number[]): JaxArray {
  const half = x.shape.at(-1)! / 2;
  const angles = positions.flatMap((t) =>
    Array.from({ length: half }, (_, i) => t * Math.pow(10_000, -2 * (i % (half / 2)) / half))
  );
  const table = (of: (angle: number) => number) =>
    constant(Float64Array.from(angles, of), [positions.length, half], x.dtype);
  const [first, second] = np.split(x, 2, -1);
  return np.concatenate([rotate(first, table(Math.cos), table(Math.sin)), second], -1);
}

/** 0 where the query of a row sees the key of a column, [size, before + size]; -1e30 elsewhere. */
function bandOf(size: number, before: number, dtype: JaxDType): JaxArray {
  const hidden = Float32Array.from({ length: size * (before + size) }, (_, at) => {
    const [t, s] = [Math.floor(at / (before + size)), at % (before + size)];
    return s >= t && s <= t + before ? 0 : least;
  });
  return constant(hidden, [size, before + size], dtype);
}

const least = -1e30;

/** Some tokens x [B, C, d] at once. */
function attend(
  { heads, window }: Config,
  params: Params,
  state: State,
  x: JaxArray,
): [State, JaxArray] {
  const [batch, size, width] = x.shape;
  const [each, before] = [width / heads, window - 1];
  const [q, k, v] = np.split(np.matmul(x, params.input), [width, width + each], -1);
  const one = np.ones([batch, size, 1], { dtype: k.dtype });
  const joined = (old: JaxArray, now: JaxArray) =>
    before === 0 ? now : np.concatenate([old, now], 1);
  const [keys, values, seen] = [
    joined(state.keys, k),
    joined(state.values, v),
    joined(state.seen, one),
  ];
  // Only distances count: positions are those of the window.
  const places = Array.from({ length: before + size }, (_, s) => s);
  const queries = turned(
    np.transpose(q.reshape([batch, size, heads, each]), [0, 2, 1, 3]),
    places.slice(before),
  );
  const rows = queries.reshape([batch, heads * size, each]);
  const placed = np.transpose(turned(keys.ref, places), [0, 2, 1]);
  const scores = np.matmul(rows, placed).mul(each ** -0.5)
    .reshape([batch, heads, size, before + size]);
  const empty = seen.ref.sub(1).mul(-least).reshape([batch, 1, 1, before + size]);
  const weights = nn.softmax(scores.add(bandOf(size, before, x.dtype)).add(empty), -1);
  const mixed = np.matmul(weights.reshape([batch, heads * size, before + size]), values.ref)
    .reshape([batch, heads, size, each]);
  const flat = np.transpose(mixed, [0, 2, 1, 3]).reshape([batch, size, width]);
  const last = (all: JaxArray) => np.split(all, [size], 1)[1];
  return [
    { keys: last(keys), values: last(values), seen: last(seen) },
    linear(params.output, flat),
  ];
}

/**
 * Softmax of q_t R_(s - t) k_s / sqrt(e) over the last W tokens, for every head; keys and values are those of all heads. Options: `heads` (the
 * largest number up to 4 that leaves a multiple of four), `window` (W, 32).
 */
export const layer: SequenceLayer<Config, Params, State, JaxArray, JaxArray> = {
  about: {
    name: "local attention",
    paper:
      "De et al., arXiv 2402.19427, section 2.3; one key and value: Shazeer, arXiv 1911.02150, section 3",
    kind: "linear in the state",
    eigenvalues: "0, of a window",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).optional(),
      window: z.number().int().min(2).default(32),
    });
    const given = readOptions("local_attention", schema, options);
    let heads = given.heads ?? 4;
    if (given.heads === undefined) { while (heads > 1 && width % (4 * heads) !== 0) heads--; }
    if (width % (4 * heads) !== 0) {
      throw new RangeError(
        `local_attention options: heads = ${heads}: the width ${width} must be a multiple of 4 heads; choose another number or width`,
      );
    }
    return { width, heads, window: given.window };
  },

  init({ width, heads }, key, gain = 1) {
    const [k1, k2] = random.split(key, 2);
    return {
      input: random.normal(k1, [width, width + 2 * width / heads]).mul(1 / Math.sqrt(width)),
      output: linearInit(k2, width, width, gain),
    };
  },

  initialState({ width, heads, window }, batch) {
    const of = (count: number) => tensor(0, [batch, window - 1, count]);
    return { keys: of(width / heads), values: of(width / heads), seen: of(1) };
  },

  cell(config, params, state, x) {
    const [batch, width] = x.shape;
    const [next, y] = attend(config, params, state, x.reshape([batch, 1, width]));
    return [next, y.reshape([batch, width])];
  },

  parallel: (config, params, x, state) =>
    inChunks(
      (params: Params, state: State, x) => attend(config, params, state, x),
      params,
      state ?? freshState(layer, config, x.shape[0], 0, x.dtype),
      x,
      chunkLength,
    ),
};

/** Tokens of a chunk. */
const chunkLength = 32;
