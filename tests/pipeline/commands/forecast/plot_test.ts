/** @file The drawing of a forecast: its marks stand where the numbers are, and its words are what the file says. */
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import type { Series } from "../../../../lib/data/series.ts";
import type { Problem } from "../../../../lib/tasks/forecasting/problem.ts";
import { futureOf } from "../../../../pipeline/commands/forecast/future.ts";
import {
  MOST_PANELS,
  type Picture,
  pictureOf,
} from "../../../../pipeline/commands/forecast/picture.ts";
import { COLORS, drawForecast, thinned } from "../../../../pipeline/commands/forecast/plot.ts";
import { plain, scaleOf } from "../../../../pipeline/commands/forecast/scale.ts";

const HOUR = 3_600_000;

/** A picture of columns that are given by their names and values, `horizon` of them forecast. */
function made(columns: Record<string, (t: number) => number>, options: {
  rows?: number;
  horizon?: number;
  dated?: boolean;
  levels?: number[];
} = {}): Picture {
  const { rows = 60, horizon = 8, dated = true } = options;
  const names = Object.keys(columns);
  const series: Series = {
    file: "/somewhere/a & b.csv",
    columns: names,
    channels: names.map((name) => Float64Array.from({ length: rows }, (_, t) => columns[name](t))),
    rows,
    notes: [],
    ...(dated && {
      dates: Float64Array.from({ length: rows }, (_, t) => Date.UTC(2024, 1, 20) + t * HOUR),
      dateColumn: "when",
      sampling: { interval: { kind: "fixed", ms: HOUR }, irregular: 0 },
    }),
  };
  const point = names.map((name) =>
    Float64Array.from({ length: horizon }, (_, h) => columns[name](rows + h))
  );
  const beyond = {
    model: "ols",
    fit: { forecaster: { lookback: 1, horizon, predict() {} }, metrics: {} },
    forecast: {
      columns: names,
      point,
      intervals: (options.levels ?? [0.875]).map((level, k) => ({
        level,
        low: point.map((x) => x.map((value, h) => value - (h + k + 1) * Math.abs(value) / 10)),
        high: point.map((x) => x.map((value, h) => value + (h + k + 2) * Math.abs(value) / 10)),
      })),
    },
  };
  const future = futureOf(series, horizon);
  return pictureOf(series, { horizon } as Problem, beyond, future);
}

// deno-lint-ignore no-explicit-any -- Deno has no DOM types
const documentOf = (svg: string): any =>
  // deno-lint-ignore no-explicit-any -- typed as Window, which Deno defines without a document
  (parseHTML(`<html><body>${svg}</body></html>`) as any).document;

/** Points of the paths of a colour, panel by panel. */
function pointsOf(svg: string, attribute: string, color: string): [number, number][][] {
  return [...documentOf(svg).querySelectorAll(`g[aria-label][${attribute}="${color}"] path`)].map(
    (path) =>
      [...path.getAttribute("d").matchAll(/(-?[\d.e-]+),(-?[\d.e-]+)/g)]
        .map(([, x, y]) => [Number(x), Number(y)] as [number, number]),
  );
}

/** Asserts that pixels are a linear function of values. @returns pixels a unit */
function assertLinear(values: ArrayLike<number>, pixels: number[], tolerance = 0.02): number {
  assert.equal(values.length, pixels.length);
  const at = (value: number) => Array.from(values).indexOf(value);
  const [least, most] = [at(Math.min(...Array.from(values))), at(Math.max(...Array.from(values)))];
  const slope = (pixels[most] - pixels[least]) / (values[most] - values[least]);
  pixels.forEach((pixel, i) => {
    const want = pixels[least] + slope * (values[i] - values[least]);
    assert.ok(Math.abs(pixel - want) < tolerance, `${i}: ${pixel}, expected ${want}`);
  });
  return slope;
}

Deno.test("plot: history, forecast and intervals lie where their values are, on one scale a panel", () => {
  const picture = made({ "load (MW)": (t) => 5 + 3 * Math.sin(t / 3), b: (t) => 100 - t });
  const svg = drawForecast(picture);
  const histories = pointsOf(svg, "stroke", COLORS.history);
  const forecasts = pointsOf(svg, "stroke", COLORS.forecast);
  const bands = pointsOf(svg, "fill", COLORS.forecast);
  assert.deepEqual([histories.length, forecasts.length, bands.length], [2, 2, 2]);
  picture.panels.forEach(({ past, point, low, high }, k) => {
    const last = past[past.length - 1];
    // The upper edge of a band from left to right, then the lower one back.
    const values = [...past, last, ...point, ...high, ...[...low].reverse()];
    const times = [...picture.past, picture.past[past.length - 1]];
    times.push(...picture.times, ...picture.times, ...[...picture.times].reverse());
    const pixels = [...histories[k], ...forecasts[k], ...bands[k]];
    assert.ok(assertLinear(values, pixels.map(([, y]) => y)) < 0, "larger values are higher");
    assert.ok(assertLinear(times, pixels.map(([x]) => x)) > 0);
  });
  assert.equal(histories[0][0][0], histories[1][0][0], "equal times stand below each other");
});

