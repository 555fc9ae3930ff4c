/**
 * @file Linear operators at several time scales, for financial series, whose memory is long and coarse: the window is averaged over
 * days, weeks, months, and each scale has a map of its own from its last averages to the forecast. With one average at each of 1, 5
 * and 22 rows it is the heterogeneous autoregression of Corsi (2009).
 *
 * The sum is one matrix of the window, of those that are constant over what a scale averages; least squares over them is its optimum
 * (lib/tasks/forecasting/references/multi_scale.ts).
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../engine/arrays.ts";
import { constant } from "../layers/constant.ts";
import { multiply } from "../linalg/matrix.ts";
import { readOptions } from "../options.ts";
import { fold, keyOf } from "../random/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { collapse, type DeepLinear, endToEnd, init, onDevice } from "./deep_linear.ts";
import type { LinearWindowModel, ModelModule } from "./model.ts";
import { averages, type Scale, scalesSchema } from "./scales.ts";

/** One deep linear map for each scale. */
export type MultiScaleLinear<T> = { operators: DeepLinear<T>[] };

/**
 * Options: `scales` (pairs of `every`, rows in an average, and `lags`, averages that are read; 5 single rows, 4 weeks of 5 and 3
 * months of 22 by default) and `depth` (matrices of every operator, 1). For windows; it takes no layers, and every channel goes
 * through the same maps.
 */
export const model: ModelModule<LinearWindowModel<MultiScaleLinear<JaxArray>>> = {
  configure(options, { signature, layers }) {
    const schema = z.strictObject({
      scales: scalesSchema(),
      depth: z.number().int().min(1).default(1),
    });
    const { scales, depth } = readOptions("multi_scale_linear", schema, options);
    if (signature.kind !== "window") {
      throw new TypeError(
        `multi_scale_linear: a task of ${signature.kind}; it reads windows, choose another model`,
      );
    }
    if (layers.length > 0) {
      throw new RangeError(
        `multi_scale_linear: ${layers.length} layers; it has matrices by its option depth, leave them out`,
      );
    }
    const { lookback, horizon } = signature;
    const reading = scales.map((scale) => ({ scale, rows: averages(scale, lookback) }));
    const shapeOf = ({ lags }: Scale) => ({ lookback: lags, horizon, depth });
    const matrix = ({ operators }: MultiScaleLinear<JaxArray>) =>
      operators.map((operator, i) => {
        const { scale: { lags }, rows } = reading[i];
        const F = constant(rows, [lookback, lags], operator.first.dtype);
        return np.matmul(F, endToEnd(operator));
      }).reduce((sum, part) => sum.add(part));
    return {
      init: (seed) => ({
        operators: scales.map((scale, i) =>
          onDevice(init(fold(keyOf(seed), i), shapeOf(scale), 0.25 / scales.length))
        ),
      }),
      apply(params, x) {
        const [batch, , channels] = x.shape;
        const series = np.transpose(x, [0, 2, 1]).reshape([batch * channels, lookback]);
        const forecast = np.matmul(series, matrix(params));
        return np.transpose(forecast.reshape([batch, channels, horizon]), [0, 2, 1]);
      },
      matrix,
      collapse(params) {
        const { operators } = params as MultiScaleLinear<Tensor>;
        const out = new Float64Array(lookback * horizon);
        operators.forEach((operator, i) => {
          const { scale: { lags }, rows } = reading[i];
          const part = multiply(rows, collapse(operator), lookback, lags, horizon);
          for (let k = 0; k < out.length; k++) out[k] += part[k];
        });
        return out;
      },
    };
  },
};
