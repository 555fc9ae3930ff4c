/**
 * @file Does patching matter more as memory grows, and less when the state matrix is diagonal? (transformer-filters,
 * experiment 3)
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
import { distributionOf, type StructureId, structures } from "./shared/structures.ts";

export const meta: ExperimentMeta = {
  id: "patching",
  title: "Patch size against memory and structure",
  question: "When is it worth reading several observations as one token?",
  hypothesis:
    "Patching becomes more important as lambda grows, and is less important when the state matrix is diagonal.",
  method:
    "A token is a patch of observations and predicts the next patch; the loss of its j-th offset is divided by the Kalman filter's " +
    "own j-step variance, so that 1 is the optimum for every patch size. Diagonal systems against dense ones of condition " +
    "100 on the same eigenvalues.\n\n" +
    "The scores of different patch sizes on their own patches are scores of different forecasts. So patch sizes are compared on the " +
    "same ones: **aligned** is one step ahead after 32, 64, ... 224 observations, where every patch size has a boundary. The importance of " +
    "patching is the gap closed with patches of 8 minus that without, aligned.",
};

const compared: StructureId[] = ["diagonal", "condition-100"];

/** Tags: lambda, structure, and of models `patch`. */
export const grid: Grid = (g, profile) => {
  const patches = profile.pick({ smoke: [1, 8], standard: [1, 2, 4, 8, 16, 32] });
  return g.table(
    settingsOf(profile).flatMap(({ lambda }) =>
      compared.flatMap((structure) => {
        const distribution = distributionOf(lambda, structure);
        return patchRuns(g, settingOf(profile, { lambda, structure }, distribution), patches);
      })
    ),
  );
};

const rule = ruleOf(
  `the importance of patches of ${sizes.patched} at the largest minus at the smallest lambda, the mean over structures; and that on dense ` +
    "minus that on diagonal systems, the mean over lambdas. With one lambda only the second.",
);

/** The table: one row for each lambda, structure and patch size. */
export function summarize(runs: Runs): Summary {
  const lambdas = runs.tagsOf("lambda");
  const [smallest, largest] = [lambdas[0], lambdas.at(-1)!];
  const settings = lambdas.flatMap((lambda) =>
    compared.map((structure) => ({ lambda, structure }))
  );
  const gained = (lambda: number, structure: StructureId) =>
    sizes.importance(runs, { lambda, structure });
  const memory = {
    what: `importance of patching at lambda ${largest} minus at ${smallest}`,
    differences: meanOver(compared.map((s) => minus(gained(largest, s), gained(smallest, s)))),
  };
  const density = {
    what: "importance of patching, dense minus diagonal",
    differences: meanOver(
      lambdas.map((l) => minus(gained(l, "condition-100"), gained(l, "diagonal"))),
    ),
  };
  const best = settings.map((setting) => {
    const closed = (patch: number) => mean(sizes.aligned(runs, setting, patch));
    const top = runs.tagsOf("patch").reduce((a, b) => closed(b) > closed(a) ? b : a);
    return `${top} at lambda ${setting.lambda}, ${structures[setting.structure].label} ` +
      `(${percent(closed(top))} against ${percent(closed(1))} without)`;
  });
  return {
    ...tableOf(settings.flatMap((setting) => sizes.patchRows(runs, setting, () => "Transformer")), [
      columns.lambda,
      columns.structure,
      ...sizes.patchColumns(),
    ]),
    verdict: judge(rule, lambdas.length > 1 ? [memory, density] : [density]),
    findings: [
      `The patch size that closes most of the gap one step ahead: ${best.join("; ")}.`,
      agreement(runs),
    ],
    plots: [sizes.patchPlot(runs, "patch size", "patch", "patch", "structure")],
  };
}
