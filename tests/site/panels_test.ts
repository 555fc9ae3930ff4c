/** @file Plots in panels, read from their SVG without a browser. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { publish } from "../../pipeline/publish/publish.ts";
import type { PlotSpec } from "../../pipeline/results.ts";
import { drawPlot } from "../../site/plot/draw.ts";
import { stylesOf } from "../../site/plot/styles.ts";
import { arrange } from "../../site/plot/panels.ts";
import { type ExperimentResult, readResults } from "../../site/results.ts";
import { leaderboard } from "./fixtures/leaderboard.ts";

async function published(): Promise<ExperimentResult[]> {
  const folder = await mkdtemp(join(tmpdir(), "panels-"));
  try {
    return (await readResults((await publish(leaderboard(), folder)).folder)).experiments;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const [table, rollouts] = await published();

// deno-lint-ignore no-explicit-any -- linkedom has no types for its elements
function elements(svg: string, selector: string): any[] {
  // deno-lint-ignore no-explicit-any -- as above
  const { document } = parseHTML(`<html><body>${svg}</body></html>`) as any;
  return [...document.querySelectorAll(selector)];
}

/** Texts of a group of the drawing where they stand, in the order of reading. */
function texts(svg: string, selector: string) {
  return elements(svg, `${selector} text`).map((e) => {
    const place = (node: { getAttribute(name: string): string | null }) =>
      /translate\(([-\d.]+),? ?([-\d.]+)?\)/.exec(node.getAttribute("transform") ?? "") ??
        [0, 0, 0];
    let [x, y] = [0, 0];
    for (let node = e; node?.getAttribute; node = node.parentNode) {
      const [, dx, dy] = place(node);
      x += Number(dx ?? 0);
      y += Number(dy ?? 0);
    }
    return { text: e.textContent as string, x: Math.round(x), y: Math.round(y) };
  }).sort((a, b) => a.y - b.y || a.x - b.x);
}

const drawn = (spec: PlotSpec, result: ExperimentResult) =>
  drawPlot(spec, result, stylesOf([{ ...result, plots: [spec] }]));

const X = "[data-part='x-axis tick label']";
const Y = "[data-part='y-axis tick label']";

Deno.test("panels stand in rows of equal length, below each other on a phone", () => {
  const names = (n: number) =>
    new Map(Array.from({ length: n }, (_, i) => [`f${i}`, `Facet ${i}`]));
  const shape = (n: number, atMost: number) => {
    const { rows, columns } = arrange(names(n), atMost, 700)!;
    return [columns, rows];
  };
  assert.equal(arrange(new Map(), 4, 700), undefined);
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => shape(n, 4)), [
    ...[[1, 1], [2, 1], [3, 1], [4, 1], [3, 2], [3, 2], [4, 2], [4, 2], [3, 3]],
  ]);
  assert.deepEqual(shape(5, 1), [1, 5]);
  const { at, everywhere } = arrange(names(5), 4, 700)!;
  const places = everywhere([{ y: 1 }]).map((d) => [at.fx(d), at.fy(d), d.y]);
  assert.deepEqual(places, [[0, 0, 1], [1, 0, 1], [2, 0, 1], [0, 1, 1], [1, 1, 1]]);
});

Deno.test("every facet has a panel with its name; scales are shared; no tick is lost", () => {
  const [spec] = rollouts.plots;
  const { wide, narrow, direct, legend } = drawn(spec, rollouts);
  const lambdas = ["0.36", "0.68", "0.84", "0.92", "0.96", "0.98", "0.99"];
  const titles = lambdas.map((v) => `λ ${v}`);
  for (const svg of [wide, narrow]) {
    assert.deepEqual(texts(svg, ".panel-title").map((t) => t.text), titles);
  }
  assert.equal(direct, false, "a legend names the series, once for all panels");
  assert.equal(legend.length, 9);
  // Two rows: ticks of y at the left of each, at the same height in the row and with the same names.
  const y = texts(wide, Y);
  assert.deepEqual(
    y.slice(0, y.length / 2).map((t) => t.text),
    y.slice(y.length / 2).map((t) => t.text),
  );
  // One axis below each column of panels, with all six horizons; on a phone below each panel.
  const horizons = ["2", "4", "8", "16", "32", "64"];
  assert.deepEqual(texts(wide, X).map((t) => t.text), Array(4).fill(horizons).flat());
  assert.deepEqual(texts(narrow, X).map((t) => t.text), Array(7).fill(horizons).flat());
  assert.equal((wide.match(/horizon \(steps\)<\/text>/g) ?? []).length, 1);
  // A logarithmic axis ends where the data do: 1 to 1.7 is no decade.
  assert.ok(!y.some((t) => t.text === "10"), JSON.stringify(y));
  assert.match(wide, /aria-label="[^"]* in a panel for each of λ 0\.36, λ 0\.68/);
  // The reference line is in every panel.
  assert.equal(elements(wide, ".reference line").length, 7);
});

Deno.test("shares are written as percentages on both axes", () => {
  const spec = (x: string, y: string): PlotSpec => ({
    ...{ id: "p", title: "t", caption: "", marks: ["dot"], facet: "model" },
    x: { column: x, label: x },
    y: { column: y, label: y },
  });
  const across = drawn(spec("gap", "ratio"), table).wide;
  assert.ok(
    texts(across, X).every((t) => /^−?\d+ %$/.test(t.text)),
    JSON.stringify(texts(across, X)),
  );
  assert.ok(texts(across, Y).every((t) => !t.text.includes("%")));
  const up = drawn(spec("ratio", "gap"), table).wide;
  assert.ok(texts(up, Y).every((t) => /^−?\d+ %$/.test(t.text)));
  // A long title is cut to the width of its panel.
  assert.ok(texts(up, ".panel-title").every((t) => t.text.length <= 25));
});
