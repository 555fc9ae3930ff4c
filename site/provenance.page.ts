/** @file For each experiment, the jobs behind every cell of its table. */
import type { Results } from "./results.ts";
import { cellSources, jobViews } from "./view.ts";

export const layout = "layouts/provenance.vto";

export default function* ({ results }: { results: Results }) {
  for (const experiment of results.experiments) {
    yield {
      url: `/provenance/${experiment.id}.html`,
      root: "../",
      section: "provenance",
      id: experiment.id,
      title: `Provenance: ${experiment.title}`,
      experiment: experiment.title,
      description: `The jobs behind every number of ${experiment.title}.`,
      older: experiment.older,
      rows: cellSources(experiment),
      jobs: jobViews(experiment, results),
    };
  }
}
