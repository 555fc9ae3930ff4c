/** @file The front page: the question, what was found, and the main plot. */
import type { Results } from "./results.ts";
import { keepUnits, plotViews, verdictView } from "./view.ts";

export const layout = "layouts/home.vto";

export default function* ({ results }: { results: Results }) {
  const experiments = results.experiments.map((experiment) => ({
    id: experiment.id,
    title: experiment.title,
    question: experiment.question,
    findings: experiment.findings.map(keepUnits),
    verdict: verdictView(experiment),
  }));
  const main = results.experiments.find((experiment) => plotViews(experiment).length);
  yield {
    url: "/index.html",
    root: "",
    section: "overview",
    profile: results.profile,
    experiments,
    main: main && { id: main.id, plot: plotViews(main)[0] },
  };
}
