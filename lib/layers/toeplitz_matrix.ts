/** @file The matrix of a window that a time-invariant map is: one number for each distance between a row and the row it predicts. */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";

/**
 * M[s, h] = response[lookback + h - s]: what row s of the window adds to row h of the forecast.
 * @param response [lookback + horizon], lag 0 first, which no forecast reads; consumed.
 * @returns [lookback, horizon]
 */
export function toeplitzMatrix(response: JaxArray, lookback: number, horizon: number): JaxArray {
  // Repeated lags 1, 2, ..., cut into rows that are one number longer than they are: each row starts one lag later.
  const period = lookback + horizon - 1;
  const [now, lags] = np.split(response, [1], 0);
  now.dispose();
  const repeated = np.broadcastTo(lags.reshape([1, period]), [lookback + 1, period])
    .reshape([(lookback + 1) * period]);
  const [cut, rest] = np.split(repeated, [lookback * (period + 1)], 0);
  rest.dispose();
  const [rows, beyond] = np.split(cut.reshape([lookback, period + 1]), [horizon], 1);
  beyond.dispose();
  return np.flip(rows, 0);
}
