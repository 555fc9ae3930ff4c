/** @file Windows of a problem's channels: drawn at random for training, and gathered for a model that forecasts. */
import { type Key, uniforms } from "../../random/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Forecaster } from "./forecaster.ts";
import type { Problem } from "./problem.ts";

/**
 * Windows of the training rows, each drawn with the same probability among all channels and origins.
 * @returns x [count, lookback, 1] and the rows that follow, y [count, horizon, 1]
 */
export function drawWindows(
  { channels, split: { train: [from, to] }, lookback, horizon }: Problem,
  key: Key,
  count: number,
): { x: Tensor; y: Tensor } {
  const starts = to - from - lookback - horizon + 1;
  const x = new Float32Array(count * lookback);
  const y = new Float32Array(count * horizon);
  uniforms(key, count).forEach((u, i) => {
    const drawn = Math.floor(u * starts * channels.length);
    const channel = channels[Math.floor(drawn / starts)];
    const start = from + drawn % starts;
    x.set(channel.subarray(start, start + lookback), i * lookback);
    y.set(channel.subarray(start + lookback, start + lookback + horizon), i * horizon);
  });
  return {
    x: { dtype: "float32", shape: [count, lookback, 1], data: x },
    y: { dtype: "float32", shape: [count, horizon, 1], data: y },
  };
}

/** A forecaster of single channels by a map of windows [N, lookback, 1] to [N, horizon, 1]. */
export function windowForecaster(
  lookback: number,
  horizon: number,
  apply: (x: Tensor) => Promise<Tensor>,
): Forecaster {
  return {
    lookback,
    horizon,
    async predict(channel, first, count, out) {
      const data = new Float32Array(count * lookback);
      for (let i = 0; i < count; i++) {
        data.set(channel.subarray(first + i - lookback, first + i), i * lookback);
      }
      const forecast = await apply({ dtype: "float32", shape: [count, lookback, 1], data });
      for (let i = 0; i < count; i++) {
        for (let h = 0; h < horizon; h++) out[h * count + i] = forecast.data[i * horizon + h];
      }
    },
  };
}
