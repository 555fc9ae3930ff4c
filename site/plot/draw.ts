/**
 * @file Draws a plot of an experiment as SVG at build time, so that a page needs no script.
 *
 * Colours are CSS variables, which lets one drawing follow the reader's dark or light scheme. Each
 * plot is drawn twice, for a wide and for a narrow page: one drawing scaled down would have
 * unreadable labels on a phone.
 */
import * as Plot from "@observablehq/plot";
import type { Drawn } from "../../lib/plot/document.ts";
import { fitted, leftMargin, short } from "../../lib/plot/labels.ts";
import type { PlotSpec } from "../../pipeline/results.ts";
import type { ExperimentResult } from "../results.ts";
import {
  categoryTicks,
  endLabels,
  labelMarks,
  labelWidth,
  shortPercent,
  valueTicks,
} from "./axes.ts";
import { finished } from "./finish.ts";
import { lines, needsLines } from "./lines.ts";
import { arrange } from "./panels.ts";
import { type Point, readSeries, type Series } from "./series.ts";
import type { Styles } from "./styles.ts";
import { svgDocument, type SvgElement } from "./svg_document.ts";

export interface Drawing {
  /** SVG; empty when there is no point to draw. */
  wide: string;
  narrow: string;
  /** What the symbols stand for; empty when there is nothing to tell apart. */
  legend: { name: string; swatch: string }[];
  /** True when the wide drawing names its series beside their lines. */
  direct: boolean;
  /** Points and intervals that no axis can show. */
  hidden: number;
  /** For a reader who does not see it. */
  described: string;
  /** It has a line for each of many names, and is longer than a screen. */
  tall: boolean;
}

interface Frame {
  width: number;
  height: number;
  direct: boolean;
  /** How numbers on the axes are written. */
  x: (value: number) => string;
  y: (value: number) => string;
  /** Titles of the panels by their facet; empty for a plot that is not split. */
  titles: Map<string, string>;
  /** Most panels in a row. */
  columns: number;
}

export function drawPlot(
  spec: PlotSpec,
  { rows, columns }: ExperimentResult,
  styles: Styles,
): Drawing {
  const { series, hidden } = readSeries(spec, rows, styles);
  const named = series.length > 1 || spec.series !== undefined;
  const direct = named && !spec.facet && spec.marks.includes("line") && series.length <= 6 &&
    series.every(({ name, points }) => name.length <= 22 && points.length > 0);
  const written = (id: string) =>
    columns.find((c) => c.id === id)?.format === "percent" ? shortPercent : short;
  const axes = { x: written(spec.x.column), y: written(spec.y.column) };
  const titles = new Map<string, string>();
  const facet = columns.find((c) => c.id === spec.facet);
  for (const { facet: name } of series.flatMap((s) => s.points)) {
    // A number alone does not say what it is of.
    if (facet) titles.set(name, isNaN(Number(name)) ? name : `${facet.label} ${name}`);
  }
  const legend = named ? series.map((s) => ({ name: s.name, swatch: swatch(spec, s) })) : [];
  for (const { label } of spec.rules ?? []) {
    if (!legend.some(({ name }) => name === label)) legend.push({ name: label, swatch: RULE });
  }
  return {
    wide: render(spec, series, { ...axes, titles, columns: 4, width: 800, height: 400, direct }),
    narrow: render(spec, series, {
      ...{ ...axes, titles, columns: 1, width: 340, height: 300 },
      direct: false,
    }),
    ...{ legend, direct, hidden, described: described(spec, titles) },
    tall: needsLines(spec, series),
  };
}

