/**
 * @file Does a smaller observation make filtering harder, and patching more important? (transformer-filters, experiment 4)
 */
import type { GraphBuilder, JobRef } from "../graph.ts";
import type { Profile } from "../profiles.ts";
import type { ExperimentMeta, Row, Summary } from "../results.ts";
import { baselineRuns, modelRuns, seedsOf, settingsOf, transformer } from "./shared/filtering.ts";
import {
  agreement,
  type Baseline,
  cellOf,
  differenceCell,
  type Evaluated,
  gapColumn,
  judge,
  meanOver,
  type Measured,
  measured,
  minus,
  plotOver,
  ratioColumn,
  ruleOf,
  type Runs,
  scalars,
  valuesOf,
} from "./shared/scores.ts";

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
  command: "deno task pipeline --only observation-dimension",
};

/** The patch size that stands for patching in the verdict, fixed before the runs. */
const patched = 8;

export function grid(g: GraphBuilder, profile: Profile): JobRef {
  const seeds = seedsOf(profile);
  const inputs: Record<string, JobRef> = {};
  const dimensions = profile.pick({ smoke: [1, 8], standard: [1, 2, 4, 8, 16] });
  const patches = profile.pick({
    smoke: [1, 8],
    standard: [1, 8, 32],
    paper: [1, 2, 4, 8, 16, 32],
  });
  for (const { lambda } of settingsOf(profile)) {
    for (const obsDim of dimensions) {
      const law = obsDim === 2 ? { lambda } : { lambda, obsDim };
      const setting = { at: `lambda=${lambda}/obs=${obsDim}`, law, seeds };
      Object.assign(inputs, baselineRuns(g, setting));
      for (const patch of patches) {
        const at = `${setting.at}/patch=${patch}`;
        const contender = transformer(profile, patch === 1 ? {} : { patch });
        Object.assign(inputs, modelRuns(g, { ...setting, at, contender }));
      }
    }
  }
  return g.job(
    "aggregate",
    { experiment: meta.id, path: "pipeline/experiments/observation_dimension.ts" },
    inputs,
    "table",
  );
}

const rule = ruleOf(
  "gap closed without patches, aligned, with the most observed dimensions minus with the fewest; and the importance of patches of " +
    `${patched} with the fewest minus with the most; means over lambdas.`,
);

/** The table: one row for each lambda, number of observed dimensions, and patch size. */
export function summarize(runs: Runs): Summary {
  const [lambdas, seeds, dimensions, patches] = ["lambda", "seed", "obs", "patch"].map((key) =>
    valuesOf(runs, key)
  );
  const at = (lambda: number, obs: number) => `lambda=${lambda}/obs=${obs}`;
  const score = (lambda: number, obs: number, patch: number, pick: (s: Evaluated) => number) =>
    measured(runs, seeds, `${at(lambda, obs)}/patch=${patch}`, "transformer/one-step", pick);
  const aligned = (lambda: number, obs: number, patch: number): Measured =>
    score(lambda, obs, patch, (s) => s.aligned.gapClosed);

  const rows = lambdas.flatMap((lambda) =>
    dimensions.flatMap((obs) => [
      {
        lambda,
        obs,
        predictor: "zero",
        aligned_ratio: cellOf(
          measured(runs, seeds, at(lambda, obs), "baseline", (b: Baseline) => b.zero.oneStep.zero),
        ),
      },
      ...patches.map((patch): Row => {
        const of = (pick: (s: Evaluated) => number) => cellOf(score(lambda, obs, patch, pick));
        const row: Row = {
          lambda,
          obs,
          predictor: `Transformer, patch ${patch}`,
          patch,
          aligned_ratio: of((s) => s.aligned.ratio),
          aligned_gap: cellOf(aligned(lambda, obs, patch)),
          ratio: of((s) => s.overall.ratio),
          gap_closed: of((s) => s.overall.gapClosed),
          learning_rate: cellOf(
            scalars(
              runs,
              seeds,
              `${at(lambda, obs)}/patch=${patch}`,
              "transformer/model",
              "learningRate",
            ),
          ),
        };
        if (patch > 1) {
          row.gained = differenceCell(aligned(lambda, obs, patch), aligned(lambda, obs, 1));
        }
        return row;
      }),
    ])
  );
  const [fewest, most] = [dimensions[0], dimensions.at(-1)!];
  const importance = (lambda: number, obs: number) =>
    minus(aligned(lambda, obs, patched).values, aligned(lambda, obs, 1).values);
  const { marks, note } = plotOver(seeds.length);
  const scored = Object.keys(runs).filter((name) => name.endsWith("/one-step"));
  const gapAt = (lambda: number, obs: number, patch: number) =>
    `${(100 * cellOf(aligned(lambda, obs, patch)).value).toFixed(1)} %`;
  return {
    columns: [
      { id: "lambda", label: "lambda" },
      { id: "obs", label: "observed dimensions" },
      { id: "predictor", label: "predictor", format: "text" },
      { id: "patch", label: "patch" },
      {
        id: "aligned_ratio",
        label: "aligned loss / Kalman",
        format: "fixed3",
        better: "lower",
        note:
          "One step ahead at the boundaries that all patch sizes have; that of zero at all tokens.",
      },
      { id: "aligned_gap", label: "aligned gap closed", format: "percent", better: "higher" },
      {
        id: "gained",
        label: "gained by patching",
        format: "percent",
        note: "Aligned gap closed minus that of patch 1, paired.",
      },
      { ...ratioColumn, note: `Of the next patch, all offsets. ${ratioColumn.note}` },
      { ...gapColumn, note: "Of the next patch: another task for every patch size." },
      { id: "learning_rate", label: "learning rate", note: "Found by successive halving." },
    ],
    rows,
    verdict: judge(rule, [
      {
        what: `gap closed without patches, ${most} observed dimensions minus ${fewest}`,
        differences: meanOver(
          lambdas.map((l) => minus(aligned(l, most, 1).values, aligned(l, fewest, 1).values)),
        ),
      },
      {
        what: `importance of patching, ${fewest} observed dimensions minus ${most}`,
        differences: meanOver(
          lambdas.map((l) => minus(importance(l, fewest), importance(l, most))),
        ),
      },
    ]),
    findings: [
      lambdas.map((l) =>
        `At lambda ${l} the Transformer closes ${
          gapAt(l, fewest, 1)
        } of the gap one step ahead with ${fewest} observed ` +
        `${fewest === 1 ? "dimension" : "dimensions"} and ${
          gapAt(l, most, 1)
        } with ${most}; with patches of ${patched} it is ` +
        `${gapAt(l, fewest, patched)} and ${gapAt(l, most, patched)}.`
      ).join(" "),
      agreement(scored.map((name) => (runs[name].json("scores.json") as Evaluated).overall)),
    ],
    plots: [{
      id: "aligned-gap",
      title: "Gap closed one step ahead, by observed dimensions",
      caption: `At the boundaries that all patch sizes have; panels are lambdas. ${note}`,
      x: { column: "obs", label: "observed dimensions", scale: "log" },
      y: { column: "aligned_gap", label: "gap closed" },
      series: "predictor",
      facet: "lambda",
      marks,
    }],
  };
}
