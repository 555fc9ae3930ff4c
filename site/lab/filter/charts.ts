/** @file The two drawings of the page on filtering. */
import * as Plot from "@observablehq/plot";
import { drawn, type Place } from "../drawn.ts";
import { power } from "../power.ts";
import type { Simulated } from "./filter.ts";

/** So many observations can be told apart. */
const SHOWN = 64;

/** What was observed, and what the filter expected of it one step before, with 95 % of what it thought possible. */
export function traceChart(
  { observed, expected, deviation }: Simulated["trace"],
  place: Place,
): string {
  const points = Array.from({ length: Math.min(SHOWN, observed.length) }, (_, t) => ({
    t: t + 2,
    ...{ observed: observed[t], expected: expected[t] },
    ...{ low: expected[t] - 1.96 * deviation[t], high: expected[t] + 1.96 * deviation[t] },
  }));
  const blue = "var(--series-1)";
  return drawn(
    {
      ...{ height: place.width < 500 ? 220 : 260, marginLeft: 34 },
      x: { axis: null },
      y: { axis: null, nice: true },
      marks: [
        Plot.gridY({ ticks: 5 }),
        Plot.axisY({ ticks: 5, tickSize: 0, label: null }),
        Plot.axisX({
          tickSize: 4,
          label: "observation",
          labelAnchor: "center",
          labelArrow: "none",
        }),
        Plot.areaY(points, { x: "t", y1: "low", y2: "high", fill: blue, fillOpacity: 0.18 }),
        Plot.lineY(points, { x: "t", y: "expected", stroke: blue, strokeWidth: 1.75 }),
        Plot.dot(points, { x: "t", y: "observed", r: 2.4, fill: "var(--ink)" }),
      ],
    },
    place,
    "Observations of the first channel, the filter's expectation of each one step before, and its 95 % band",
  );
}

/** One predictor: what was published of it, and what was found here. */
export interface ExcessRow {
  label: string;
  /** Absent where nothing was published. */
  published?: { mean: number; low: number; high: number; systems: number[] };
  /** Absent for what is trained: a page does not do that in a second. */
  here?: number;
}

/** Excess losses on a logarithmic scale, a row a predictor. */
export function excessChart(rows: readonly ExcessRow[], place: Place): string {
  const height = 44;
  const at = new Map(rows.map(({ label }, i) => [label, i * height + 30]));
  const y = ({ label }: { label: string }) => at.get(label)!;
  const systems = rows.flatMap(({ label, published }) =>
    (published?.systems ?? []).filter((value) => value > 0).map((value) => ({ label, value }))
  );
  const means = rows.flatMap(({ label, published }) =>
    published && published.mean > 0 ? [{ label, ...published }] : []
  );
  const here = rows.flatMap(({ label, here }) => here! > 0 ? [{ label, here: here! }] : []);
  // An interval of a mean may reach below zero: on this axis it begins at its least system.
  const least = Math.min(
    ...systems.map(({ value }) => value),
    ...means.map(({ low, mean }) => low > 0 ? low : mean),
    ...here.map(({ here }) => here),
  );
  const greatest = Math.max(
    ...[...systems, ...means].map((d) => "high" in d ? d.high : d.value),
    least,
  );
  const decades = Array.from(
    { length: 25 },
    (_, i) => 10 ** (i - 18),
  ).filter((value) => value > least / 10 && value < 10 * greatest);
  const ticks = decades.filter((_, i) => i % Math.ceil(decades.length * 60 / place.width) === 0);
  const [grey, orange] = ["var(--muted)", "var(--series-2)"];
  return drawn(
    {
      height: rows.length * height + 52,
      marginLeft: 6,
      x: { type: "log", axis: null, nice: true },
      y: { type: "identity", axis: null },
      marks: [
        Plot.gridX({ ticks: decades }),
        Plot.axisX({
          ...{ ticks, tickSize: 0, text: power },
          ...{ label: "loss / Kalman loss − 1", labelAnchor: "center", labelArrow: "none" },
        }),
        Plot.ruleX(systems, {
          ...{ x: "value", y1: (d) => y(d) - 7, y2: (d) => y(d) + 7 },
          ...{ stroke: grey, strokeOpacity: 0.55 },
        }),
        Plot.link(means, {
          ...{ x1: ({ low }) => Math.max(low, least), x2: "high", y1: y, y2: y },
          ...{ stroke: grey, strokeWidth: 5, strokeOpacity: 0.75, strokeLinecap: "butt" },
        }),
        Plot.dot(means, {
          x: "mean",
          y,
          r: 3.5,
          fill: "var(--page)",
          stroke: grey,
          strokeWidth: 1.5,
        }),
        Plot.dot(here, {
          x: "here",
          y,
          r: 6,
          fill: orange,
          stroke: "var(--page)",
          strokeWidth: 1.5,
        }),
        Plot.text(rows, {
          ...{ frameAnchor: "left", textAnchor: "start", y, dy: -15, text: "label" },
          ...{ className: "halo" },
        }),
      ],
    },
    place,
    "Excess loss over the Kalman filter's of each predictor: as published, and of this system",
  );
}
