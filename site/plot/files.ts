/** @file A plot as files of its own: a drawing that follows the reader's scheme anywhere, and its numbers as CSV. */
import { csvField } from "./csv.ts";
import type { Series } from "./series.ts";

/**
 * A drawing that needs no page around it.
 *
 * @param css the style sheet of the site, whose colours it takes over
 */
export function standalone(svg: string, css: string): string {
  const blocks = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, body]) =>
    [...body.matchAll(/--(?:series-\d+|page|ink|muted|line): [^;]+;/g)].map(([text]) => text).join(
      "",
    )
  );
  const style =
    `svg{${
      blocks[0] ?? ""
    }color:var(--ink);background:var(--page);font-family:system-ui,sans-serif;font-size:13px}` +
    `@media screen and (prefers-color-scheme:dark){svg{${blocks[1] ?? ""}}}` +
    ".halo{paint-order:stroke;stroke:var(--page);stroke-width:4px;stroke-linejoin:round}.reference{stroke:var(--muted)}" +
    '[data-part$="grid"]{stroke:var(--line);stroke-opacity:1}';
  return svg.replace(/^<svg /, '<svg xmlns="http://www.w3.org/2000/svg" ')
    .replace(">", `><style>${style}</style>`) + "\n";
}

/** Every point that is drawn: series, panel, place, value and interval. */
export function csvOf(series: readonly Series[]): string {
  const lines = series.flatMap(({ name, points }) =>
    points.map(({ facet, x, y, low, high }) => [name, facet, x, y, low, high])
  );
  return ["series,panel,x,y,low,high", ...lines.map((line) => line.map(csvField).join())].join(
    "\n",
  ) + "\n";
}