Deno.test("plot: narrower intervals lie on wider ones, the widest first, all where their values are", () => {
  const picture = made({ a: (t) => 100 - t }, { levels: [0.5, 0.8, 0.95] });
  const bands = pointsOf(drawForecast(picture), "fill", COLORS.forecast);
  const [{ low, high, inner }] = picture.panels;
  const values = [{ low, high }, inner[1], inner[0]].flatMap((ends) => [
    ...[...ends.high, ...[...ends.low].reverse()],
  ]);
  assert.ok(assertLinear(values, bands.flat().map(([, y]) => y)) < 0);
  assert.ok(inner[0].high[0] < inner[1].high[0] && inner[1].high[0] < high[0]);
  assert.match(drawForecast(picture), />50 %, 80 % and 95 % intervals</);
});

Deno.test("plot: names, units, dates and what the marks mean are in it, as text", () => {
  const svg = drawForecast(made({ "load (MW)": (t) => 5 + Math.sin(t), '<b>&"x"</b>': (t) => t }));
  const document = documentOf(svg);
  const texts = [...document.querySelectorAll("text")].map((t) => t.textContent);
  for (const wanted of ["load (MW)", '<b>&"x"</b>', "when", "a & b.csv", "history"]) {
    assert.ok(texts.includes(wanted), `${wanted} in ${texts}`);
  }
  assert.ok(texts.includes("forecast by ols") && texts.includes("87.5 % intervals"));
  // The day stands once below the first of its times.
  assert.ok(texts.some((text) => /^\d\d:002024-02-2\d$/.test(text)), `${texts}`);
  assert.ok(!svg.includes("<b") && !svg.includes('&"x"'), "a name is no markup");
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="800" height="\d+"/);
  assert.match(
    document.querySelector("title").textContent,
    /^a & b\.csv: the last 48 rows of load/,
  );
});

Deno.test("picture: the last 48 rows, three horizons or two seasons, of the columns that are forecast", () => {
  const rows = 300;
  const series: Series = {
    ...{ file: "f.csv", columns: ["flat", "a", "b"], rows, notes: [] },
    channels: [0, 1000, 2000].map((c) => Float64Array.from({ length: rows }, (_, t) => c + t)),
  };
  const pictured = (horizon: number, season?: number) => {
    const ends = [Float64Array.of(1), Float64Array.of(2)];
    const intervals = [{ level: 0.9, low: ends, high: ends }];
    const forecast = { columns: ["a", "b"], point: ends, intervals };
    const fit = { forecaster: { lookback: 1, horizon, predict() {} }, metrics: {} };
    const future = futureOf(series, horizon);
    const beyond = { model: "ols", fit, forecast };
    return pictureOf(series, { horizon, season } as Problem, beyond, future);
  };
  for (
    const [horizon, season, drawn] of [[1, undefined, 48], [17, 3, 51], [2, 60, 120], [
      200,
      1,
      300,
    ]] as const
  ) {
    const { past, panels, times } = pictured(horizon, season);
    const last = Float64Array.from({ length: drawn }, (_, t) => rows - drawn + t);
    assert.deepEqual(past, last.map((t) => t + 1));
    assert.deepEqual([times[0], times.length], [rows + 1, horizon]);
    assert.deepEqual(panels.map(({ name }) => name), ["a", "b"]);
    panels.forEach((panel, c) => assert.deepEqual(panel.past, last.map((t) => 1000 * (c + 1) + t)));
  }
});

Deno.test("plot: control characters of names stay out of file and terminal", () => {
  const { panels, file } = made({ "a\x1b[31m\x00\u202eb": (t) => t });
  assert.deepEqual([panels[0].name, file], ["a [31m b", "a & b.csv"]);
});

