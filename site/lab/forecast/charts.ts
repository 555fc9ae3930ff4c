/** @file The two drawings of the page on forecasting, one above the other with one axis of time. */
import * as Plot from "@observablehq/plot";
import { drawn, type Place } from "../drawn.ts";
import type { Column, Found } from "./forecast.ts";

type Times = Pick<Found, "dated" | "pastTimes" | "times" | "inputTexts" | "horizon">;

const axes = ({ dated, pastTimes, times }: Times, marginLeft: number) => ({
  marginLeft,
  x: {
    type: dated ? "utc" as const : "linear" as const,
    axis: null,
    domain: [pastTimes[0], times[times.length - 1]].map((time) => dated ? new Date(time) : time),
  },
});

/** Room for the widest of the values at the left axis. */
function marginOf(column: Column): number {
  const values = [...column.past, ...column.low, ...column.high];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const digits = Math.max(...[low, high, (high - low) / 5].map((v) => short(v).length));
  return 16 + 7.2 * Math.min(9, digits);
}

const short = (value: number) =>
  Number(value.toPrecision(4)).toLocaleString("en").replace("-", "−");

/** The last rows, the forecast and its interval; a line at the step that is taken apart. */
export function forecastChart(column: Column, times: Times, step: number, place: Place): string {
  const at = (time: number) => times.dated ? new Date(time) : time;
  const { past, point, low, high } = column;
  const history = Array.from(past, (y, i) => ({ x: at(times.pastTimes[i]), y }));
  const future = Array.from(point, (y, h) => ({
    x: at(times.times[h]),
    ...{ y, low: low[h], high: high[h] },
  }));
  const [blue, orange] = ["var(--series-1)", "var(--series-2)"];
  const last = history[history.length - 1];
  return drawn(
    {
      ...axes(times, marginOf(column)),
      height: place.width < 500 ? 230 : 280,
      y: { axis: null, nice: true },
      marks: [
        Plot.gridY({ ticks: 5 }),
        Plot.axisY({ ticks: 5, tickSize: 0, label: null }),
        Plot.axisX({ ticks: place.width / 110, tickSize: 4, label: times.dated ? null : "row" }),
        Plot.ruleX([future[step]], { x: "x", stroke: "var(--muted)", strokeDasharray: "2 3" }),
        Plot.areaY(future, { x: "x", y1: "low", y2: "high", fill: orange, fillOpacity: 0.22 }),
        Plot.lineY(history, { x: "x", y: "y", stroke: blue, strokeWidth: 1.5 }),
        // From the last row on, or the line would start in the air.
        Plot.lineY([last, ...future], { x: "x", y: "y", stroke: orange, strokeWidth: 2 }),
        Plot.dot([future[step]], { x: "x", y: "y", r: 4.5, fill: orange, stroke: "var(--page)" }),
      ],
    },
    place,
    `${column.name}: the last ${past.length} rows, and ${point.length} rows of forecast with intervals`,
  );
}

/** What each of the inputs adds to one step, below the rows that they are. */
export function addsChart(column: Column, times: Times, step: number, place: Place): string {
  const at = (time: number) => times.dated ? new Date(time) : time;
  const inputs = times.inputTexts.length;
  const from = times.pastTimes.length - inputs;
  const bars = Array.from({ length: inputs }, (_, l) => ({
    x: at(times.pastTimes[from + l]),
    adds: column.adds[l * times.horizon + step],
  }));
  const wide = (place.width - marginOf(column)) / (times.pastTimes.length + times.horizon);
  return drawn(
    {
      ...axes(times, marginOf(column)),
      height: place.width < 500 ? 130 : 150,
      y: { axis: null, nice: true },
      marks: [
        Plot.gridY({ ticks: 3 }),
        Plot.axisY({ ticks: 3, tickSize: 0, label: null }),
        Plot.axisX({ ticks: place.width / 110, tickSize: 4, label: times.dated ? null : "row" }),
        Plot.ruleY([0], { stroke: "var(--muted)" }),
        Plot.ruleX(bars, {
          ...{ x: "x", y1: 0, y2: "adds", strokeWidth: Math.max(1, 0.75 * wide) },
          stroke: ({ adds }) => adds < 0 ? "var(--series-2)" : "var(--series-1)",
        }),
      ],
    },
    place,
    `What each of the last ${inputs} rows adds to step ${
      step + 1
    } of the forecast of ${column.name}`,
  );
}
