/** @file A page for each experiment: hypothesis, verdict, table, plots, method. */
import type { Results } from "./results.ts";
import { methodHtml, plotViews, tableView, verdictView } from "./view.ts";
import { prose, sorted } from "./words.ts";

export const layout = "layouts/experiment.vto";

export default function* ({ results }: { results: Results }) {
  const { experiments, profile } = results;
  for (const [i, experiment] of experiments.entries()) {
    const { id, title, question, hypothesis, command, findings, made, older } = experiment;
    const { found, checked } = sorted(findings);
    yield {
      url: `/experiments/${id}.html`,
      root: "../",
      section: "experiment",
      ...{ id, title, question, command, made, older, profile },
      hypothesis: prose(hypothesis),
      findings: found.map(prose),
      checks: checked.map(prose),
      description: question,
      verdict: verdictView(experiment),
      table: tableView(experiment),
      plots: plotViews(experiment),
      method: methodHtml(experiment),
      previous: experiments[i - 1],
      next: experiments[i + 1],
    };
  }
}
