/**
 * @file Forecasts that repeat the last rows, once or season by season, with the quantiles that statsforecast gives them (Hyndman and
 * Athanasopoulos, Forecasting: Principles and Practice, section 5.5): normal, with the spread of the errors of such forecasts in the
 * past, which grows with the root of the number of repetitions.
 */
import { normalQuantile } from "../../random/normal.ts";
import type { PanelForecaster } from "./forecaster.ts";
import { type Panel, requireHistory } from "./series.ts";

/** Repeats the last `period` rows. @param recent rows before the origin that the spread is measured on, all of them by default */
export function repeating(panel: Panel, period: number, recent = Infinity): PanelForecaster {
  requireHistory(panel, period + 1, `repeating ${period} of them`);
  const { horizon, levels } = panel;
  const z = levels.map(normalQuantile);
  return {
    forecast({ values }, origin) {
      const point = Float64Array.from(
        { length: horizon },
        (_, h) => values[origin - period + h % period],
      );
      if (levels.length === 0) return { point };
      const first = Math.max(0, origin - recent) + period;
      let squares = 0;
      for (let i = first; i < origin; i++) squares += (values[i] - values[i - period]) ** 2;
      const sigma = Math.sqrt(squares / (origin - first));
      const quantiles = new Float64Array(horizon * z.length);
      point.forEach((value, h) => {
        const spread = sigma * Math.sqrt(Math.floor(h / period) + 1);
        z.forEach((at, q) => quantiles[h * z.length + q] = value + at * spread);
      });
      return { point, quantiles };
    },
  };
}
