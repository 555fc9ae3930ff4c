/**
 * @file Splits the rows of a table into the series of a plot, and sets aside what no axis can show.
 */
import type { PlotSpec } from "../../pipeline/results.ts";
import type { CellResult } from "../results.ts";
import { nameIn, type Style, type Styles } from "./styles.ts";

export interface Point {
  /** Panel that it stands in; empty in a plot that is not split. */
  facet: string;
  /** A category on a band, else a number. */
  x: string | number;
  y: number;
  /** NaN without an interval. */
  low: number;
  high: number;
}

export interface Series extends Style {
  name: string;
  points: Point[];
}

/**
 * @param styles of all plots, see {@linkcode stylesOf}
 * @returns the series in the order of the table, and the number of points and of intervals that
 *   cannot be drawn: NaN, infinities, and what is not positive on a logarithmic axis
 */
export function readSeries(spec: PlotSpec, rows: Map<string, CellResult>[], styles: Styles) {
  const series = new Map<string, Series>();
  let hidden = 0;
  for (const row of rows) {
    const [x, y] = [row.get(spec.x.column), row.get(spec.y.column)];
    if (!x || !y) continue;
    const name = spec.series ? row.get(spec.series)?.text ?? "–" : "";
    const points = seriesFor(series, name, styles.get(nameIn(spec, row))!).points;
    const at = spec.x.scale === "band" ? x.text : x.value;
    const ends = [y.low, y.high].filter((end) => end !== null);
    const drawn = ends.length === 2 && ends.every((end) => shown(end, spec.y.scale));
    if (at === null || !shown(at, spec.x.scale) || !shown(y.value, spec.y.scale)) hidden++;
    else {
      if (ends.length && !drawn && spec.marks.includes("interval")) hidden++;
      const [low, high] = drawn ? ends : [NaN, NaN];
      const facet = spec.facet ? row.get(spec.facet)?.text ?? "–" : "";
      points.push({ facet, x: at, y: y.value!, low, high });
    }
  }
  for (const { points } of series.values()) {
    if (spec.x.scale !== "band") points.sort((a, b) => Number(a.x) - Number(b.x));
  }
  return { series: [...series.values()], hidden };
}

function seriesFor(series: Map<string, Series>, name: string, style: Style): Series {
  const known = series.get(name);
  if (known) return known;
  const made: Series = { name, ...style, points: [] };
  series.set(name, made);
  return made;
}

function shown(value: string | number | null, scale: string | undefined): boolean {
  if (typeof value === "string") return true;
  return value !== null && Number.isFinite(value) && (scale !== "log" || value > 0);
}
