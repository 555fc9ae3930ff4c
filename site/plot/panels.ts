/**
 * @file Small multiples: where the panels of a plot stand, and what is written over them.
 *
 * All panels share both scales, so they can be compared at a glance. Up to four stand in a row on a wide
 * page; on a phone they stand below each other.
 */
import * as Plot from "@observablehq/plot";
import { fitted } from "../../lib/plot/labels.ts";

export interface Panels {
  columns: number;
  rows: number;
  /** Of one panel, about, in pixels. */
  width: number;
  /** Channels of a mark whose data have a `facet`. */
  at: { fx: (d: Placed) => number; fy: (d: Placed) => number };
  /** What is drawn in every panel: one copy of each for every facet. */
  everywhere<T extends object>(data: T[]): (T & Placed)[];
  titles: Plot.Markish;
}

interface Placed {
  facet: string;
}

/**
 * @param names of the facets, in order, and their titles; none for a plot that is not split
 * @param atMost panels in a row
 * @param across pixels that they share
 */
export function arrange(
  names: Map<string, string>,
  atMost: number,
  across: number,
): Panels | undefined {
  if (!names.size) return undefined;
  const facets = [...names.keys()];
  const rows = Math.ceil(facets.length / atMost);
  // Rows of equal length look better than a full one and a rest.
  const columns = Math.ceil(facets.length / rows);
  const width = across / columns - 12;
  const at = {
    fx: ({ facet }: Placed) => facets.indexOf(facet) % columns,
    fy: ({ facet }: Placed) => Math.floor(facets.indexOf(facet) / columns),
  };
  return {
    columns,
    rows,
    width,
    at,
    everywhere: (data) => facets.flatMap((facet) => data.map((d) => ({ ...d, facet }))),
    titles: Plot.text(facets.map((facet) => ({ facet })), {
      ...at,
      text: ({ facet }: Placed) => fitted(names.get(facet)!, width),
      frameAnchor: "top-left",
      lineAnchor: "bottom",
      dy: -7,
      className: "panel-title",
    }),
  };
}
