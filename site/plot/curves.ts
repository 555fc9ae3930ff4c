/** @file Training curves as small multiples: the loss of every seed on one task. */
import * as Plot from "@observablehq/plot";
import type { Drawn } from "../../lib/plot/document.ts";
import { short } from "../../lib/plot/labels.ts";
import type { Curve } from "../results.ts";
import { finished } from "./finish.ts";
import { svgDocument } from "./svg_document.ts";

/** One panel; rows of a table (a layer and its variants) have a colour each. */
export function drawCurves(task: string, curves: readonly Curve[]): string {
  const rows = [...new Set(curves.map(({ row }) => row))];
  const losses = curves.flatMap(({ points }) => points.map(({ loss }) => loss));
  if (!losses.length) return "";
  const log = Math.min(...losses) > 0;
  const svg = Plot.plot({
    document: svgDocument(),
    ...{ className: "plot", width: 340, height: 200 },
    ...{ marginLeft: 54, marginRight: 12, marginTop: 26, marginBottom: 40 },
    x: { label: "step", labelAnchor: "center", labelArrow: "none", tickSize: 0, ticks: 4 },
    y: {
      ...{ label: "loss", labelArrow: "none", type: log ? "log" : "linear", grid: true },
      ...{ ticks: 4, tickSize: 0, tickFormat: short },
    },
    marks: curves.map(({ row, points }) =>
      Plot.lineY(points, {
        ...{ x: "step", y: "loss", strokeWidth: 1.5, strokeOpacity: 0.8 },
        stroke: `var(--series-${rows.indexOf(row) % 8 + 1})`,
      })
    ),
  }) as unknown as Drawn;
  return finished(svg, `Loss on ${task} against training steps, a line for each seed.`);
}
