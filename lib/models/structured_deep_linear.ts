/**
 * @file A deep linear network whose layers are structured d x d matrices with far fewer than d^2 numbers: Monarch (2 d^1.5 for square
 * blocks) or butterfly (2 d log2 d) matrices. Window and forecast are the last rows of a vector of d numbers, so that the identity
 * repeats the end of the window.
 *
 * A product of enough of them is any matrix; its optimum is least squares.
 */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../engine/arrays.ts";
import { scan } from "../engine/scan.ts";
import { butterfly, butterflyFactors } from "../layers/butterfly.ts";
import { monarch } from "../layers/monarch.ts";
import { readOptions } from "../options.ts";
import { inFloat64 } from "./float64.ts";
import { keysFor } from "./keys.ts";
import type { LinearWindowModel, ModelModule } from "./model.ts";

/** All layers, along a leading axis [depth]; see lib/layers/monarch.ts and butterfly.ts. */
export type StructuredDeepLinear =
  | { l: JaxArray; r: JaxArray }
  | { factors: JaxArray };

const schema = () =>
  z.strictObject({
    /** Layers. */
    depth: z.number().int().min(1).default(16),
    factor: z.enum(["monarch", "butterfly"]).default("monarch"),
    /** d, a power of two; the least that holds window and forecast when left out. */
    size: z.number().int().min(2).optional(),
    /** Deviation from the identity of the whole network at the start. */
    noise: z.number().min(0).default(0.1),
  });

/** Sizes of the blocks of a Monarch matrix of d = blocks * size numbers, as square as powers of two can be. */
export function monarchShape(width: number): { blocks: number; size: number } {
  const blocks = 2 ** Math.floor(butterflyFactors(width) / 2);
  return { blocks, size: width / blocks };
}

/**
 * Options: `depth` (layers, 16), `factor` (`monarch` or `butterfly`), `size` (d, a power of two) and `noise` (0.1). For windows; it
 * takes no layers, and every channel goes through the same layers.
 */
export const model: ModelModule<LinearWindowModel<StructuredDeepLinear>> = {
  configure(options, { signature, layers }) {
    const { depth, factor, noise, size } = readOptions("structured_deep_linear", schema(), options);
    if (signature.kind !== "window") {
      throw new TypeError(
        `structured_deep_linear: a task of ${signature.kind}; it reads windows, choose another model`,
      );
    }
    if (layers.length > 0) {
      throw new RangeError(
        `structured_deep_linear: ${layers.length} layers; it has its own by its option depth, leave them out`,
      );
    }
    const { lookback, horizon } = signature;
    const least = Math.max(lookback, horizon, 2);
    const width = size ?? 2 ** Math.ceil(Math.log2(least));
    if (width < least || !Number.isInteger(Math.log2(width))) {
      throw new RangeError(
        `structured_deep_linear: size = ${width}: expected a power of two, at least max(lookback, horizon, 2) = ${least}`,
      );
    }
    const factors = butterflyFactors(width);
    const { blocks, size: block } = monarchShape(width);
    type Layer = (params: StructuredDeepLinear, x: JaxArray) => JaxArray;
    const one: Layer = (params, x) =>
      "l" in params ? monarch(params, x) : butterfly(params.factors, x);
    /** x [N, lookback] to [N, horizon]. */
    const through = (params: StructuredDeepLinear, x: JaxArray): JaxArray => {
      const padded = np.pad(x, [[0, 0], [width - lookback, 0]]);
      const turn = (
        _: unknown,
        h: JaxArray,
        params: StructuredDeepLinear,
      ): [JaxArray, unknown[]] => [one(params, h), []];
      const y = scan(turn, [], padded, params)[0];
      if (width === horizon) return y;
      const [rest, forecast] = np.split(y, [width - horizon], 1);
      rest.dispose();
      return forecast;
    };
    const matrix = (params: StructuredDeepLinear) => {
      const { dtype } = "l" in params ? params.l : params.factors;
      return through(params, np.eye(lookback).astype(dtype));
    };
    return {
      init(seed) {
        const keys = keysFor(random.key(seed), factor === "monarch" ? 2 : 1);
        const near = (key: JaxArray, identity: JaxArray, inputs: number, of: number) => {
          const shape = [depth, ...identity.shape];
          const small = noise / Math.sqrt(depth * of * inputs);
          return random.normal(key, shape).mul(small).add(identity);
        };
        if (factor === "monarch") {
          const eyes = (count: number, n: number) =>
            np.broadcastTo(np.eye(n).reshape([1, n, n]), [count, n, n]);
          return {
            l: near(keys[0], eyes(blocks, block), block, 2),
            r: near(keys[1], eyes(block, blocks), blocks, 2),
          };
        }
        const unit = np.array(Float32Array.of(1, 0), { shape: [1, 2, 1] });
        const identity = np.broadcastTo(unit, [factors, 2, width]);
        return { factors: near(keys[0], identity, 2, factors) };
      },
      apply(params, x) {
        const [batch, , channels] = x.shape;
        const series = np.transpose(x, [0, 2, 1]).reshape([batch * channels, lookback]);
        const forecast = through(params, series).reshape([batch, channels, horizon]);
        return np.transpose(forecast, [0, 2, 1]);
      },
      matrix,
      collapse: (params) => inFloat64(matrix, params),
    };
  },
};
