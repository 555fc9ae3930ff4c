/**
 * @file The deep linear network: a product of matrices and nothing between them. Whatever its depth
 * it computes one matrix; depth changes only the path that training takes to it.
 *
 * Balanced initialisation (Arora, Cohen, Golowich, Hu, "A Convergence Analysis of Gradient Descent for
 * Deep Linear Neural Networks", arXiv 1810.02281, Procedure 1): draw the end-to-end matrix
 * A = U S V', give every layer the N-th root of S, the first one U, the last one V'. Then
 * W_l' W_l = W_{l+1} W_{l+1}' (for rows times matrices), which gradient flow conserves.
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../engine/arrays.ts";
import { scan } from "../engine/scan.ts";
import { multiply } from "../linalg/matrix.ts";
import { readOptions } from "../options.ts";
import { type Key, keyOf } from "../random/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type InitialisationName, initialisationNames, initialised } from "./initialisations.ts";
import type { LinearWindowModel, ModelModule } from "./model.ts";

/**
 * Options: `depth` (matrices, 1), `width` (between them, min(lookback, horizon)) `scale` (singular values of the product
 * at the start, 0.25) and `initialisation` ("balanced"; see initialisations.ts). For windows; it takes no layers, and every channel goes through the same matrices.
 */
export const model: ModelModule<LinearWindowModel<DeepLinear<JaxArray>>> = {
  configure(options, { signature, layers }) {
    const schema = z.strictObject({
      /** Number of matrices. */
      depth: z.number().int().min(1).default(1),
      /** See {@linkcode DeepLinearShape}. */
      width: z.number().int().min(1).optional(),
      /** Singular values of the product at the start; 0.25: a forecast shrunk towards the mean. */
      scale: z.number().gt(0).default(0.25),
      /** How the layers start. */
      initialisation: z.enum(initialisationNames).default("balanced"),
    });
    const { scale, initialisation, ...chosen } = readOptions("deep_linear", schema, options);
    if (signature.kind !== "window") {
      throw new TypeError(
        `deep_linear: a task of ${signature.kind}; it reads windows, choose another model`,
      );
    }
    if (layers.length > 0) {
      throw new RangeError(
        `deep_linear: ${layers.length} layers; it has matrices by its option depth, leave them out`,
      );
    }
    const { lookback, horizon } = signature;
    const shape = { lookback, horizon, ...chosen };
    widthOf(shape);
    return {
      init: (seed) => onDevice(init(keyOf(seed), shape, scale, initialisation)),
      apply(params, x) {
        const [batch, , channels] = x.shape;
        const series = np.transpose(x, [0, 2, 1]).reshape([batch * channels, lookback]);
        return np.transpose(apply(params, series).reshape([batch, channels, horizon]), [0, 2, 1]);
      },
      matrix: endToEnd,
      collapse,
    };
  },
};

/** The layers as arrays of jax-js. */
export function onDevice(layers: DeepLinear<Tensor>): DeepLinear<JaxArray> {
  const array = ({ data, shape }: Tensor) =>
    np.array(Float32Array.from(data), { shape: [...shape] });
  const params: DeepLinear<JaxArray> = { first: array(layers.first) };
  if (layers.hidden) params.hidden = array(layers.hidden);
  if (layers.last) params.last = array(layers.last);
  return params;
}

/**
 * Layers of a network from `lookback` to `horizon`. The square layers are stacked, so that the
 * optimiser's work on 48 of them is one kernel and not 48. Depth 1 has `first` only, shape
 * [lookback, horizon].
 */
export type DeepLinear<T> = {
  /** [lookback, width] */
  first: T;
  /** [depth - 2, width, width] */
  hidden?: T;
  /** [width, horizon] */
  last?: T;
};

/** Sizes of a network from a window to its forecast. */
export interface DeepLinearShape {
  /** Rows of the window that goes in. */
  lookback: number;
  /** Rows of the forecast that comes out. */
  horizon: number;
  /** Number of matrices. */
  depth: number;
  /**
   * Units between the layers; min(lookback, horizon) by default, the fewest that leave every matrix
   * in reach. Fewer are a bottleneck. More cannot be balanced: the rank of the product is at most
   * min(lookback, horizon), so the layers between would need dead units.
   */
  width?: number;
}

