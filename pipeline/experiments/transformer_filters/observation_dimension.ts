/**
 * @file Does a smaller observation make filtering harder, and patching more important? (transformer-filters, experiment 4)
 */
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { tableOf } from "../../table/table.ts";
import { mean, meanOver, minus } from "../../table/values.ts";
import { judge, percent, ruleOf } from "../../table/verdict.ts";
import * as columns from "./shared/columns.ts";
import { patchRuns, settingOf, settingsOf } from "./shared/filtering.ts";
import * as sizes from "./shared/patch_sizes.ts";
import { agreement } from "./shared/predictors.ts";

export const meta: ExperimentMeta = {
  id: "observation-dimension",
  title: "Observed dimensions against patch size",
  question:
    "Is a system harder to filter when less of its state is observed, and do patches make up for it?",
  hypothesis: "Fewer observed dimensions make the task harder, and patching more important.",
  method:
    "Diagonal systems of 64 latent dimensions observed through 1 to 16 channels, scaled to unit variance. The Transformer, its training and " +
    "the next-patch loss are those of the patching experiment; patch sizes are compared **aligned**, one step ahead after 32, 64, ... " +
    "224 observations. Difficulty is what is left of the gap without patches; the importance of patching is the gap closed " +
    "with patches of 8 minus that without.",
};

/** Tags: lambda, obs (observed dimensions), and of models `patch`. */
export const grid: Grid = (g, profile) => {
  const dimensions = profile.pick({ smoke: [1, 8], standard: [1, 2, 4, 8, 16] });
  const patches = profile.pick({
    smoke: [1, 8],
    standard: [1, 8, 32],
    paper: [1, 2, 4, 8, 16, 32],
  });
  return g.table(
    settingsOf(profile).flatMap(({ lambda }) =>
      dimensions.flatMap((obs) =>
        patchRuns(g, settingOf(profile, { lambda, obs }, { lambda, obsDim: obs }), patches)
      )
    ),
  );
};

const rule = ruleOf(
  "gap closed without patches, aligned, with the most observed dimensions minus with the fewest; and the importance of patches of " +
    `${sizes.patched} with the fewest minus with the most; means over lambdas.`,
);

/** The table: one row for each lambda, number of observed dimensions, and patch size. */
export function summarize(runs: Runs): Summary {
  const [lambdas, dimensions] = [runs.tagsOf("lambda"), runs.tagsOf("obs")];
  const [fewest, most] = [dimensions[0], dimensions.at(-1)!];
  const settings = lambdas.flatMap((lambda) => dimensions.map((obs) => ({ lambda, obs })));
  const closed = (lambda: number, obs: number, p: number) =>
    sizes.aligned(runs, { lambda, obs }, p);
  const gained = (lambda: number, obs: number) => sizes.importance(runs, { lambda, obs });
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
    verdict: judge(rule, [
      {
        what: `gap closed without patches, ${most} observed dimensions minus ${fewest}`,
        differences: meanOver(lambdas.map((l) => minus(closed(l, most, 1), closed(l, fewest, 1)))),
      },
      {
        what: `importance of patching, ${fewest} observed dimensions minus ${most}`,
        differences: meanOver(lambdas.map((l) => minus(gained(l, fewest), gained(l, most)))),
      },
    ]),
    findings: [said.join(" "), agreement(runs)],
    plots: [
      sizes.patchPlot(runs, "observed dimensions", "obs", "observed dimensions", "predictor"),
    ],
  };
}
