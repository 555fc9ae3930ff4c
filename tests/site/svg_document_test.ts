/** @file The document that plots are drawn in: what Plot draws in it is what it draws in a DOM, byte for byte. */
import * as Plot from "@observablehq/plot";
import assert from "node:assert/strict";
import { emptyDocument } from "../../lib/plot/document.ts";
import { svgDocument } from "../../site/plot/svg_document.ts";

const POINTS = Array.from({ length: 12 }, (_, i) => ({
  ...{ x: i + 1, y: Math.sin(i) + 2, low: Math.sin(i) + 1, high: Math.sin(i) + 3 },
  ...{ name: `model ${i % 3} < 2`, facet: `panel ${i % 2}` },
}));

const PLOTS: Record<string, Plot.PlotOptions> = {
  "lines, dots and intervals": {
    x: { label: "step" },
    y: { type: "log", grid: true, tickFormat: (y: number) => `${y} & more` },
    marks: [
      Plot.ruleY([1], { strokeDasharray: "2 3", className: "reference" }),
      Plot.areaY(POINTS, { x: "x", y1: "low", y2: "high", fillOpacity: 0.2 }),
      Plot.ruleX(POINTS, { x: "x", y1: "low", y2: "high" }),
      Plot.lineY(POINTS, { x: "x", y: "y", z: "name", stroke: "var(--series-1)" }),
      Plot.dot(POINTS, {
        x: "x",
        y: "y",
        symbol: "square",
        title: (p: { name: string }) => p.name,
      }),
      Plot.text(POINTS, {
        x: "x",
        y: "y",
        text: (p: { name: string }) => `${p.name}\nin two lines`,
      }),
    ],
  },
  "bars in panels": {
    fx: { label: null },
    marks: [
      Plot.barY(POINTS, { x: "x", y: "y", fx: "facet", fill: "name" }),
      Plot.axisX({ anchor: "bottom", label: "group" }),
      Plot.tickY(POINTS, { x: "x", y: "high", fx: "facet" }),
    ],
  },
  "nothing": { marks: [Plot.dot([], { x: "x", y: "y" })] },
};

for (const [name, options] of Object.entries(PLOTS)) {
  Deno.test(`${name}: the same as in a DOM`, () => {
    const [ours, dom] = [svgDocument(), emptyDocument()].map((document) =>
      // deno-lint-ignore no-explicit-any -- an element of either
      Plot.plot({ document, className: "plot", ...options }) as any
    );
    assert.equal(ours.outerHTML, dom.outerHTML);
    for (const tag of ["g", "text", "path", "title", "style"]) {
      const texts = [ours, dom].map((svg) =>
        Array.from(svg.querySelectorAll(tag) as { textContent: string }[], (e) => e.textContent)
      );
      assert.deepEqual(...texts as [string[], string[]]);
    }
  });
}

Deno.test("elements are put, moved and taken away; what they say is escaped", () => {
  const document = svgDocument();
  const make = (name: string) => document.createElementNS("http://www.w3.org/2000/svg", name);
  const [svg, a, b, c] = [document.documentElement, make("a"), make("b"), make("c")];
  svg.appendChild(a);
  svg.insertBefore(b, a);
  svg.appendChild(c);
  svg.insertBefore(c, b); // it stands at one place only
  assert.equal(svg.outerHTML, "<svg><c /><b /><a /></svg>");
  b.remove();
  assert.deepEqual([b.parentNode, svg.children.length], [null, 2]);
  a.setAttribute("title", `"<&>"`);
  a.setAttribute("x", 0);
  a.setAttribute("title", `'"&`);
  a.textContent = "1 < 2\u00a0& so on";
  assert.equal(a.outerHTML, `<a x="0" title="'&quot;&amp;">1 &lt; 2&#160;&amp; so on</a>`);
  a.removeAttribute("x");
  assert.deepEqual([a.hasAttribute("x"), a.getAttribute("x"), a.getAttribute("title")], [
    ...[false, null, `'"&`],
  ]);
  assert.equal(svg.textContent, "1 < 2\u00a0& so on");
  svg.textContent = null;
  assert.deepEqual([svg.outerHTML, a.parentNode], ["<svg />", null]);
});

Deno.test("what is no part of a drawing is refused", () => {
  const document = svgDocument();
  assert.throws(
    () => document.createElementNS("http://www.w3.org/1999/xhtml", "p"),
    /<p> of .*xhtml/,
  );
  assert.throws(() => document.documentElement.querySelector("style"), /There is no <style>/);
  assert.throws(() => document.documentElement.querySelectorAll("[title]"), /is no name/);
});
