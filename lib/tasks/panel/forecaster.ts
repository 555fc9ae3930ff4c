/** @file What forecasts the series of a panel. */
import type { PanelSeries } from "./series.ts";

/** A forecast in the units of the series. */
export interface PanelForecast {
  /** [horizon] */
  readonly point: Float64Array;
  /** [horizon, levels], row-major; absent where none are asked for. */
  readonly quantiles?: Float64Array;
}

/** A fitted model, or nothing to fit. */
export interface PanelForecaster {
  /** Forecasts the rows from `origin` on from those before it. */
  forecast(series: PanelSeries, origin: number): PanelForecast | Promise<PanelForecast>;
}

/** A forecaster with numbers that its fit determined. */
export interface PanelFit {
  /** For every series of the panel. */
  readonly forecaster: PanelForecaster;
  /** The same in every run. */
  readonly metrics: Readonly<Record<string, number>>;
}
