/** @file Which points and intervals of a table a plot shows, and which no axis can. */
import assert from "node:assert/strict";
import type { PlotSpec } from "../../pipeline/results.ts";
import { readSeries as readStyled } from "../../site/plot/series.ts";
import { stylesOf } from "../../site/plot/styles.ts";
import type { CellResult } from "../../site/results.ts";

type Scale = PlotSpec["x"]["scale"];

const cell = (value: number | null, ends: [number, number] | [] = [], text = String(value)) =>
  ({
    ...{ kind: "measured", value, low: ends[0] ?? null, high: ends[1] ?? null, n: null, text },
    ...{ interval: null, runs: [] },
  }) as CellResult;

const spec = (
  x: Scale,
  y: "linear" | "log" | undefined,
  more: Partial<PlotSpec> = {},
): PlotSpec => ({
  ...{ id: "p", title: "t", caption: "c", marks: ["dot", "interval"] },
  x: { column: "x", label: "x", scale: x },
  y: { column: "y", label: "y", scale: y },
  ...more,
});

const readSeries = (spec: PlotSpec, rows: Map<string, CellResult>[]) =>
  readStyled(spec, rows, stylesOf([{ plots: [spec], rows }]));

const rowsOf = (rows: Record<string, CellResult>[]) =>
  rows.map((row) => new Map(Object.entries(row)));

Deno.test("points of a series go from left to right as numbers, those of a band as in the table", () => {
  const rows = rowsOf([100, 2, 10].map((x) => ({ x: cell(x), y: cell(x / 2) })));
  const { series: [{ points }] } = readSeries(spec(undefined, undefined), rows);
  assert.deepEqual(points.map(({ x, y }) => [x, y]), [[2, 1], [10, 5], [100, 50]]);
  const { series: [band] } = readSeries(spec("band", undefined), rows);
  assert.deepEqual(band.points.map(({ x }) => x), ["100", "2", "10"]);
});

Deno.test("series and panels are named by their cells, in the order of the table", () => {
  const rows = rowsOf([["b", "p"], ["a", "q"], ["b", "q"]].map(([model, panel], i) => ({
    ...{ x: cell(i), y: cell(i), model: cell(null, [], model), panel: cell(null, [], panel) },
  })));
  const split = spec(undefined, undefined, { series: "model", facet: "panel" });
  const { series } = readSeries(split, [...rows, ...rowsOf([{ x: cell(9), y: cell(9) }])]);
  assert.deepEqual(
    series.map(({ name, points }) => [name, points.map(({ x, facet }) => `${facet}${x}`)]),
    [["b", ["p0", "q2"]], ["a", ["q1"]], ["–", ["–9"]]],
  );
  assert.equal(new Set(series.map(({ color }) => color)).size, 3);
  assert.equal(new Set(series.map(({ symbol }) => symbol)).size, 3);
});

Deno.test("what has no place on an axis is hidden and counted", () => {
  const hidden = (x: number | null, y: number | null, scales: [Scale, "linear" | "log"]) =>
    readSeries(spec(...scales), rowsOf([{ x: cell(x), y: cell(y) }])).hidden;
  for (const bad of [NaN, Infinity, -Infinity, null]) {
    assert.equal(hidden(1, bad, ["linear", "linear"]), 1, `y ${bad}`);
    assert.equal(hidden(bad, 1, ["linear", "linear"]), 1, `x ${bad}`);
  }
  for (const value of [0, -1]) {
    assert.equal(hidden(value, value, ["linear", "linear"]), 0);
    assert.equal(hidden(1, value, ["log", "log"]), 1, `y ${value}`);
    assert.equal(hidden(value, 1, ["log", "log"]), 1, `x ${value}`);
  }
  assert.equal(hidden(1e-9, 1e-9, ["log", "log"]), 0);
  // A row without one of the two was not measured.
  assert.equal(readSeries(spec("linear", "linear"), rowsOf([{ x: cell(1) }])).hidden, 0);
});

Deno.test("an interval is shown whole or not at all, and counted where it was asked for", () => {
  const read = (ends: [number, number] | [], y: "linear" | "log", marks: PlotSpec["marks"]) => {
    const rows = rowsOf([{ x: cell(1), y: cell(2, ends) }]);
    const { series: [{ points: [{ low, high }] }], hidden } = readSeries(
      spec("linear", y, { marks }),
      rows,
    );
    return [low, high, hidden];
  };
  const both: PlotSpec["marks"] = ["dot", "interval"];
  assert.deepEqual(read([1, 4], "linear", both), [1, 4, 0]);
  assert.deepEqual(read([-1, 4], "linear", both), [-1, 4, 0]);
  assert.deepEqual(read([-1, 4], "log", both), [NaN, NaN, 1]);
  assert.deepEqual(read([1, Infinity], "linear", both), [NaN, NaN, 1]);
  assert.deepEqual(read([1, Infinity], "linear", ["dot"]), [NaN, NaN, 0]);
  assert.deepEqual(read([], "linear", both), [NaN, NaN, 0]);
});

Deno.test("a model has one style on all pages, whatever its column is called; the names of a plot have styles of their own", () => {
  const named = (column: string, names: string[]) => ({
    plots: [spec(undefined, undefined, { series: column })],
    rows: rowsOf(
      names.map((name, i) => ({ x: cell(i), y: cell(i), [column]: cell(null, [], name) })),
    ),
  });
  const many = Array.from({ length: 20 }, (_, i) => `m${i}`);
  const pages = [
    named("predictor", ["a", "b"]),
    named("model", many),
    named("layer", ["b", "z", "a"]),
    named("state", ["a"]),
  ];
  const styles = stylesOf(pages);
  const read = ({ plots: [plot], rows }: typeof pages[number]) =>
    readStyled(plot, rows, styles).series;
  const style = (page: number, name: string) => {
    const { color, symbol, dash } = read(pages[page]).find((series) => series.name === name)!;
    return [color, symbol, dash];
  };
  assert.deepEqual(style(0, "a"), style(2, "a"));
  assert.deepEqual(style(0, "b"), style(2, "b"));
  assert.equal(styles.get("state\0a") === styles.get("model\0a"), false, "another subject");
  for (const page of pages) {
    const seen = read(page).map(({ color, symbol, dash }) => `${color} ${symbol} ${dash}`);
    assert.equal(new Set(seen).size, seen.length);
  }
  const colors = (page: number, count: number) =>
    new Set(read(pages[page]).slice(0, count).map(({ color }) => color)).size;
  assert.equal(colors(1, 8), 8, "eight colours before one comes again");
  assert.equal(colors(2, 3), 3);
});
