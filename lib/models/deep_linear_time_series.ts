/**
 * @file A deep network for time series without activation functions: an encoder of every time by itself (channels to hidden
 * channels), temporal mixing of every hidden channel by itself, a decoder of every time by itself.
 *
 * A window is followed by as many zeros as there are times to come; what the network writes there is the forecast. With mixing that
 * is linear and time-invariant everything between is, too: whatever the depths, the network is one kernel with a number for each
 * distance in time, a Toeplitz map, and least squares over those (lib/tasks/forecasting/references/toeplitz.ts) is its optimum. Hidden
 * channels are no bottleneck of times: one is enough for every kernel of one series.
 */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import { scan } from "../engine/scan.ts";
import { mixing as fourier } from "../layers/mixing/fourier.ts";
import { mixing as linearAttention } from "../layers/mixing/linear_attention.ts";
import type { Mixing } from "../layers/mixing/mixing.ts";
import { mixing as stateSpace } from "../layers/mixing/state_space.ts";
import { mixing as toeplitz } from "../layers/mixing/toeplitz.ts";
import { readOptions } from "../options.ts";
import { inFloat64 } from "./float64.ts";
import { keysFor } from "./keys.ts";
import type { LinearWindowModel, Model, ModelModule } from "./model.ts";
import { toeplitzMatrix } from "../layers/toeplitz_matrix.ts";

/** The ways to mix times. */
export const mixings = {
  toeplitz,
  fourier,
  state_space: stateSpace,
  linear_attention: linearAttention,
} as const satisfies Record<string, unknown>;

/** Parameters; layers of the same shape are stacked along a leading axis. */
export type DeepLinearTimeSeries = {
  /** [channels, width], and [encoder - 1, width, width] */
  encoder: { first: JaxArray; hidden?: JaxArray };
  /** Of all mixing layers: what one of them has, with a leading axis [temporal]. */
  mixing: Arrays;
  /** [decoder - 1, width, width], and [width, channels] */
  decoder: { hidden?: JaxArray; last: JaxArray };
};

const schema = () =>
  z.strictObject({
    /** Hidden channels. */
    width: z.number().int().min(1).default(16),
    /** Matrices from the channels to the last hidden ones. */
    encoder: z.number().int().min(1).default(2),
    /** Mixing layers. */
    temporal: z.number().int().min(1).default(1),
    /** Matrices from hidden channels to the output. */
    decoder: z.number().int().min(1).default(2),
    mixing: z.enum(["toeplitz", "fourier", "state_space", "linear_attention"]).default("toeplitz"),
    /** alpha of h + alpha f(h) around every layer that keeps the shape; 0: nothing around it, f(h). */
    residual: z.number().min(0).default(0.1),
  });

/**
 * Options: `width` (hidden channels, 16), `encoder`, `temporal` and `decoder` (layers: 2, 1, 2), `mixing` (`toeplitz`, `fourier`,
 * `state_space` or `linear_attention`) and `residual` (the weight 0.1 of what a layer adds; 0 for layers without residual). For
 * windows; it takes no layers. Of windows of one channel it is a {@linkcode LinearWindowModel}, unless it mixes by linear attention.
 */
