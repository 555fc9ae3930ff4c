/** @file Where dots and intervals of a plot stand, read from its SVG. */
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import type { PlotSpec } from "../../pipeline/results.ts";
import { drawPlot } from "../../site/plot/draw.ts";
import { stylesOf } from "../../site/plot/styles.ts";
import type { CellResult, ExperimentResult } from "../../site/results.ts";

type Row = [x: number, y: number, low: number, high: number];

const cell = (value: number, low: number | null = null, high: number | null = null) =>
  ({
    kind: "measured",
    value,
    low,
    high,
    n: null,
    text: `${value}`,
    interval: null,
    runs: [],
  }) as CellResult;

/** Places of the dots, and of the ends of the intervals, in pixels from the left and from above. */
function places(rows: Row[], scale: "linear" | "log" | undefined) {
  const spec: PlotSpec = {
    ...{ id: "p", title: "t", caption: "", marks: ["dot", "interval"] },
    x: { column: "x", label: "x" },
    y: { column: "y", label: "y", scale },
  };
  const result = {
    columns: [{ id: "x", label: "x" }, { id: "y", label: "y" }],
    rows: rows.map(([x, y, low, high]) => new Map([["x", cell(x)], ["y", cell(y, low, high)]])),
  } as unknown as ExperimentResult;
  const { wide } = drawPlot(spec, result, stylesOf([{ ...result, plots: [spec] }]));
  // deno-lint-ignore no-explicit-any -- linkedom has no types for its elements
  const { document } = parseHTML(`<html>${wide}</html>`) as any;
  const numbers = (selector: string, ...names: string[]): number[][] =>
    // deno-lint-ignore no-explicit-any -- as above
    [...document.querySelectorAll(selector)].map((element: any) =>
      names.map((name) => Number(element.getAttribute(name)))
    );
  return {
    dots: numbers("[data-part='dot'] circle", "cx", "cy"),
    intervals: numbers("[data-part='rule'] line", "y1", "y2")
      .map((ends) => ends.toSorted((a, b) => b - a)),
  };
}

const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 0.1, `${a}, ${b}`);

const cases: [string, "linear" | "log" | undefined, Row[]][] = [
  ["even steps on a linear axis", "linear", [[1, 10, 5, 15], [2, 20, 15, 25], [3, 30, 25, 35]]],
  ["even steps where no scale is named", undefined, [[1, 1, 0, 2], [2, 3, 2, 4], [3, 5, 4, 6]]],
  ["decades on a logarithmic axis", "log", [
    [1, 1, 0.1, 10],
    [2, 100, 10, 1000],
    [3, 1e4, 1e3, 1e5],
  ]],
];
for (const [name, scale, rows] of cases) {
  Deno.test(`dots rise and intervals reach as far as their numbers say: ${name}`, () => {
    const { dots, intervals } = places(rows, scale);
    assert.deepEqual([dots.length, intervals.length], [3, 3]);
    const [[left, low], [centre, middle], [right, high]] = dots;
    assert.ok(left < centre && low > middle);
    near(centre - left, right - centre);
    near(low - middle, middle - high);
    // Each interval reaches half a step down and half a step up.
    const half = (low - middle) / 2;
    intervals.forEach(([bottom, top], i) => {
      near(bottom, dots[i][1] + half);
      near(top, dots[i][1] - half);
    });
  });
}
