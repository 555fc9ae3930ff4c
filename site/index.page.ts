/** @file The front page: the question, its answer, the figure that carries it, and a row for each experiment. */
import { answersOf } from "./answers.ts";
import { byFamily, type Family } from "./catalogue/families.ts";
import type { Layer } from "./catalogue/layers.ts";
import { agreementOf, compared, type Tables } from "./compare.ts";
import { decidingEffect } from "./effects.ts";
import { termsOf } from "./glossary.ts";
import { drawReach } from "./plot/reach.ts";
import { stylesOf } from "./plot/styles.ts";
import { reachOf } from "./reach.ts";
import type { Results } from "./results.ts";
import { plotViews, verdictView } from "./view.ts";
import { prose, shortened } from "./words.ts";

export const layout = "layouts/home.vto";

interface Data {
  results: Results;
  layers: Layer[];
  families: Family[];
  /** The same tables of another run. */
  other?: Tables;
}

export default function* ({ results, layers, families, other }: Data) {
  const experiments = results.experiments.map((experiment) => ({
    id: experiment.id,
    title: experiment.title,
    hypothesis: shortened(prose(experiment.hypothesis)),
    verdict: verdictView(experiment),
    effect: decidingEffect(experiment),
  }));
  const reach = reachOf(results, layers);
  const styles = stylesOf(results.experiments);
  const first = results.experiments.find(({ plots }) => plots.length);
  yield {
    url: "/index.html",
    root: "",
    section: "overview",
    profile: results.profile,
    count: experiments.length,
    groups: byFamily(experiments, families).map((group) => ({
      ...group,
      tally: tallyOf(group.experiments.map(({ verdict }) => verdict)),
    })),
    agreement: other && agreementOf(compared(results, other)),
    answers: answersOf(results, layers),
    figure: reach
      ? {
        id: "reach",
        title: "How much of the gap is closed",
        caption:
          "The best of its kind on each task of the leaderboard, and linear networks of several depths. Lines are 95 % intervals, cut at the edge.",
        ...{ direct: false, large: false },
        hidden: 0,
        ...drawReach(reach),
      }
      : first && plotViews(first, styles)[0],
    figureLink: reach ? "experiments/leaderboard.html" : first && `experiments/${first.id}.html`,
    words: termsOf("gap-closed", "floor", "optimum", "lambda", "seed"),
  };
}

/** "5 supported, 2 undecided": verdicts, in the order in which they first stand there. */
function tallyOf(verdicts: readonly { label: string }[]): string {
  const counts = Map.groupBy(verdicts, ({ label }) => label.toLowerCase());
  return [...counts].map(([label, { length }]) => `${length} ${label}`).join(", ");
}