function render(spec: PlotSpec, series: Series[], frame: Frame): string {
  if (!series.some((s) => s.points.length)) return "";
  if (needsLines(spec, series)) {
    const [only] = series;
    const drawn = lines(spec, only, { width: frame.width, y: frame.y, title: said(only) });
    return finished(drawn, described(spec, frame.titles));
  }
  const rules = spec.rules ?? [];
  const labels = frame.direct ? endLabels(series, rules) : [];
  const right = frame.direct ? labelWidth(labels) : 16;
  const panels = arrange(frame.titles, frame.columns, frame.width - right - 52 - 16);
  const across = panels?.width ?? frame.width - right - 52 - 16;
  const xs = [...new Set(series.flatMap((s) => s.points.map((p) => p.x)))];
  const bars = spec.marks.includes("bar");
  const grouped = bars && series.length > 1;
  const categories = bars || spec.x.scale === "band" ? categoryTicks(xs, across) : undefined;
  const label = fitted(spec.x.label, across);
  const xAxis = {
    ...{ label, labelArrow: "none", labelAnchor: "center", tickSize: 0 },
    ...(categories?.ticks ??
      valueTicks(xs as number[], spec.x.scale === "log", across, frame.x)),
    // Panels in a row share the axis below them; those of a phone are too far from the last one's.
    ...(panels ? { facetAnchor: panels.columns > 1 ? "bottom-empty" : null } : {}),
  } as Plot.AxisXOptions;
  const options: Plot.PlotOptions = {
    document: svgDocument(),
    className: "plot",
    width: frame.width,
    height: (panels ? 96 + 210 * panels.rows : frame.height) + (categories?.height ?? 0),
    marginTop: panels ? 52 : 34,
    marginLeft: 52,
    marginBottom: 44 + (categories?.height ?? 0),
    marginRight: right,
    inset: bars ? 0 : 8,
    x: grouped
      ? { axis: null, type: "band", padding: 0.1, domain: series.map((s) => s.name) }
      : bars
      ? { axis: null, type: "band", padding: 0.15, domain: xs }
      : categories
      ? { axis: null, type: "point", padding: spec.marks.includes("line") ? 0.2 : 0.5, domain: xs }
      : { axis: null, type: spec.x.scale === "log" ? "log" : "linear" },
    ...(grouped ? { fx: { axis: null, domain: xs, padding: 0.2 } } : {}),
    ...(panels
      ? {
        fx: { axis: null, padding: 0.08 },
        fy: { axis: null, padding: panels.columns > 1 ? 0.2 : 0.3 },
      }
      : {}),
    y: {
      ...{
        label: fitted(spec.y.label, frame.width - 20),
        type: spec.y.scale ?? "linear",
        nice: spec.y.scale !== "log", // a decade more than there is to show
        grid: true,
      },
      ...{ tickSize: 0, ticks: 5 },
      tickFormat: frame.y,
    },
    marks: [
      grouped ? Plot.axisFx({ ...xAxis, anchor: "bottom" }) : Plot.axisX(xAxis),
      ...rules.map(({ y }) => {
        const style = { className: "reference", strokeDasharray: "2 3" };
        return panels
          ? Plot.ruleY(panels.everywhere([{ y }]), { y: "y", ...panels.at, ...style })
          : Plot.ruleY([y], style);
      }),
      ...(panels ? [panels.titles] : []),
      ...series.flatMap((s, i) => {
        // Neighbours on a band share their x; side by side their intervals can be told apart.
        const apart = categories && !bars && !spec.marks.includes("line");
        const step = Math.min(16, across / xs.length * 0.7 / series.length);
        const dx = apart ? (i - (series.length - 1) / 2) * step : 0;
        const r = panels || frame.width < 400 ? 3.5 : 4.5;
        const at = grouped ? { fx: "x", x: () => s.name } : { x: "x", dx, ...panels?.at };
        return seriesMarks(spec, s, { r, at, className: `series s-${i + 1}`, said: said(s) });
      }),
    ],
  };
  options.marginLeft = Math.max(leftMargin(yTicks(spec, series, options)), categories?.left ?? 0);
  if (frame.direct) options.marks!.push(...labelMarks(options, labels));
  const svg = Plot.plot(options) as unknown as Drawn;
  return finished(svg, described(spec, frame.titles));
}

/** What the ticks of the y axis say, which needs room: of a drawing without its series, because most of the work is in these. */
function yTicks(spec: PlotSpec, series: Series[], options: Plot.PlotOptions): string[] {
  const { document, width, height, y } = options;
  const values = [
    ...(spec.marks.includes("bar") ? [0] : []),
    ...(spec.rules ?? []).map((rule) => rule.y),
    ...series.flatMap(({ points }) => points).flatMap(({ y, low, high }) =>
      spec.marks.includes("interval") && !Number.isNaN(low) ? [y, low, high] : [y]
    ),
  ];
  const unseen = Plot.dot(values, { y: (value: number) => value, render: () => null });
  const drawn = Plot.plot({ document, width, height, y, marks: [unseen] }) as unknown as SvgElement;
  return drawn.querySelectorAll("g")
    .filter((group) => group.getAttribute("aria-label") === "y-axis tick label")
    .flatMap((group) => group.querySelectorAll("text"))
    .map((tick) => tick.textContent);
}

