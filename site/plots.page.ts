/** @file Every plot as files of its own: SVG, wide and for a phone, and CSV. */
import { readFileSync } from "node:fs";
import { readSeries } from "./plot/series.ts";
import { csvOf, standalone } from "./plot/files.ts";
import { stylesOf } from "./plot/styles.ts";
import type { Results } from "./results.ts";
import { plotViews } from "./view.ts";

export default function* ({ results: { experiments } }: { results: Results }) {
  const css = readFileSync(new URL("assets/style.css", import.meta.url), "utf8");
  const styles = stylesOf(experiments);
  for (const experiment of experiments) {
    for (const plot of plotViews(experiment, styles)) {
      const spec = experiment.plots.find(({ id }) => id === plot.id)!;
      yield { url: `/${plot.file}.svg`, content: standalone(plot.wide, css) };
      if (plot.large) {
        yield { url: `/${plot.file}-narrow.svg`, content: standalone(plot.narrow, css) };
      }
      const { series } = readSeries(spec, experiment.rows, styles);
      yield { url: `/${plot.file}.csv`, content: csvOf(series) };
    }
  }
}
