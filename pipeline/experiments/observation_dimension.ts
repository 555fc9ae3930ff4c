/**
 * @file Does a smaller observation make filtering harder, and patching more important? (transformer-filters, experiment 4)
 */
import type { GraphBuilder, JobRef } from "../graph.ts";
import type { Profile } from "../profiles.ts";
import type { ExperimentMeta, Summary } from "../results.ts";
import { baselineRuns, modelRuns, seedsOf, settingsOf, transformer } from "./shared/filtering.ts";
import { patchColumns, PatchSizes } from "./shared/patch_sizes.ts";
import {
  agreement,
  cellOf,
  type Evaluated,
  judge,
  meanOver,
  minus,
  plotOver,
  ruleOf,
  type Runs,
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
  const sizes = (lambda: number, obs: number) =>
    new PatchSizes(runs, seeds, `lambda=${lambda}/obs=${obs}`);
  const aligned = (lambda: number, obs: number, patch: number) => sizes(lambda, obs).aligned(patch);
  const importance = (lambda: number, obs: number) => sizes(lambda, obs).importance(patched);

  const rows = lambdas.flatMap((lambda) =>
    dimensions.flatMap((obs) =>
      sizes(lambda, obs).rows({ lambda, obs }, patches, (patch) => `Transformer, patch ${patch}`)
    )
  );
  const [fewest, most] = [dimensions[0], dimensions.at(-1)!];
  const { marks, note } = plotOver(seeds.length);
  const scored = Object.keys(runs).filter((name) => name.endsWith("/one-step"));
  const gapAt = (lambda: number, obs: number, patch: number) =>
    `${(100 * cellOf(aligned(lambda, obs, patch)).value).toFixed(1)} %`;
  return {
    columns: [
      { id: "lambda", label: "lambda" },
      { id: "obs", label: "observed dimensions" },
      ...patchColumns,
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