export const model: ModelModule<Model<DeepLinearTimeSeries>> = {
  configure(options, { signature, layers }) {
    const chosen = readOptions("deep_linear_time_series", schema(), options);
    if (signature.kind !== "window") {
      throw new TypeError(
        `deep_linear_time_series: a task of ${signature.kind}; it reads windows, choose another model`,
      );
    }
    if (layers.length > 0) {
      throw new RangeError(
        `deep_linear_time_series: ${layers.length} layers; it mixes times by its option mixing, leave them out`,
      );
    }
    const { lookback, horizon, channels } = signature;
    const { width, encoder, temporal, decoder, residual } = chosen;
    // Each has parameters of its own.
    const mixing = mixings[chosen.mixing] as Mixing<Arrays>;
    const length = lookback + horizon;

    const layer = (f: (h: JaxArray) => JaxArray, h: JaxArray) =>
      residual === 0 ? f(h) : h.ref.add(f(h).mul(residual));
    const matrices = (hidden: JaxArray | undefined, h: JaxArray): JaxArray => {
      if (!hidden) return h;
      const turn = (_: unknown, h: JaxArray, W: JaxArray): [JaxArray, unknown[]] => [
        layer((h) => np.matmul(h, W), h),
        [],
      ];
      return scan(turn, [], h, hidden)[0];
    };
    const mixed = (params: Arrays, h: JaxArray): JaxArray => {
      const turn = (_: unknown, h: JaxArray, params: Arrays): [JaxArray, unknown[]] => [
        layer((h) => mixing.apply(params, h), h),
        [],
      ];
      return scan(turn, [], h, params)[0];
    };
    /** What comes out at the times to come, or at all of them, of x [B, known, channels]. */
    const through = (params: DeepLinearTimeSeries, x: JaxArray, all: boolean): JaxArray => {
      const known = x.shape[1];
      // Zeros stay zeros in an encoder without biases.
      const h = matrices(params.encoder.hidden, np.matmul(x, params.encoder.first));
      const padded = np.pad(h, [[0, 0], [0, length - known], [0, 0]]);
      const whole = mixed(params.mixing, padded);
      const [window, coming] = all ? [undefined, whole] : np.split(whole, [lookback], 1);
      window?.dispose();
      return np.matmul(matrices(params.decoder.hidden, coming), params.decoder.last);
    };

    const plain: Model<DeepLinearTimeSeries> = {
      init(seed) {
        const [first, below, mix, above, last] = keysFor(random.key(seed), 5);
        const square = (key: JaxArray, count: number) =>
          count === 0 ? undefined : squares(key, count, width, residual > 0);
        const keys = keysFor(mix, temporal);
        return {
          encoder: {
            first: random.normal(first, [channels, width]).mul(1 / Math.sqrt(channels)),
            ...present({ hidden: square(below, encoder - 1) }),
          },
          mixing: stacked(keys.map((key) => mixing.init({ channels: width, length }, key))),
          decoder: {
            ...present({ hidden: square(above, decoder - 1) }),
            last: random.normal(last, [width, channels]).mul(0.25 / width),
          },
        };
      },
      apply: (params, x) => through(params, x, false),
    };
    if (channels > 1 || mixing.about.kind === "nonlinear") return plain;
    /** The kernel, from one impulse: whatever mixes wraps around where the zeros are. */
    const matrix = (params: DeepLinearTimeSeries) => {
      const impulse = np.ones([1, 1, 1]).astype(params.encoder.first.dtype);
      const response = through(params, impulse, true).reshape([length]);
      return toeplitzMatrix(response, lookback, horizon);
    };
    const linear: LinearWindowModel<DeepLinearTimeSeries> = {
      ...plain,
      matrix,
      collapse: (params) => inFloat64(matrix, params),
    };
    return linear;
  },
};

/**
 * Square layers [count, width, width]: what residual layers add is noise; without residual they start as the identity, which is
 * balanced, since a product of noise would lose most of its directions.
 */
function squares(key: JaxArray, count: number, width: number, residual: boolean): JaxArray {
  if (residual) return random.normal(key, [count, width, width]).mul(1 / Math.sqrt(width));
  key.dispose();
  return np.broadcastTo(np.eye(width).reshape([1, width, width]), [count, width, width]);
}

const present = <T extends object>(entries: T) =>
  Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as T;

/** Parameters of layers of one kind, with a leading axis. */
function stacked(layers: Arrays[]): Arrays {
  const [first] = layers;
  return Object.fromEntries(
    Object.keys(first).map((name) => [
      name,
      np.stack(layers.map((layer) => (layer as Record<string, JaxArray>)[name])),
    ]),
  );
}
