/**
 * @file Scores of forecasts that can be averaged over series of any scale: MASE (Hyndman and Koehler 2006), the scaled quantile loss
 * (SQL, arXiv 2509.26468, section 4) and sMAPE as in the M4 competition (Makridakis et al. 2020, eq. 1).
 */
import type { PanelForecaster } from "./forecaster.ts";
import { originsOf, type Panel, requireHistory } from "./series.ts";

/** Means over series and horizon. */
export interface WindowScores {
  /** Absolute error over that of the seasonal naive forecast within the rows before the origin. */
  mase: number;
  /** Percent. */
  smape: number;
  /** Twice the quantile loss, over the same errors, mean over levels; absent without levels. */
  sql?: number;
}

/** Scores of a forecaster. */
export interface PanelScores extends WindowScores {
  /** The same of each origin, over all series. */
  windows: WindowScores[];
  /** MASE of each series, over all origins. */
  series: number[];
}

/** Mean absolute difference of rows that are one season apart. @throws {RangeError} for fewer rows than that. */
export function seasonalError(values: Float64Array, season: number): number {
  if (values.length <= season) {
    throw new RangeError(`${values.length} rows have no difference over a season of ${season}.`);
  }
  let sum = 0;
  for (let i = season; i < values.length; i++) sum += Math.abs(values[i] - values[i - season]);
  return sum / (values.length - season);
}

/**
 * Scores every forecast of a panel.
 * @throws {RangeError} for a forecaster without the quantiles that the panel asks for, and for a series that never differs from its
 *   seasonal naive forecast, which nothing can be scaled by.
 */
export async function scorePanel(panel: Panel, forecaster: PanelForecaster): Promise<PanelScores> {
  const { series, season, horizon, windows: count, levels } = panel;
  requireHistory(panel, season + 1, `a season of ${season}`);
  const windows: WindowScores[] = [];
  const own = new Float64Array(series.length);
  for (let w = 0; w < count; w++) {
    const total = { mase: 0, smape: 0, sql: 0 };
    for (const [s, one] of series.entries()) {
      const origin = originsOf(panel, one)[w];
      const scale = seasonalError(one.values.subarray(0, origin), season);
      if (!(scale > 0)) {
        throw new RangeError(
          `series ${one.name} repeats its season of ${season} exactly before row ${origin}: its errors cannot be scaled.`,
        );
      }
      const { point, quantiles } = await forecaster.forecast(one, origin);
      if (levels.length > 0 && quantiles?.length !== horizon * levels.length) {
        throw new RangeError(
          `series ${one.name}: ${
            quantiles?.length ?? 0
          } quantiles, expected ${horizon} x ${levels.length}.`,
        );
      }
      for (let h = 0; h < horizon; h++) {
        const actual = one.values[origin + h];
        const error = Math.abs(actual - point[h]);
        total.mase += error / scale;
        own[s] += error / scale / (horizon * count);
        const size = Math.abs(actual) + Math.abs(point[h]);
        if (size > 0) total.smape += 200 * error / size;
        levels.forEach((level, q) => {
          const off = actual - quantiles![h * levels.length + q];
          total.sql += 2 * Math.max(level * off, (level - 1) * off) / scale / levels.length;
        });
      }
    }
    const share = 1 / (series.length * horizon);
    windows.push({
      mase: total.mase * share,
      smape: total.smape * share,
      ...(levels.length > 0 ? { sql: total.sql * share } : {}),
    });
  }
  const mean = (of: (scores: WindowScores) => number) =>
    windows.reduce((sum, scores) => sum + of(scores), 0) / count;
  return {
    mase: mean(({ mase }) => mase),
    smape: mean(({ smape }) => smape),
    ...(levels.length > 0 ? { sql: mean(({ sql }) => sql!) } : {}),
    windows,
    series: Array.from(own),
  };
}