Deno.test("plot: at most twelve columns, the others counted", () => {
  const columns = (n: number) =>
    Object.fromEntries(
      Array.from({ length: n }, (_, c) => [`c${c}`, (t: number) => Math.sin(t + c)]),
    );
  for (const [n, drawn] of [[1, 1], [3, 3], [4, 4], [12, 12], [13, 12], [40, 12]]) {
    const picture = made(columns(n));
    assert.deepEqual([picture.panels.length, picture.left], [drawn, n - drawn]);
    const svg = drawForecast(picture);
    assert.equal(documentOf(svg).querySelectorAll("svg svg").length, drawn);
    assert.equal(/the first 12 of/.test(svg), n > MOST_PANELS);
    // Nothing stands outside of the picture.
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!.map(Number);
    for (const panel of documentOf(svg).querySelectorAll("svg svg")) {
      const number = (name: string) => Number(panel.getAttribute(name));
      assert.ok(number("x") + number("width") <= width);
      assert.ok(number("y") + number("height") <= height);
    }
  }
});

Deno.test("plot: one row ahead, one row of history, constant columns and any scale are drawn with finite places", () => {
  const cases: [Picture, string][] = [
    [made({ x: (t) => t }, { horizon: 1 }), "horizon 1"],
    [made({ x: (t) => t }, { rows: 1, dated: false }), "one row"],
    [made({ x: () => 0 }, { dated: false }), "zeros"],
    [made({ x: () => 7e-300 }), "constant"],
    [made({ x: (t) => 1e200 * Math.sin(t) }), "large"],
    [made({ x: (t) => 1e-200 * Math.sin(t) }), "small"],
    [made({ x: (t) => 1.6e9 + t }), "level"],
    [made({ x: (t) => Math.sin(t) }, { rows: 9000, horizon: 2500 }), "long"],
  ];
  for (const [picture, name] of cases) {
    const svg = drawForecast(picture);
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/, name);
    assert.ok(svg.length < 200_000, `${name}: ${svg.length} characters`);
    const forecast = pointsOf(svg, "stroke", COLORS.forecast)[0];
    assert.ok(forecast.length >= 2, name);
  }
});

Deno.test("plot: of long histories every peak is kept", () => {
  const n = 50_000;
  const values = Float64Array.from({ length: n }, (_, t) => Math.sin(t / 900));
  values[12_345] = 9;
  values[33_333] = -9;
  const kept = thinned(values, values);
  assert.ok(kept.length <= 1700 && kept.includes(12_345) && kept.includes(33_333));
  assert.ok(kept[0] === 0 && kept[kept.length - 1] === n - 1);
  assert.ok(kept.every((index, i) => i === 0 || index > kept[i - 1]), "in order, none twice");
  assert.equal(thinned(values.subarray(0, 1600), values.subarray(0, 1600)).length, 1600);
});

Deno.test("plot: the colours are those of the site's plots on a light page", async () => {
  const css = await Deno.readTextFile(
    new URL("../../../../site/assets/style.css", import.meta.url),
  );
  const light = css.slice(0, css.indexOf("prefers-color-scheme: dark"));
  const { page, ink, muted, line, history, forecast } = COLORS;
  const named = { page, ink, muted, line, "series-1": history, "series-2": forecast };
  for (const [name, color] of Object.entries(named)) {
    assert.ok(light.includes(`--${name}: ${color};`), name);
  }
});

Deno.test("scale: what values have in common is said once, and turned back it is the value", () => {
  const cases: [number, number, string][] = [
    [1, 5, ""],
    [-3e4, 9e4, ""],
    [0, 0, ""],
    [1e5, 2e5, "× 10⁵"],
    [-4e200, 2e199, "× 10²⁰⁰"],
    [0, 3e-160, "× 10⁻¹⁶⁰"],
    [1.6e9, 1.6e9 + 20, "+ 1600000000"],
    [-1.6e9 - 20, -1.6e9, "− 1600000100"],
    [1e12, 1e12 + 5e6, "× 10⁶ + 1000000000000"],
  ];
  for (const [low, high, note] of cases) {
    const scale = scaleOf(low, high);
    assert.equal(scale.note, note);
    const [, power = "0"] = /10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)/.exec(note) ?? [];
    const digits = power.replace(/./g, (c) => c === "⁻" ? "-" : String("⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c)));
    const offset = /([+−]) (\d+)$/.exec(note);
    const added = offset ? (offset[1] === "+" ? 1 : -1) * Number(offset[2]) : 0;
    for (const value of [low, high, low / 2 + high / 2]) {
      const back =
        scale.shown(value) * Number(`1e${note.includes("10") && power !== "0" ? digits : 0}`) +
        added;
      assert.ok(Math.abs(back - value) <= 1e-12 * Math.max(Math.abs(low), Math.abs(high)), note);
    }
  }
  assert.deepEqual([0.1 + 0.2, -5, 50_000, 1e-17].map(plain), ["0.3", "−5", "50000", "0"]);
});
