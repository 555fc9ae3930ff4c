/** @file For each experiment a list of its rows, and for each row the jobs behind its numbers. */
import { commitText } from "../pipeline/publish/about.ts";
import { rowSources } from "./provenance.ts";
import type { Results } from "./results.ts";
import { rowUrl } from "./sources.ts";
import { rowLabel } from "./view.ts";

export default function* ({ results }: { results: Results }) {
  for (const experiment of results.experiments) {
    const { id, title, older, columns, rows, jobs, command } = experiment;
    const labels = rows.map((row, r) => rowLabel(columns, row, r));
    const commit = commitText(experiment.commit, results.commits);
    const page = { section: "provenance", id, experiment: title, older, commit };
    yield {
      ...page,
      layout: "layouts/provenance.vto",
      url: `/provenance/${id}.html`,
      root: "../",
      title: `Provenance: ${title}`,
      description: `The jobs behind every number of ${title}.`,
      rows: labels.map((label, r) => ({ label, href: rowUrl(id, r).replace("provenance/", "") })),
      jobCount: jobs.length,
    };
    for (const [r, label] of labels.entries()) {
      for (const source of rowSources(experiment, r, results)) {
        const part = source.part > 1 ? `, part ${source.part}` : "";
        yield {
          ...page,
          layout: "layouts/source.vto",
          ...source,
          url: `/${source.url}`,
          root: "../../",
          label,
          command,
          title: `${label}${part}: ${title}`,
          description: `The jobs behind the row ${label} of ${title}.`,
          others: Array.from({ length: source.parts }, (_, i) => ({
            part: i + 1,
            href: `${r + 1}${i ? `-${i + 1}` : ""}.html`,
          })),
        };
      }
    }
  }
}
