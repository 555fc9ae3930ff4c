/** @file A page for each experiment: hypothesis, verdict, plots, table, method; and more pages for the rows of a long table. */
import { commitText } from "../pipeline/publish/about.ts";
import { tablePages } from "./pages.ts";
import { stylesOf } from "./plot/styles.ts";
import type { Results } from "./results.ts";
import { methodHtml, plotViews, tableView, verdictView } from "./view.ts";
import { prose, sorted } from "./words.ts";

export default function* ({ results }: { results: Results }) {
  const { experiments, commits } = results;
  const styles = stylesOf(experiments);
  for (const [i, experiment] of experiments.entries()) {
    const { id, title, question, hypothesis, command, findings, made, older } = experiment;
    const { found, checked } = sorted(findings);
    const table = tableView(experiment);
    const spans = tablePages(table);
    const rowsOf = (page: number) => ({
      ...table,
      rows: table.rows.slice(spans[page].from, spans[page].to),
    });
    const pages = spans.map(({ from, to }, page) => ({
      text: `Rows ${from + 1} to ${to}`,
      file: page === 0 ? `experiments/${id}.html` : `experiments/${id}/rows-${page + 1}.html`,
    }));
    const shared = {
      ...{ section: "experiment", id, title, question, command, older, pages },
      commit: commitText(experiment.commit, commits),
    };
    yield {
      ...shared,
      layout: "layouts/experiment.vto",
      url: `/${pages[0].file}`,
      root: "../",
      page: 0,
      made,
      hypothesis: prose(hypothesis),
      findings: found.map(prose),
      checks: checked.map(prose),
      description: question,
      verdict: verdictView(experiment),
      table: rowsOf(0),
      plots: plotViews(experiment, styles),
      method: methodHtml(experiment),
      previous: experiments[i - 1],
      next: experiments[i + 1],
    };
    for (const [page, { text, file }] of pages.entries()) {
      if (page === 0) continue;
      yield {
        ...shared,
        layout: "layouts/rows.vto",
        url: `/${file}`,
        root: "../../",
        page,
        title: `${text}: ${title}`,
        experiment: title,
        description: `${text} of the table of ${title}.`,
        table: rowsOf(page),
      };
    }
  }
}
