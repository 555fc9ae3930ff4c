/**
 * @file Labels that fit: ticks, categories and the names at the ends of lines, none over another.
 */
import * as Plot from "@observablehq/plot";
import { CHARACTER, fitted, short } from "../../lib/plot/labels.ts";
import type { Point, Series } from "./series.ts";

/** The same as a share of one. */
export function shortPercent(value: number): string {
  return `${short(value * 100)} %`;
}

/** Where few values were measured, the axis names just those, as far as they fit in `width`. */
export function valueTicks(
  xs: number[],
  log: boolean,
  width: number,
  tickFormat: (value: number) => string = short,
): Plot.AxisXOptions {
  const values = xs.toSorted((a, b) => a - b);
  if (values.length < 2 || values.length > 12) {
    return { ticks: width < 200 ? 3 : width < 400 ? 4 : 8, tickFormat };
  }
  const at = (v: number) => log ? Math.log(v) : v;
  const pixels = width / (at(values[values.length - 1]) - at(values[0]));
  const kept: number[] = [];
  for (const v of values.toReversed()) { // from the right, where such sweeps are densest
    const last = kept[kept.length - 1];
    if (last === undefined || (at(last) - at(v)) * pixels > 30) kept.push(v);
  }
  // As text: a tick format on a logarithmic axis leaves out the 8 and the 9 of every decade.
  return { ticks: kept.reverse(), text: tickFormat } as Plot.AxisXOptions;
}

/** Longest name of a category that is written in full, in characters. */
const LONGEST = 22;

/**
 * Category names, turned when they do not fit side by side in `width`; of numbers as many as do fit.
 * @returns the axis, and the room that it takes below and to the left of the plot.
 */
export function categoryTicks(values: readonly (string | number)[], width: number) {
  const names = values.map(String);
  const longest = Math.max(...names.map((name) => name.length));
  const slot = width / names.length;
  const flat = { height: 0, left: 0 };
  if (longest * CHARACTER < slot - 6) return { ticks: {} as Plot.AxisXOptions, ...flat };
  if (values.every((value) => typeof value === "number")) {
    const every = Math.ceil((longest * CHARACTER + 6) / slot);
    const ticks = values.toSorted((a, b) => a - b).filter((_, i) => i % every === 0);
    return { ticks: { ticks } as Plot.AxisXOptions, ...flat };
  }
  // Turned by 36 degrees, so that the label of the first category reaches to the left of the plot.
  const room = Math.min(longest, LONGEST) * CHARACTER;
  const height = room * Math.sin(Math.PI / 5);
  const left = Math.max(0, room * Math.cos(Math.PI / 5) - slot / 2);
  const tickFormat = (name: string) => fitted(name, room);
  const turned = { tickRotate: -36, textAnchor: "end", tickFormat, labelOffset: height + 34 };
  return { ticks: turned as Plot.AxisXOptions, height, left };
}

/** What is named beside the plot: a series at its last point, or a reference line. */
export interface EndLabel {
  name: string;
  color: string;
  /** Absent for a reference line, which has no last point. */
  end?: Point;
  y: number;
}

export function endLabels(series: Series[], rules: { y: number; label: string }[]): EndLabel[] {
  const labels: EndLabel[] = series.map(({ name, color, points }) => {
    const end = points[points.length - 1];
    return { name, color, end, y: end.y };
  });
  for (const { y, label } of rules) {
    // A line drawn where a series of that name lies needs no second label.
    if (!labels.some(({ name }) => name === label)) labels.push({ name: label, color: "", y });
  }
  return labels;
}

/** Room to the right of the plot for the longest of the labels. */
export function labelWidth(labels: EndLabel[]): number {
  return 24 + CHARACTER * Math.max(...labels.map(({ name }) => name.length));
}

/** Text marks for the labels, moved apart where lines end together. */
export function labelMarks(options: Plot.PlotOptions, labels: EndLabel[]): Plot.Markish[] {
  const scale = Plot.plot(options).scale("y")!;
  const placed = labels.map((label) => ({ label, from: scale.apply(label.y) as number, to: 0 }))
    .sort((a, b) => a.from - b.from);
  const gap = 16;
  for (const [i, label] of placed.entries()) {
    label.to = Math.max(label.from, i ? placed[i - 1].to + gap : 0);
  }
  // Pushed below the axis: move the whole stack back up.
  let limit = options.height! - options.marginBottom! - 4;
  for (const label of placed.toReversed()) {
    label.to = Math.min(label.to, limit);
    limit = label.to - gap;
  }
  return placed.map(({ label: { name, color, end, y }, from, to }) => {
    const style = { text: [name], dy: Math.round(to - from), textAnchor: "start" as const };
    return end
      ? Plot.text([end], { x: "x", y: "y", dx: 10, ...style, fill: color, className: "halo" })
      : Plot.text([y], {
        ...{ y: (v: number) => v, frameAnchor: "right", dx: 10, ...style },
        className: "halo reference-label",
      });
  });
}
