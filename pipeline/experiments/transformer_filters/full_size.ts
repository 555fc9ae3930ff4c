/**
 * @file One configuration of transformer-filters at the full size of the paper profile, trained on a processor: what the paper profile costs, and
 * whether size changes the picture.
 */
import type { Grid } from "../../graph.ts";
import { profileOf } from "../../profiles.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, tableOf } from "../../table/table.ts";
import { mean, minus } from "../../table/values.ts";
import { judge, percent, ruleOf } from "../../table/verdict.ts";
import * as columns from "./shared/columns.ts";
import { baselineRuns, modelRuns, patchTransformer } from "./shared/filtering.ts";
import { agreement, gap, modelOf, type Predictor, zeroOf } from "./shared/predictors.ts";

export const meta: ExperimentMeta = {
  id: "full-size",
  title: "Full size, once",
  question:
    "Does a Transformer of 4 layers and width 256 do better than the small ones of the other experiments?",
  hypothesis: "A larger Transformer that sees more sequences closes more of the gap.",
  method:
    "One configuration of the paper profile (4 layers, width 256, 4 heads, sequences of 256, patches of 16, 2,000 steps of 32 " +
    "sequences, learning rate by successive halving, 8,192 rollouts), on one diagonal system, beside the small Transformer of " +
    "the same patch size. The other configurations of that profile differ in lambda, structure, patch and observed " +
    "dimensions; `deno task pipeline --profile paper --estimate` prints what they would cost on the machine at hand.",
};

const lambda = 0.99;

/** Tags: of models `size`. */
export const grid: Grid = (g, profile) => {
  const patch = 16;
  const full = profileOf(profile.pick({ smoke: "smoke", quick: "quick", standard: "paper" }));
  const setting = { tags: { lambda }, distribution: { lambda }, systems: [0] };
  return g.table([
    ...baselineRuns(g, setting, { far: true }),
    ...modelRuns(g, setting, { size: "small" }, patchTransformer(profile, patch), "own"),
    ...modelRuns(g, setting, { size: "full" }, patchTransformer(full, patch), "own"),
  ]);
};

const rule = ruleOf("gap closed of the next patch, full size minus small.");

export function summarize(runs: Runs): Summary {
  const [small, full] = ["small", "full"].map((size) => modelOf(runs, { size }));
  const rows: { label: string; predictor: Predictor }[] = [
    { label: "zero", predictor: zeroOf(runs, { lambda }) },
    { label: "Transformer of the other experiments", predictor: small },
    { label: "Transformer of full size", predictor: full },
  ];
  const scores = [columns.nextPatchRatio, columns.rawRatio, columns.gapClosed];
  const closed = (predictor: Predictor) => percent(mean(predictor.oneStep(gap)));
  return {
    ...tableOf(rows, [
      columns.predictor,
      {
        ...columns.alignedRatio,
        label: "one step: loss / Kalman",
        note: "After 32, 64, ... 224 observations; that of zero at all tokens.",
      },
      ...scores.map((column) =>
        onlyIf(({ predictor }) => predictor.training !== undefined, column)
      ),
      ...columns.horizonRatios,
      columns.parameters,
      columns.tokens("Observations trained on."),
      columns.steps,
      columns.learningRate,
      {
        id: "seconds",
        label: "seconds to train",
        format: "seconds",
        note: "On one core.",
        of: ({ predictor }) =>
          predictor.observed?.("training", { name: "step seconds", times: "steps" }),
      },
    ]),
    verdict: judge(rule, [{
      what: "gap closed, full size minus small",
      differences: minus(full.oneStep(gap), small.oneStep(gap)),
    }]),
    findings: [
      `On one system at lambda ${lambda} the Transformer of full size closes ${
        closed(full)
      } of the ` +
      `next patch's gap, the small one ${closed(small)}.`,
      agreement(runs),
    ],
    plots: [{
      id: "gap-closed",
      title: "Gap closed of the next patch",
      caption: "One system, an illustration.",
      x: { column: "predictor", label: "predictor", scale: "band" },
      y: { column: "gap_closed", label: "gap closed" },
      marks: ["dot"],
    }],
  };
}