/** The width in force. @throws RangeError outside 1 to min(lookback, horizon). */
export function widthOf({ lookback, horizon, depth, width }: DeepLinearShape): number {
  if (!Number.isInteger(depth) || depth < 1) {
    throw new RangeError(`depth ${depth}: expected a whole number of layers, at least 1.`);
  }
  const most = Math.min(lookback, horizon);
  const w = width ?? most;
  if (!Number.isInteger(w) || w < 1 || w > most) {
    throw new RangeError(
      `width ${w}: expected 1 to min(lookback, horizon) = ${most}; wider layers cannot be balanced.`,
    );
  }
  return w;
}

/**
 * Fresh layers. Balanced ones have a product that is `scale` times a random partial isometry: all its singular values are `scale`. Equal
 * ones keep the network's preconditioner (Arora et al. 2018, claim 1) a multiple of the identity at the start, whatever the depth; a Gaussian
 * product of 50 layers would start with most of its singular values at zero, where gradients vanish.
 * @param scale of balanced layers, 0.25: a forecast shrunk towards the mean.
 */
export function init(
  key: Key,
  shape: DeepLinearShape,
  scale = 0.25,
  initialisation: InitialisationName = "balanced",
): DeepLinear<Tensor> {
  const { lookback, horizon, depth } = shape;
  const width = widthOf(shape);
  const sizes = depth === 1
    ? [lookback, horizon]
    : [lookback, ...Array<number>(depth - 1).fill(width), horizon];
  return stacked(sizes, initialised(initialisation, key, sizes, { scale }));
}

/** Layers one by one, of equal widths between the ends, as the network holds them. @param sizes widths from input to output */
export function stacked(
  sizes: readonly number[],
  layers: readonly Float64Array[],
): DeepLinear<Tensor> {
  const depth = layers.length;
  const first = float32(layers[0], [sizes[0], sizes[1]]);
  if (depth === 1) return { first };
  const width = sizes[1];
  const last = float32(layers[depth - 1], [width, sizes[depth]]);
  if (depth === 2) return { first, last };
  const hidden = new Float64Array((depth - 2) * width * width);
  layers.slice(1, -1).forEach((W, l) => hidden.set(W, l * width * width));
  return { first, hidden: float32(hidden, [depth - 2, width, width]), last };
}

/** The network's output [batch, horizon] for windows x [batch, lookback]. */
export function apply({ first, hidden, last }: DeepLinear<JaxArray>, x: JaxArray): JaxArray {
  return after(through(np.matmul(x, first), hidden), last);
}

/**
 * The product of all layers, [lookback, horizon]. It is formed from its narrow side, which costs
 * width^2 min(lookback, horizon) a layer.
 */
export function endToEnd({ first, hidden, last }: DeepLinear<JaxArray>): JaxArray {
  const [lookback] = first.shape;
  const horizon = last?.shape[1] ?? first.shape[1];
  if (lookback < horizon || !hidden || !last) return after(through(first, hidden), last);
  const fromBelow = (_: unknown, product: JaxArray, W: JaxArray): [JaxArray, unknown[]] => [
    np.matmul(W, product),
    [],
  ];
  const [product] = scan(fromBelow, [], last, hidden, { reverse: true });
  return np.matmul(first, product);
}

/** x [batch, width] through the layers between the ends. */
function through(x: JaxArray, hidden: JaxArray | undefined): JaxArray {
  if (!hidden) return x;
  const layer = (_: unknown, x: JaxArray, W: JaxArray): [JaxArray, unknown[]] => [
    np.matmul(x, W),
    [],
  ];
  return scan(layer, [], x, hidden)[0];
}

const after = (x: JaxArray, last: JaxArray | undefined) => last ? np.matmul(x, last) : x;

/** The product of all layers in float64, [lookback, horizon]: the network as it is used. Formed from its narrow side, too. */
export function collapse({ first, hidden, last }: DeepLinear<Tensor>): Float64Array {
  const [lookback, width] = first.shape;
  const horizon = last?.shape[1] ?? width;
  const size = width * width, depth = hidden?.shape[0] ?? 0;
  const layer = (l: number) => Float64Array.from(hidden!.data.subarray(l * size, (l + 1) * size));
  let product = Float64Array.from(first.data);
  if (!last) return product;
  if (lookback < horizon) {
    for (let l = 0; l < depth; l++) product = multiply(product, layer(l), lookback, width, width);
    return multiply(product, Float64Array.from(last.data), lookback, width, horizon);
  }
  let after = Float64Array.from(last.data);
  for (let l = depth - 1; l >= 0; l--) after = multiply(layer(l), after, width, width, horizon);
  return multiply(product, after, lookback, width, horizon);
}

function float32(values: Float64Array, shape: number[]): Tensor {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}
