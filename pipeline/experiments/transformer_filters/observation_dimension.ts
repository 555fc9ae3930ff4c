/**
 * @file Does a smaller observation make filtering harder, and patching more important? (transformer-filters, experiment 4)
 */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { tableOf } from "../../table/table.ts";
import { contrastMinus, effectOf, openRatio } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import { mean } from "../../table/values.ts";
import { percent } from "../../table/verdict.ts";
import { completed, tunedRates } from "./shared/checks.ts";
import * as columns from "./shared/columns.ts";
import { patchRuns, settingOf } from "./shared/filtering.ts";
import * as sizes from "./shared/patch_sizes.ts";
import { agreement } from "./shared/predictors.ts";
import { medium } from "./shared/settings.ts";
import { judged } from "./shared/systems.ts";

export const meta: ExperimentMeta = {
  id: "observation-dimension",
  earlier: { outcome: "supported", on: "five systems and by another rule", commit: "5b1f974" },
  title: "Observed dimensions against patch size",
  question:
    "Is a system harder to filter when less of its state is observed, and do patches make up for it?",
  hypothesis:
    "With the fewest observed dimensions a larger fraction of the gap is open without patches than with the most, and patches of 8 lessen it by a larger " +
    "factor.",
  method:
    "Diagonal systems of 64 latent dimensions observed through 1, 2, 4 and 16 channels, scaled to unit variance. The Transformer, its training and " +
    "the next-patch loss are those of the patching experiment; patch sizes are compared **aligned**, one step ahead after 32, 64, ... " +
    "224 observations. Difficulty is the open fraction without patches; the importance of patching is that without patches over that with " +
    "patches of 8. All at lambda .92.",
};

/** Tags: lambda, obs (observed dimensions), and of models `patch`. */
export const grid: Grid = (g, profile) => {
  const { lambda } = medium;
  const dimensions = profile.pick({ smoke: [1, 2], standard: [1, 2, 4, 16] });
  const patches = profile.pick({ smoke: [1, 8], standard: [1, 8, 32] });
  return g.table(
    dimensions.flatMap((obs) =>
      patchRuns(g, settingOf(profile, { lambda, obs }, { lambda, obsDim: obs }), patches)
    ),
  );
};

const hypothesis: Hypothesis = {
  unit: "system",
  seeds: judged,
  clauses: [
    {
      what:
        "open fraction without patches, with the fewest over that with the most observed dimensions",
      metric: "open fraction",
      scale: "factor",
    },
    {
      what:
        `importance of patches of ${sizes.patched}, with the fewest over that with the most observed dimensions`,
      metric: "open fraction",
      scale: "factor",
    },
  ],
};

/** The table: one row for each lambda, number of observed dimensions, and patch size. */
export function summarize(runs: Runs): Summary {
  const [lambdas, dimensions] = [runs.tagsOf("lambda"), runs.tagsOf("obs")];
  const [fewest, most] = [dimensions[0], dimensions.at(-1)!];
  const settings = lambdas.flatMap((lambda) => dimensions.map((obs) => ({ lambda, obs })));
  const closed = (lambda: number, obs: number, p: number) =>
    sizes.aligned(runs, { lambda, obs }, p);
  const [lambda] = lambdas;
  const open = (obs: number) => sizes.openAligned(runs, { lambda, obs }, 1);
  const gained = (obs: number) => sizes.importance(runs, { lambda, obs });
  const said = lambdas.map((lambda) => {
    const of = (obs: number, patch: number) => percent(mean(closed(lambda, obs, patch)));
    return `At lambda ${lambda} the Transformer closes ${
      of(fewest, 1)
    } of the gap one step ahead ` +
      `with ${fewest} observed ${fewest === 1 ? "dimension" : "dimensions"} and ${of(most, 1)} ` +
      `with ${most}; with patches of ${sizes.patched} it is ${of(fewest, sizes.patched)} and ` +
      `${of(most, sizes.patched)}.`;
  });
  const rows = settings.flatMap((s) => sizes.patchRows(runs, s, (p) => `Transformer, patch ${p}`));
  return {
    ...tableOf(rows, [
      columns.lambda,
      { id: "obs", label: "observed dimensions", of: ({ obs }) => obs },
      ...sizes.patchColumns(),
    ]),
    verdict: verdictOf(hypothesis, [
      effectOf(openRatio(open(fewest), open(most))),
      effectOf(contrastMinus(gained(fewest), gained(most))),
    ]),
    findings: [said.join(" "), tunedRates(runs), completed(runs), agreement(runs)],
    plots: [
      sizes.patchPlot(runs, "observed dimensions", "obs", "observed dimensions", "predictor"),
    ],
  };
}
