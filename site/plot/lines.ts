/** @file Many categories: each on a line of its own, because a page may be as long as it needs to be, but no wider. */
import * as Plot from "@observablehq/plot";
import type { Drawn } from "../../lib/plot/document.ts";
import { CHARACTER, fitted } from "../../lib/plot/labels.ts";
import type { PlotSpec } from "../../pipeline/results.ts";
import type { Point, Series } from "./series.ts";
import { svgDocument } from "./svg_document.ts";

/** More names than this do not stand side by side. */
const MANY = 24;
/** Pixels of a line. */
const LINE = 17;

/** Whether a plot is one series of dots over more names than stand side by side. */
export function needsLines({ x, marks, facet }: PlotSpec, series: readonly Series[]): boolean {
  const names = new Set(series.flatMap(({ points }) => points.map((point) => point.x)));
  const dots = marks.every((mark) => mark === "dot" || mark === "interval");
  return x.scale === "band" && dots && !facet && series.length === 1 && names.size > MANY &&
    [...names].some((name) => typeof name === "string");
}

/** Where and how it is drawn. */
interface Frame {
  width: number;
  /** How values are written on their axis. */
  y: (value: number) => string;
  /** What a dot says when the pointer rests on it. */
  title?: (point: Point) => string;
}

/** The names from top to bottom, their values along the axis above them and the one below. */
export function lines(
  spec: PlotSpec,
  { points, color, symbol }: Series,
  { width, y: tickFormat, title }: Frame,
): Drawn {
  const names = [...new Set(points.map(({ x }) => String(x)))];
  const room = Math.min(
    CHARACTER * Math.max(...names.map((name) => name.length)),
    width * (width < 400 ? 0.4 : 0.3),
  );
  const at = { y: ({ x }: Point) => String(x) };
  const style = { className: "series s-1" };
  const axis = { label: null, tickSize: 0, tickFormat, ticks: width < 400 ? 3 : 5 };
  const [marginTop, marginBottom] = [40, 44];
  return Plot.plot({
    document: svgDocument(),
    className: "plot",
    ...{ width, height: marginTop + marginBottom + LINE * names.length },
    ...{ marginTop, marginBottom, marginLeft: room + 12, marginRight: 20, inset: 8 },
    x: { type: spec.y.scale ?? "linear", nice: spec.y.scale !== "log", axis: null },
    y: { type: "point", domain: names, axis: null },
    marks: [
      Plot.gridX({ ticks: axis.ticks }),
      Plot.axisX({ ...axis, anchor: "top" }),
      Plot.axisX({
        ...axis,
        anchor: "bottom",
        label: spec.y.label,
        labelAnchor: "center",
        labelArrow: "none",
      }),
      Plot.axisY({ label: null, tickSize: 0, tickFormat: (name: string) => fitted(name, room) }),
      ...(spec.rules ?? []).map(({ y }) =>
        Plot.ruleX([y], { className: "reference", strokeDasharray: "2 3" })
      ),
      ...(spec.marks.includes("interval")
        ? [Plot.ruleY(points.filter(({ low }) => !Number.isNaN(low)), {
          ...{ ...at, x1: "low", x2: "high" },
          ...{ stroke: color, strokeWidth: 2, strokeOpacity: 0.85, ...style },
        })]
        : []),
      Plot.dot(points, {
        ...{ ...at, x: "y", r: 4, symbol, title },
        ...{ fill: color, stroke: "var(--page)", strokeWidth: 1, ...style },
      }),
    ],
  }) as unknown as Drawn;
}