function described({ title, x, y }: PlotSpec, titles: Map<string, string>): string {
  const split = titles.size ? `, in a panel for each of ${[...titles.values()].join(", ")}` : "";
  return `${title}. ${y.label} against ${x.label}${split}.`;
}

/** More points than this are too many for words of their own. */
const TOLD = 120;

/** What a dot says when the pointer rests on it. */
function said({ name, points }: Series): ((point: Point) => string) | undefined {
  if (points.length > TOLD) return undefined;
  return ({ x, y, low, high }) => {
    const at = typeof x === "number" ? short(x) : x;
    const ends = Number.isNaN(low) ? "" : ` [${short(low)}, ${short(high)}]`;
    return `${name && `${name}, `}${at}: ${short(y)}${ends}`;
  };
}

interface Place {
  /** Size of a dot. */
  r: number;
  /** The channels that say where on the x axis. */
  at: object;
  className: string;
  said?: (point: Point) => string;
}

function seriesMarks(spec: PlotSpec, s: Series, { r, at, className, said }: Place): Plot.Markish[] {
  const marks: Plot.Markish[] = [];
  const bars = spec.marks.includes("bar");
  const title = said && ((point: Point) => said(point));
  if (bars) {
    const style = { fill: s.color, fillOpacity: 0.75, className, title };
    marks.push(Plot.barY(s.points, { ...at, y: "y", ...style }));
  }
  if (spec.marks.includes("interval")) {
    const drawn = s.points.filter((p) => !Number.isNaN(p.low));
    const style = { stroke: bars ? "currentColor" : s.color, strokeWidth: 2, strokeOpacity: 0.85 };
    marks.push(Plot.ruleX(drawn, { ...at, y1: "low", y2: "high", ...style, className }));
  }
  if (spec.marks.includes("line")) {
    const style = { stroke: s.color, strokeWidth: 2, strokeDasharray: s.dash, className };
    marks.push(Plot.lineY(s.points, { ...at, y: "y", ...style }));
  }
  if (spec.marks.includes("dot")) {
    const style = { fill: s.color, stroke: "var(--page)", strokeWidth: 1, r, className, title };
    marks.push(Plot.dot(s.points, { ...at, y: "y", symbol: s.symbol, ...style }));
  }
  return marks;
}

const RULE = picture(
  '<path d="M1,7H23" class="reference" stroke-width="1.5" stroke-dasharray="2 3"/>',
);

/** The mark of a series as a picture of its own, for the legend. */
function swatch(spec: PlotSpec, { color, symbol, dash }: Series): string {
  const parts: string[] = [];
  if (spec.marks.includes("bar")) {
    parts.push(`<rect x="6" y="1" width="12" height="12" fill="${color}" fill-opacity="0.75"/>`);
  }
  if (spec.marks.includes("line")) {
    const dashes = dash ? ` stroke-dasharray="${dash}"` : "";
    parts.push(`<path d="M1,7H23" stroke="${color}" stroke-width="2"${dashes}/>`);
  }
  if (spec.marks.includes("dot")) {
    parts.push(dot(symbol, color));
  }
  return picture(parts.join(""));
}

const dots = new Map<string, string>();

function dot(symbol: Series["symbol"], color: string): string {
  const known = dots.get(symbol + color);
  if (known) return known;
  const mark = Plot.dot([0], { frameAnchor: "middle", symbol, fill: color, r: 4.5 });
  const size = { width: 24, height: 14, margin: 0 };
  const svg = Plot.plot({ document: svgDocument(), ...size, axis: null, marks: [mark] });
  const drawn = (svg as unknown as Drawn).querySelector("g").outerHTML;
  dots.set(symbol + color, drawn);
  return drawn;
}

function picture(content: string): string {
  return `<svg class="swatch" width="24" height="14" viewBox="0 0 24 14" aria-hidden="true">` +
    `${content}</svg>`;
}
