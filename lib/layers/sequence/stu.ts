/**
 * @file The spectral transform unit: a linear map of filters that nobody learns, the leading eigenvectors of a Hankel matrix, in which every
 * fading impulse response has a short expansion, beside a few learned taps of tokens and outputs.
 */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray, JaxDType } from "../../engine/arrays.ts";
import { scan } from "../../engine/scan.ts";
import { symmetricEigen } from "../../linalg/svd.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { inChunks } from "../chunks.ts";
import { constant } from "../constant.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** L, taps of a filter: what is older is forgotten. */
  readonly length: number;
  /** K filters. */
  readonly filters: number;
  /** Last tokens that are seen as they are. */
  readonly tokens: number;
  /** Last outputs that are seen as they are. */
  readonly outputs: number;
}

/** Maps of the filtered tokens, of the last tokens, the newest first, and of the last outputs, the newest first. */
export type Params = {
  /** [K d, d] */
  spectral: JaxArray;
  /** [tokens d, d] */
  input: JaxArray;
  /** [outputs d, d] */
  past: JaxArray;
};

/** The last tokens, [B, L + 1, d], the newest last, and the last outputs, [B, outputs d], the newest first. */
export type State = { window: JaxArray; past: JaxArray };

const known = new Map<string, readonly Float64Array[]>();

/**
 * The leading eigenvectors of Z_ij = 2 / ((i + j)^3 - (i + j)), i and j from 1, times the fourth root of their eigenvalues, the leading one
 * last; their signs are such that the largest entry is above zero.
 */
export function spectralFilters(length: number, count: number): readonly Float64Array[] {
  const key = `${length} ${count}`;
  let filters = known.get(key);
  if (!filters) {
    const hankel = Float64Array.from({ length: length * length }, (_, at) => {
      const s = Math.floor(at / length) + at % length + 2;
      return 2 / (s ** 3 - s);
    });
    const { values, vectors } = symmetricEigen(hankel, length);
    filters = Array.from({ length: count }, (_, k) => {
      const column = length - count + k;
      const vector = Float64Array.from({ length }, (_, i) => vectors[i * length + column]);
      const largest = vector.reduce((a, b) => Math.abs(b) > Math.abs(a) ? b : a);
      // (Of the last ones only rounding is left, on either side of zero.)
      const scale = Math.sign(largest) * Math.abs(values[column]) ** 0.25;
      return vector.map((v) => scale * v);
    });
    known.set(key, filters);
  }
  return filters;
}

/** All filters at each of some tokens, [size K, L + 1 + size]: they begin two tokens ago. */
function bank({ length, filters: count }: Config, size: number, dtype: JaxDType): JaxArray {
  const filters = spectralFilters(length, count);
  const seen = length + 1 + size;
  const rows = new Float64Array(size * count * seen);
  for (let t = 0; t < size; t++) {
    filters.forEach((filter, k) =>
      filter.forEach((v, lag) => rows[(t * count + k) * seen + length + 1 + t - 2 - lag] = v)
    );
  }
  return constant(rows, [size * count, seen], dtype);
}

/** What some tokens x [B, T, d] add to the outputs. @param window [B, L + 1, d] @returns the next window, and that, [B, T, d] */
function added(
  config: Config,
  { spectral, input }: Pick<Params, "spectral" | "input">,
  window: JaxArray,
  x: JaxArray,
): [JaxArray, JaxArray] {
  const { length, filters, tokens } = config;
  const [batch, size, width] = x.shape;
  const seen = np.concatenate([window, x], 1);
  const count = length + 1 + size;
  const columns = np.transpose(seen.ref, [1, 0, 2]).reshape([count, batch * width]);
  const all = np.matmul(bank(config, size, x.dtype), columns);
  const filtered = np.transpose(all.reshape([size, filters, batch, width]), [2, 0, 1, 3])
    .reshape([batch, size, filters * width]);
  const last = Array.from({ length: tokens }, (_, lag) => {
    const [before, rest] = np.split(seen.ref, [length + 1 - lag], 1);
    before.dispose();
    return np.split(rest, [size], 1)[0];
  });
  const sum = np.matmul(filtered, spectral).add(np.matmul(np.concatenate(last, -1), input));
  return [np.split(seen, [size], 1)[1], sum];
}

/** y = sum + Y (last outputs). @param sum [B, d] @returns the outputs that are now the last, and y [B, d] */
function answered(map: JaxArray, past: JaxArray, sum: JaxArray): [JaxArray, JaxArray] {
  const y = sum.add(np.matmul(past.ref, map));
  const kept = past.shape[1] - y.shape[1];
  const older = kept > 0 ? [np.split(past, [kept], 1)[0]] : [];
  return [np.concatenate([y.ref, ...older], 1), y];
}

/**
 * y_t = sum_k M_k (filter_k * x)_{t-2} + sum_i U_i x_{t-i} + sum_j Y_j y_{t-1-j}. Options: `length` (L, 128), `filters` (K, 16), `tokens` (3),
 * `outputs` (2).
 */
export const layer: SequenceLayer<Config, Params, State, JaxArray, JaxArray> = {
  about: {
    name: "STU",
    paper: "Agarwal et al., arXiv 2312.06837, eq. 4 and algorithm 1",
    kind: "linear map",
    eigenvalues: "0, of a shift; any of the last outputs",
  },

  configure(options, width) {
    const schema = z.strictObject({
      length: z.number().int().min(1).default(128),
      filters: z.number().int().min(1).default(16),
      tokens: z.number().int().min(1).default(3),
      outputs: z.number().int().min(1).default(2),
    }).refine(({ length, filters }) => filters <= length, {
      error: ({ input }) => {
        const { length, filters } = input as Config;
        return `filters = ${filters}: must not be above length = ${length}`;
      },
    }).refine(({ length, tokens }) => tokens <= length + 1, {
      error: ({ input }) => {
        const { length, tokens } = input as Config;
        return `tokens = ${tokens}: must not be above length + 1 = ${length + 1}`;
      },
    });
    return { width, ...readOptions("stu", schema, options) };
  },

  /** Normal maps of tokens, zeros for the rest, as in the authors' code. */
  init({ width, filters, tokens, outputs }, key, gain = 1) {
    return {
      spectral: np.zeros([filters * width, width]),
      input: random.normal(key, [tokens * width, width]).mul(gain / Math.sqrt(width)),
      past: np.zeros([outputs * width, width]),
    };
  },

  initialState: ({ width, length, outputs }, batch) => ({
    window: tensor(0, [batch, length + 1, width]),
    past: tensor(0, [batch, outputs * width]),
  }),

  cell(config, { spectral, input, past: map }, { window, past }, x) {
    const [batch, width] = x.shape;
    const token = x.reshape([batch, 1, width]);
    const [next, sum] = added(config, { spectral, input }, window, token);
    const [last, y] = answered(map, past, sum.reshape([batch, width]));
    return [{ window: next, past: last }, y];
  },

  /** The filters a chunk at a time; only the outputs go token by token. */
  parallel(config, { spectral, input, past: map }, x, state) {
    const [batch, length] = x.shape;
    state ??= freshState(layer, config, batch, length, x.dtype);
    const [window, sums] = inChunks(
      (params: Pick<Params, "spectral" | "input">, window: JaxArray, x: JaxArray) =>
        added(config, params, window, x),
      { spectral, input },
      state.window,
      x,
      chunkLength,
    );
    const [past, ys] = scan(answered, map, state.past, np.transpose(sums, [1, 0, 2]));
    return [{ window, past }, np.transpose(ys, [1, 0, 2])];
  },
};

/** Tokens of a chunk. */
const chunkLength = 32;
