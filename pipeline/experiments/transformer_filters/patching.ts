/**
 * @file Does patching matter more as memory grows, and less when the state matrix is diagonal? (transformer-filters,
 * experiment 3)
 */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { tableOf } from "../../table/table.ts";
import { contrastMinus, contrastOver, effectOf } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import { mean } from "../../table/values.ts";
import { percent } from "../../table/verdict.ts";
import { completed, tunedRates } from "./shared/checks.ts";
import * as columns from "./shared/columns.ts";
import { patchRuns, settingOf, settingsOf } from "./shared/filtering.ts";
import * as sizes from "./shared/patch_sizes.ts";
import { agreement } from "./shared/predictors.ts";
import { medium } from "./shared/settings.ts";
import { distributionOf, type StructureId, structures } from "./shared/structures.ts";
import { judged } from "./shared/systems.ts";

export const meta: ExperimentMeta = {
  id: "patching",
  earlier: { outcome: "refuted", on: "five systems and by another rule", commit: "5b1f974" },
  title: "Patch size against memory and structure",
  question: "When is it worth reading several observations as one token?",
  hypothesis:
    "Patches of 8 help more at lambda .99 than at .68, and more on dense systems of condition 100 than on diagonal ones: the factor by which they " +
    "lessen the open fraction one step ahead is larger.",
  method:
    "A token is a patch of observations and predicts the next patch; the loss of its j-th offset is divided by the Kalman filter's " +
    "own j-step variance, so that 1 is the optimum for every patch size. Diagonal systems against dense ones of condition " +
    "100 on the same eigenvalues.\n\n" +
    "The scores of different patch sizes on their own patches are scores of different forecasts. So patch sizes are compared on the " +
    "same ones: **aligned** is one step ahead after 32, 64, ... 224 observations, where every patch size has a boundary. The importance of " +
    "patching is the open fraction without patches over that with patches of 8, aligned. All six patch sizes are compared at lambda .92, 1 and 8 at the " +
    "other two. The dense systems are those whose C is matched (diagonal against dense).",
};

const compared: StructureId[] = ["diagonal", "matched-100"];

/** Tags: lambda, structure, and of models `patch`. */
export const grid: Grid = (g, profile) => {
  const patches = (lambda: number) =>
    lambda === medium.lambda
      ? profile.pick({ smoke: [1, 8], standard: [1, 2, 4, 8, 16, 32] })
      : [1, 8];
  return g.table(
    settingsOf(profile).flatMap(({ lambda }) =>
      compared.flatMap((structure) => {
        const distribution = distributionOf(lambda, structure);
        return patchRuns(
          g,
          settingOf(profile, { lambda, structure }, distribution),
          patches(lambda),
        );
      })
    ),
  );
};

const hypothesis: Hypothesis = {
  unit: "system",
  seeds: judged,
  clauses: [
    {
      what:
        `importance of patches of ${sizes.patched}, at the largest over that at the smallest lambda, mean over structures`,
      metric: "open fraction",
      scale: "factor",
    },
    {
      what: `importance of patches of ${sizes.patched}, dense over diagonal, mean over lambdas`,
      metric: "open fraction",
      scale: "factor",
    },
  ],
};

/** The table: one row for each lambda, structure and patch size. */
export function summarize(runs: Runs): Summary {
  const lambdas = runs.tagsOf("lambda");
  const [smallest, largest] = [lambdas[0], lambdas.at(-1)!];
  const settings = lambdas.flatMap((lambda) =>
    compared.map((structure) => ({ lambda, structure }))
  );
  const gained = (lambda: number, structure: StructureId) =>
    sizes.importance(runs, { lambda, structure });
  const memory = contrastOver(
    compared.map((s) => contrastMinus(gained(largest, s), gained(smallest, s))),
  );
  const density = contrastOver(
    lambdas.map((l) => contrastMinus(gained(l, "matched-100"), gained(l, "diagonal"))),
  );
  const best = settings.map((setting) => {
    const closed = (patch: number) => mean(sizes.aligned(runs, setting, patch));
    const top = runs.where(setting).tagsOf("patch").reduce((a, b) => closed(b) > closed(a) ? b : a);
    return `${top} at lambda ${setting.lambda}, ${structures[setting.structure].label} ` +
      `(${percent(closed(top))} against ${percent(closed(1))} without)`;
  });
  return {
    ...tableOf(settings.flatMap((setting) => sizes.patchRows(runs, setting, () => "Transformer")), [
      columns.lambda,
      columns.structure,
      ...sizes.patchColumns(),
    ]),
    verdict: verdictOf(hypothesis, [memory, density].map(effectOf)),
    findings: [
      `The patch size that closes most of the gap one step ahead: ${best.join("; ")}.`,
      tunedRates(runs),
      completed(runs),
      agreement(runs),
    ],
    plots: [sizes.patchPlot(runs, "patch size", "patch", "patch", "structure")],
  };
}
