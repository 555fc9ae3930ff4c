/**
 * @file Draws a forecast as SVG: the last rows, the forecast and its intervals, one panel a column. Columns have units of their own,
 * so each panel has its own scale; the time is the same in all.
 */
import * as Plot from "@observablehq/plot";
import { type Drawn, emptyDocument } from "../../../lib/plot/document.ts";
import { CHARACTER, fitted, leftMargin } from "../../../lib/plot/labels.ts";
import { listed, type Panel, type Picture, rangeOf } from "./picture.ts";
import { plain, scaleOf } from "./scale.ts";

/** The colours of the site's plots on a light page. */
export const COLORS = {
  page: "#fdfcfa",
  ink: "#1d1c1a",
  muted: "#5e5a53",
  line: "#e2ded6",
  history: "#2563a8",
  forecast: "#c2560c",
};

const WIDTH = 800;
const HEADER = 64;
/** More points than two a pixel cannot be seen, and make a file of megabytes. */
const MOST_POINTS = 1600;
const FONT = `system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif`;

/** The drawing as the text of an SVG file. */
export function drawForecast(picture: Picture): string {
  const { panels, past, times } = picture;
  const across = panels.length > 3 ? 2 : 1;
  const place: Place = { width: WIDTH / across, height: panels.length === 1 ? 360 : 210 };
  const left = panels.map((panel) => tickMargin(panel, picture, place));
  const body = panels.map((panel, i) => {
    // One margin for all panels above each other, so that equal times stand below each other.
    const margin = Math.max(...left.filter((_, k) => k % across === i % across));
    const named = i >= panels.length - across;
    const svg = drawPanel(panel, picture, { ...place, named }, margin);
    svg.setAttribute("x", String(i % across * place.width));
    svg.setAttribute("y", String(HEADER + Math.floor(i / across) * place.height));
    return svg.outerHTML;
  });
  const height = HEADER + Math.ceil(panels.length / across) * place.height + 8;
  const summary = `${picture.file}: the last ${past.length} rows of ` +
    `${panels.map(({ name }) => name).join(", ")}, and ${times.length} rows forecast by ` +
    `${picture.model} with ${listed(picture.levels)} intervals`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
    `viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="${FONT}" font-size="13" ` +
    `fill="${COLORS.ink}">\n<title>${escaped(summary)}</title>\n` +
    `<rect width="100%" height="100%" fill="${COLORS.page}"/>\n` +
    `${header(picture)}\n${body.join("\n")}\n</svg>\n`;
}

interface Place {
  width: number;
  height: number;
  /** Whether the axis of time is named: in the last row, for all above it. */
  named?: boolean;
}

/** The name of the file, and what the marks stand for. */
function header({ file, model, levels, panels, left }: Picture): string {
  const total = panels.length + left;
  const some = left > 0 ? ` (the first ${panels.length} of ${total} columns)` : "";
  const title = fitted(file, WIDTH - 40 - CHARACTER * some.length) + some;
  const line = (color: string, width: number) =>
    `<path d="M0,0H22" stroke="${color}" stroke-width="${width}"/>`;
  const band = `<rect y="-6" width="22" height="12" fill="${COLORS.forecast}" fill-opacity="0.2"/>`;
  const entries: [string, string][] = [
    [line(COLORS.history, 1.5), "history"],
    [line(COLORS.forecast, 2), `forecast by ${model}`],
    [band, `${listed(levels)} intervals`],
  ];
  let x = 20;
  const legend = entries.map(([swatch, label]) => {
    const at = `<g transform="translate(${Math.round(x)},48)">${swatch}` +
      `<text x="28" dy="0.35em">${escaped(label)}</text></g>`;
    x += 28 + 26 + 6.6 * label.length;
    return at;
  });
  return `<text x="20" y="26" font-size="15" font-weight="600">${escaped(title)}</text>\n` +
    legend.join("");
}

function tickMargin(panel: Panel, picture: Picture, place: Place): number {
  const ticks = drawPanel(panel, picture, place, 52)
    .querySelectorAll("[aria-label='y-axis tick label'] text");
  return leftMargin(Array.from(ticks, (tick) => tick.textContent));
}

