/** @file The two drawings of the page on training: the loss over the steps, and eigenvalues in the unit disc. */
import * as Plot from "@observablehq/plot";
import { drawn, type Place } from "../drawn.ts";
import { power } from "../power.ts";
import type { Moment, Start } from "./training.ts";

const [blue, orange, violet] = ["var(--series-1)", "var(--series-2)", "var(--series-4)"];
/** Of the eigenvalues after each symbol. */
const COLOURS = [orange, violet];

/** What a loss is of, and what it is of who has learned nothing. */
export interface Scale {
  floor: number;
  /** What that is. */
  name: string;
  described: string;
}

/** Losses on a logarithmic scale, below that of who has learned nothing. */
export function lossChart(
  moments: readonly Moment[],
  { floor, name, described }: Scale,
  steps: number,
  place: Place,
): string {
  const seen = moments.filter(({ loss }) => loss > 0);
  const values = [floor, ...seen.map(({ loss }) => loss)];
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
        Plot.ruleY([floor], { stroke: "var(--muted)", strokeDasharray: "3 3" }),
        Plot.text([floor], {
          ...{ y: (y: number) => y, frameAnchor: "right", textAnchor: "end", dy: -8 },
          ...{ text: [name], className: "halo reference-label" },
        }),
        Plot.lineY(seen, { x: "step", y: "loss", stroke: orange, strokeWidth: 2 }),
        Plot.dot(seen.slice(-1), { x: "step", y: "loss", r: 4.5, fill: orange }),
      ],
    },
    place,
    described,
  );
}

/** The upper half of the disc: where eigenvalues are, where they came from if that can be told, and those of the optimum. */
export function discChart(
  moments: readonly Moment[],
  { optimum, trails }: Pick<Start, "optimum" | "trails">,
  place: Place,
): string {
  const circle = Array.from({ length: 91 }, (_, i) => {
    const angle = Math.PI * i / 90;
    return { re: Math.cos(angle), im: Math.sin(angle) };
  });
  const groups = moments.at(-1)?.eigenvalues ?? [];
  const ways = (group: number) =>
    moments.flatMap(({ eigenvalues }) =>
      eigenvalues[group].map(([re, im], i) => ({ re, im, i: String(i) }))
    );
  // A nonlinear layer may stretch what it carries for a moment.
  const sizes = [...groups, optimum].flat().map(([re, im]) => Math.hypot(re, im));
  const reach = 1.08 * Math.max(1, ...sizes);
  const [margins, foot] = [34, 0.08];
  return drawn(
    {
      ...{
        height: (place.width - margins) * (reach + foot) / (2 * reach) + 52,
        marginLeft: 20,
        marginRight: 14,
      },
      x: { axis: null, domain: [-reach, reach] },
      y: { axis: null, domain: [-foot, reach] },
      marks: [
        Plot.axisX({ ticks: [-1, -0.5, 0, 0.5, 1], tickSize: 4, label: null }),
        Plot.ruleY([0], { stroke: "var(--line)" }),
        Plot.ruleX([0], { stroke: "var(--line)", y1: 0, y2: 1 }),
        Plot.line(circle, { x: "re", y: "im", stroke: "var(--muted)" }),
        ...(trails ? groups : []).map((_, group) =>
          Plot.line(ways(group), {
            ...{ x: "re", y: "im", z: "i", stroke: COLOURS[group], strokeOpacity: 0.5 },
          })
        ),
        Plot.dot(optimum, {
          ...{ x: "0", y: "1", r: 7, stroke: blue, strokeWidth: 2 },
        }),
        ...groups.map((now, group) =>
          Plot.dot(now, {
            ...{ x: "0", y: "1", r: 4.5, fill: COLOURS[group], stroke: "var(--page)" },
          })
        ),
      ],
    },
    place,
    "The upper half of the unit disc with the eigenvalues of the recurrence",
  );
}
