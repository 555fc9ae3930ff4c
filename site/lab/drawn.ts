/** @file Drawings of the lab: as wide as the page has room, in its colours. */
import * as Plot from "@observablehq/plot";
import type { Drawn } from "../../lib/plot/document.ts";
import { finished } from "../plot/finish.ts";

/** How wide a drawing is, and what it is made in. */
export interface Place {
  /** In pixels. */
  width: number;
  /** The page's. */
  document: unknown;
}

/** The drawing as text. @param described what is read aloud of it */
export function drawn(
  options: Plot.PlotOptions,
  { width, document }: Place,
  described: string,
): string {
  const svg = Plot.plot({
    ...{ width, document: document as never, className: "plot", marginTop: 8, marginRight: 12 },
    ...{ marginBottom: 38, style: { background: "none", overflow: "visible" } },
    ...options,
  });
  return finished(svg as unknown as Drawn, described);
}
