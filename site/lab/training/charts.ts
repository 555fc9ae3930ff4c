/** @file The two drawings of the page on training: the loss over the steps, and eigenvalues in the unit disc. */
import * as Plot from "@observablehq/plot";
import { drawn, type Place } from "../drawn.ts";
import { power } from "../power.ts";
import type { Complex, Moment } from "./training.ts";

const [blue, orange] = ["var(--series-1)", "var(--series-2)"];

/** Excess losses on a logarithmic scale, below that of predicting zero. */
export function lossChart(
  moments: readonly Moment[],
  zero: number,
  steps: number,
  place: Place,
): string {
  const seen = moments.filter(({ excess }) => excess > 0);
  const values = [zero, ...seen.map(({ excess }) => excess)];
  const [least, most] = [Math.min(...values), Math.max(...values)].map(Math.log10);
  const [from, to] = [Math.floor(Math.min(least, most - 1)), Math.ceil(most)];
  const decades = Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
  return drawn(
    {
      ...{ height: 260, marginLeft: 40, marginRight: 14 },
      x: { axis: null, domain: [0, steps] },
      y: { type: "log", axis: null, domain: [10 ** from, 10 ** to] },
      marks: [
        Plot.gridY({ ticks: decades }),
        Plot.axisY({ ticks: decades, tickSize: 0, text: power, label: null }),
        Plot.axisX({
          ticks: 5,
          tickSize: 4,
          label: "step",
          labelAnchor: "center",
          labelArrow: "none",
        }),
        Plot.ruleY([zero], { stroke: "var(--muted)", strokeDasharray: "3 3" }),
        Plot.text([zero], {
          ...{ y: (y: number) => y, frameAnchor: "right", textAnchor: "end", dy: -8 },
          ...{ text: ["predicting zero"], className: "halo reference-label" },
        }),
        Plot.lineY(seen, { x: "step", y: "excess", stroke: orange, strokeWidth: 2 }),
        Plot.dot(seen.slice(-1), { x: "step", y: "excess", r: 4.5, fill: orange }),
      ],
    },
    place,
    "Excess loss over the Kalman filter's at each step, on a logarithmic scale",
  );
}

/** The upper half of the disc: where eigenvalues are, where they came from, and those of the filter. */
export function discChart(
  moments: readonly Moment[],
  filter: readonly Complex[],
  place: Place,
): string {
  const circle = Array.from({ length: 91 }, (_, i) => {
    const angle = Math.PI * i / 90;
    return { re: Math.cos(angle), im: Math.sin(angle) };
  });
  const trails = moments.flatMap(({ eigenvalues }) =>
    eigenvalues.map(([re, im], i) => ({ re, im, i: String(i) }))
  );
  const now = moments.slice(-1).flatMap(({ eigenvalues }) => eigenvalues);
  const margins = 34;
  return drawn(
    {
      ...{ height: (place.width - margins) * 1.16 / 2.16 + 52, marginLeft: 20, marginRight: 14 },
      x: { axis: null, domain: [-1.08, 1.08] },
      y: { axis: null, domain: [-0.08, 1.08] },
      marks: [
        Plot.axisX({ ticks: [-1, -0.5, 0, 0.5, 1], tickSize: 4, label: null }),
        Plot.ruleY([0], { stroke: "var(--line)" }),
        Plot.ruleX([0], { stroke: "var(--line)", y1: 0, y2: 1 }),
        Plot.line(circle, { x: "re", y: "im", stroke: "var(--muted)" }),
        Plot.line(trails, { x: "re", y: "im", z: "i", stroke: orange, strokeOpacity: 0.5 }),
        Plot.dot(filter, {
          ...{ x: "0", y: "1", r: 7, stroke: blue, strokeWidth: 2 },
        }),
        Plot.dot(now, { x: "0", y: "1", r: 4.5, fill: orange, stroke: "var(--page)" }),
      ],
    },
    place,
    "The upper half of the unit disc with the eigenvalues of the recurrence and of the filter",
  );
}
