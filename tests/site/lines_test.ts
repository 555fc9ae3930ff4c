/** @file Plots over many names, read from their SVG: a line for each name, values where the axis has them. */
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import type { PlotSpec } from "../../pipeline/results.ts";
import { drawPlot } from "../../site/plot/draw.ts";
import { stylesOf } from "../../site/plot/styles.ts";
import type { CellResult, ExperimentResult } from "../../site/results.ts";

const cell = (text: string, value: number | null, half = 0): CellResult => ({
  ...{ kind: value === null ? "label" : "measured", n: null, text, interval: null, runs: [] },
  ...{
    value,
    low: value === null || !half ? null : value - half,
    high: half ? value! + half : null,
  },
});
const spec: PlotSpec = {
  ...{ id: "gap", title: "Gap closed", caption: "c", marks: ["dot", "interval"] },
  x: { column: "layer", label: "layer", scale: "band" },
  y: { column: "gap", label: "gap closed" },
  rules: [{ y: 1, label: "optimum" }],
};
/** Every third name has an interval of .1 on either side. */
const tableOf = (count: number) =>
  ({
    ...{ id: "t", title: "T", plots: [spec] },
    columns: [{ id: "layer", label: "layer" }, { id: "gap", label: "gap", format: "percent" }],
    rows: Array.from({ length: count }, (_, i) =>
      new Map([
        [
          "layer",
          cell(i === 3 ? "a name that is much longer than there is room for" : `L${i}`, null),
        ],
        ["gap", cell(`${i}`, i / count, i % 3 === 0 ? 0.1 : 0)],
      ])),
  }) as unknown as ExperimentResult;
const drawn = (count: number, change: Partial<PlotSpec> = {}) => {
  const result = tableOf(count);
  const changed = { ...spec, ...change };
  return drawPlot(changed, result, stylesOf([{ ...result, plots: [changed] }]));
};

// deno-lint-ignore no-explicit-any -- linkedom has no types for its elements
const elements = (svg: string, selector: string): any[] => [
  // deno-lint-ignore no-explicit-any -- as above
  ...(parseHTML(`<html><body>${svg}</body></html>`) as any).document.querySelectorAll(selector),
];
const names = (svg: string) =>
  elements(svg, "[data-part='y-axis tick label'] text").map((e) => e.textContent as string);
const heightOf = (svg: string) => Number(elements(svg, "svg")[0].getAttribute("height"));
/** Where the dots stand, from top to bottom. */
const places = (svg: string) =>
  elements(svg, "[data-part='dot'] > *").map((e) =>
    e.getAttribute("cx") === null
      ? /translate\(([-\d.]+),([-\d.]+)\)/.exec(e.getAttribute("transform"))!.slice(1).map(Number)
      : ["cx", "cy"].map((name) => Number(e.getAttribute(name)))
  );

Deno.test("more names than stand side by side have a line each, in the order of the table", () => {
  for (const svg of [drawn(40).wide, drawn(40).narrow]) {
    const found = names(svg);
    assert.equal(found.length, 40);
    assert.deepEqual([found[0], found[1], found[39]], ["L0", "L1", "L39"]);
    assert.match(found[3], /^a name.*…$/);
    const dots = places(svg);
    assert.equal(dots.length, 40);
    dots.slice(1).forEach(([x, y], i) => {
      // Below the one before, 16 to 18 pixels, and further along the axis, by as much as any other.
      assert.ok(y - dots[i][1] > 15 && y - dots[i][1] < 19, `${i}: ${y}`);
      assert.ok(Math.abs(x - dots[i][0] - (dots[39][0] - dots[0][0]) / 39) < 0.2, `${i}: ${x}`);
    });
    // 40 of 120 have intervals; the optimum is a line from top to bottom.
    assert.equal(elements(svg, ".series[data-part='rule'] line").length, 14);
    assert.equal(elements(svg, ".reference line").length, 1);
    assert.ok(heightOf(svg) > 40 * 16);
  }
  assert.deepEqual([drawn(40).tall, drawn(24).tall], [true, false]);
  assert.match(drawn(40).wide, /<title>L3?9: /);
  assert.match(elements(drawn(40).wide, "svg")[0].outerHTML, /gap closed/);
});

Deno.test("few names, bars and panels stay side by side", () => {
  assert.ok(heightOf(drawn(24).wide) < 600);
  assert.equal(names(drawn(25).wide).length, 25);
  // So few numbers that they do not touch, whatever the span.
  const ticks = elements(drawn(88).wide, "[data-part='x-axis tick label'] text");
  assert.ok(ticks.length >= 6 && ticks.length <= 14, String(ticks.length));
  // From left to right, not from top to bottom.
  const dots = places(drawn(24).wide);
  assert.ok(dots.slice(1).every(([x, y], i) => x > dots[i][0] && y < dots[i][1]));
  assert.ok(heightOf(drawn(40, { marks: ["bar"] }).wide) < 600);
  assert.ok(names(drawn(40, { marks: ["bar"] }).wide).length < 12);
});
