/**
 * @file Draws how far models get on every task: a row for each model, a dot with its interval, between the floor and the optimum.
 */
import * as Plot from "@observablehq/plot";
import type { Drawn } from "../../lib/plot/document.ts";
import { fitted } from "../../lib/plot/labels.ts";
import { finished } from "./finish.ts";
import { type Use, USES } from "../catalogue/layers.ts";
import type { Bar, Reach } from "../reach.ts";
import { svgDocument } from "./svg_document.ts";

/** Colour and symbol of a kind of model, on every page. */
export const STYLES: Record<
  Use,
  { color: string; symbol: "circle" | "square" | "triangle" | "diamond2" }
> = {
  "linear throughout": { color: "var(--series-1)", symbol: "circle" },
  "linear in its state": { color: "var(--series-3)", symbol: "square" },
  "nonlinear state": { color: "var(--series-2)", symbol: "triangle" },
  attention: { color: "var(--series-4)", symbol: "diamond2" },
};

/** A row of the drawing: the title of a group, or a model. */
type Line = { key: string; title: string } | ({ key: string } & Bar);

const ROW = 21;

/** Two drawings, as of every plot: for a wide page and for a phone. */
export function drawReach(reach: Reach) {
  return {
    wide: render(reach, { width: 800, names: 210, numbers: 152 }),
    narrow: render(reach, { width: 340, names: 118, numbers: 58 }),
    legend: USES.filter((use) => reach.groups.some(({ bars }) => bars.some((b) => b.use === use)))
      .map((name) => ({ name, swatch: swatch(name) })),
  };
}

function render(
  { groups }: Reach,
  { width, names, numbers }: Record<"width" | "names" | "numbers", number>,
) {
  const lines: Line[] = groups.flatMap(({ title, bars }, g) => [
    { key: `${g}`, title },
    ...bars.map((bar, i) => ({ key: `${g} ${i}`, ...bar })),
  ]);
  const titles = lines.filter((line) => "title" in line);
  const bars = lines.filter((line) => "use" in line);
  // What lies beyond the edge is drawn at it; its number stands beside it.
  const least = Math.max(-0.1, Math.min(0, ...bars.map(({ value }) => value)) - 0.02);
  const most = Math.min(1.15, Math.max(1, ...bars.map(({ value }) => value)) + 0.02);
  const within = (value: number) => Math.min(most, Math.max(least, value));
  const long = numbers > 100;
  const svg = Plot.plot({
    document: svgDocument(),
    className: "plot",
    width,
    height: 30 + lines.length * ROW,
    marginLeft: names,
    marginRight: numbers,
    marginTop: 26,
    marginBottom: 4,
    x: { domain: [least, most], axis: null },
    y: { type: "band", domain: lines.map(({ key }) => key), axis: null },
    marks: [
      Plot.axisX([0, 0.5, 1], {
        ...{ anchor: "top", tickSize: 0, label: null },
        tickFormat: (x: number) => `${100 * x}\u00a0%`,
      }),
      Plot.gridX([0, 0.25, 0.5, 0.75]),
      Plot.ruleX([1], { className: "reference", strokeDasharray: "2 3" }),
      Plot.text(titles, {
        ...{ y: "key", frameAnchor: "left", dx: -names, textAnchor: "start", fontWeight: 600 },
        text: ({ title }) => fitted(title, width - 20),
        className: "panel-title",
      }),
      Plot.text(bars, {
        ...{ y: "key", frameAnchor: "left", dx: -names + 12, textAnchor: "start" },
        text: ({ label }: Bar) => fitted(label, names - 16),
      }),
      ...bars.flatMap((bar) => {
        const { color, symbol } = STYLES[bar.use];
        const ends = bar.low === undefined || bar.high === undefined ? [] : [Plot.ruleY([bar], {
          ...{ y: "key", x1: within(bar.low), x2: within(bar.high), stroke: color },
          ...{ strokeWidth: 2, strokeOpacity: 0.85 },
        })];
        const style = { fill: color, stroke: "var(--page)", strokeWidth: 1, r: 4.5, symbol };
        return [
          ...ends,
          Plot.dot([bar], {
            y: "key",
            x: within(bar.value),
            ...style,
            title: () => numbersOf(bar, true),
          }),
        ];
      }),
      Plot.text(bars, {
        ...{ y: "key", frameAnchor: "right", dx: 8, textAnchor: "start" },
        text: (bar: Bar) => numbersOf(bar, long),
        className: "panel-title",
      }),
    ],
  }) as unknown as Drawn;
  return finished(svg, described(groups));
}

function numbersOf({ value, low, high }: Bar, long: boolean): string {
  const percent = (x: number) => (100 * x).toFixed(1).replace("-", "−").replace(/^−(0\.0)$/, "$1");
  const ends = long && low !== undefined && high !== undefined
    ? ` [${percent(low)}, ${percent(high)}]`
    : "";
  return `${percent(value)}${ends}`;
}

/** For a reader who does not see it: every number, in words. */
function described(groups: Reach["groups"]): string {
  return "Per cent of the gap closed. " +
    groups.map(({ title, bars }) =>
      `${title}: ${bars.map((bar) => `${bar.label} ${numbersOf(bar, false)}`).join(", ")}`
    ).join(". ") + ".";
}

function swatch(use: Use): string {
  const { color, symbol } = STYLES[use];
  const mark = Plot.dot([0], { frameAnchor: "middle", symbol, fill: color, r: 4.5 });
  const size = { width: 24, height: 14, margin: 0 };
  const svg = Plot.plot({ document: svgDocument(), ...size, axis: null, marks: [mark] });
  return `<svg class="swatch" width="24" height="14" viewBox="0 0 24 14" aria-hidden="true">` +
    `${(svg as unknown as Drawn).querySelector("g").outerHTML}</svg>`;
}
