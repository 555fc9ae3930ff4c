/**
 * @file The linear forecasters that the literature compares with, as they are trained there: DLinear and NLinear (Zeng et al., arXiv
 * 2205.13504, section 4) and RLinear (Li et al., arXiv 2305.10721). All are one affine map of a window but for what is done to
 * the window before and to the forecast after it; every channel goes through the same map.
 *
 * - `dlinear`: y = W_s'(x - A x) + W_t' A x + b, with A the moving average whose ends repeat the first and the last value
 * - `nlinear`: y = W'(x - last(x)) + b + last(x)
 * - `rlinear`: y = s (W'(x - mean(x)) / s + b) + mean(x), s = sqrt(var(x) + 1e-5); the affine parameters of its normalisation are left
 *   out, because before an affine map they change nothing that it can compute
 */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../engine/arrays.ts";
import { linear, linearInit, type LinearParams } from "../layers/linear.ts";
import { constant } from "../layers/constant.ts";
import { readOptions } from "../options.ts";
import { keysFor } from "./keys.ts";
import type { Model, ModelModule } from "./model.ts";

const EPSILON = 1e-5;
/** Uniform weights within 1 / sqrt(lookback), as published code draws them, have a third of the variance of normal ones. */
const GAIN = 1 / Math.sqrt(3);

/** One map of the window, or two: of what is left of the moving average, and of that. */
export type WindowLinearParams = { map: LinearParams; trend?: LinearParams };

/** [lookback, lookback]: x A is the moving average of the rows of x, with ends repeated. */
export function movingAverage(lookback: number, kernel: number): Float64Array {
  const A = new Float64Array(lookback * lookback);
  const half = (kernel - 1) / 2;
  for (let t = 0; t < lookback; t++) {
    for (let k = -half; k <= half; k++) {
      const from = Math.min(lookback - 1, Math.max(0, t + k));
      A[from * lookback + t] += 1 / kernel;
    }
  }
  return A;
}

/** Options: `form`, and `kernel` of DLinear's moving average (25, odd). For windows; it takes no layers. */
export const model: ModelModule<Model<WindowLinearParams>> = {
  configure(options, { signature, layers }) {
    const schema = z.strictObject({
      form: z.enum(["dlinear", "nlinear", "rlinear"]),
      kernel: z.number().int().min(1).default(25).refine((kernel) => kernel % 2 === 1, {
        message: "expected an odd number of rows",
      }),
    });
    const { form, kernel } = readOptions("window_linear", schema, options);
    if (signature.kind !== "window") {
      throw new TypeError(
        `window_linear: a task of ${signature.kind}; it reads windows, choose another model`,
      );
    }
    if (layers.length > 0) {
      throw new RangeError(
        `window_linear: ${layers.length} layers; it is one affine map, leave them out`,
      );
    }
    const { lookback, horizon } = signature;
    const average = form === "dlinear" ? movingAverage(lookback, kernel) : undefined;
    const map = (params: WindowLinearParams, x: JaxArray): JaxArray => {
      if (average) {
        const A = constant(Float64Array.from(average), [lookback, lookback], x.dtype);
        const trend = np.matmul(x.ref, A);
        return linear(params.map, x.sub(trend.ref)).add(linear(params.trend!, trend));
      }
      if (form === "nlinear") {
        const last = x.ref.slice([], [lookback - 1, lookback]);
        return linear(params.map, x.sub(last.ref)).add(last);
      }
      const mean = np.mean(x.ref, 1, { keepdims: true });
      const centred = x.sub(mean.ref);
      const variance = np.mean(centred.ref.mul(centred.ref), 1, { keepdims: true });
      const spread = np.sqrt(variance.add(EPSILON));
      return linear(params.map, centred.div(spread.ref)).mul(spread).add(mean);
    };
    return {
      init(seed) {
        const keys = keysFor(random.key(seed), average ? 2 : 1);
        const [map, trend] = keys.map((key) => linearInit(key, lookback, horizon, GAIN));
        return average ? { map, trend } : { map };
      },
      apply(params, x) {
        const [batch, , channels] = x.shape;
        const series = np.transpose(x, [0, 2, 1]).reshape([batch * channels, lookback]);
        const forecast = map(params, series).reshape([batch, channels, horizon]);
        return np.transpose(forecast, [0, 2, 1]);
      },
    };
  },
};