function drawPanel(panel: Panel, picture: Picture, place: Place, marginLeft: number): Drawn {
  const { dated, past, times } = picture;
  const [low, high] = rangeOf(panel);
  const { shown, note } = scaleOf(low, high);
  const at = (time: number) => dated ? new Date(time) : time;
  const kept = thinned(panel.past, panel.past);
  const history = kept.map((i) => ({ x: at(past[i]), y: shown(panel.past[i]) }));
  const last = history[history.length - 1];
  const future = thinned(panel.low, panel.high).map((h) => ({
    x: at(times[h]),
    y: shown(panel.point[h]),
  }));
  // Narrower intervals lie on the widest one, and are darker by that.
  const bands = [panel, ...[...panel.inner].reverse()].map(({ low, high }) =>
    thinned(low, high).map((h) => ({ x: at(times[h]), low: shown(low[h]), high: shown(high[h]) }))
  );
  const color = COLORS.forecast;
  const width = place.width - marginLeft - 16;
  // Bold letters are wider.
  const title = fitted(note ? `${panel.name}, ${note}` : panel.name, width / 1.15);
  const single = future.length === 1;
  const ends = low === high ? [shown(low) - 1, shown(high) + 1] : undefined;
  const svg = Plot.plot({
    document: emptyDocument(),
    className: "forecast",
    width: place.width,
    height: place.height,
    marginLeft,
    marginTop: 30,
    marginRight: 16,
    marginBottom: 50,
    x: { type: dated ? "utc" : "linear", axis: null, insetRight: single ? 6 : 0 },
    y: { nice: true, axis: null, ...(ends && { domain: ends }) },
    marks: [
      Plot.gridY({ ticks: 5, stroke: COLORS.line, strokeOpacity: 1 }),
      Plot.axisY({
        ticks: 5,
        tickSize: 0,
        label: null,
        ...{ fill: COLORS.muted, fontSize: 12, tickFormat: plain },
      }),
      Plot.axisX({
        ticks: Math.max(2, Math.round(width / 110)),
        ...{ tickSize: 4, stroke: COLORS.muted, fill: COLORS.muted, fontSize: 12 },
        ...{
          label: place.named ? fitted(picture.timeName, width) : null,
          labelAnchor: "center",
          labelArrow: "none",
          labelOffset: 44,
        },
        // Called with all ticks too, which its type leaves out.
        tickFormat: (dated ? dateTick : rowTick) as (tick: unknown, i: number) => string,
      }),
      Plot.text([title], {
        frameAnchor: "top-left",
        ...{ lineAnchor: "bottom", dy: -8, fontSize: 13, fontWeight: 600, fill: COLORS.ink },
      }),
      Plot.ruleX([last.x], { stroke: COLORS.muted, strokeDasharray: "2 3" }),
      ...bands.map((band) => {
        const ends = { x: "x", y1: "low", y2: "high" };
        return single
          ? Plot.ruleX(band, { ...ends, stroke: color, strokeOpacity: 0.4, strokeWidth: 4 })
          : Plot.areaY(band, { ...ends, fill: color, fillOpacity: 0.2 });
      }),
      Plot.lineY(history, { x: "x", y: "y", stroke: COLORS.history, strokeWidth: 1.5 }),
      // From the last row on, or the line would start in the air.
      Plot.lineY([last, ...future], { x: "x", y: "y", stroke: color, strokeWidth: 2 }),
      ...(single ? [Plot.dot(future, { x: "x", y: "y", fill: color, r: 3.5 })] : []),
      ...(history.length === 1
        ? [Plot.dot(history, { x: "x", y: "y", fill: COLORS.history })]
        : []),
    ],
  }) as unknown as Drawn;
  svg.querySelector("style").remove(); // for pages: a page colour of its own, sizes by the page's width
  return svg;
}

const rowTick = (row: number) => Number.isInteger(row) ? String(row) : "";

/** As ISO 8601 writes them, no longer than the ticks differ; the day stands below the first of its times. */
function dateTick(tick: Date, i: number, ticks: Iterable<Date>): string {
  const all = [...ticks].map((date) => date.toISOString());
  const text = tick.toISOString();
  if (all.every((iso) => iso.endsWith("-01-01T00:00:00.000Z"))) return text.slice(0, 4);
  if (all.every((iso) => iso.endsWith("-01T00:00:00.000Z"))) return text.slice(0, 7);
  const day = text.slice(0, 10);
  if (all.every((iso) => iso.endsWith("T00:00:00.000Z"))) return day;
  const seconds = all.some((iso) => !iso.endsWith(":00.000Z"));
  const time = text.slice(11, seconds ? 19 : 16);
  return i === 0 || all[i - 1].slice(0, 10) !== day ? `${time}\n${day}` : time;
}

/** Indices to draw: all, or of each of equal stretches the ends and extremes, so that no peak is lost. */
export function thinned(low: Float64Array, high: Float64Array): number[] {
  const n = low.length;
  if (n <= MOST_POINTS) return Array.from({ length: n }, (_, i) => i);
  const stretch = Math.ceil(4 * n / MOST_POINTS);
  const kept: number[] = [];
  for (let from = 0; from < n; from += stretch) {
    const to = Math.min(n, from + stretch) - 1;
    let [lowest, highest] = [from, from];
    for (let i = from; i <= to; i++) {
      if (low[i] < low[lowest]) lowest = i;
      if (high[i] > high[highest]) highest = i;
    }
    kept.push(...new Set([from, lowest, highest, to].sort((a, b) => a - b)));
  }
  return kept;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
