/**
 * @file Does patching matter more as memory grows, and less when the state matrix is diagonal? (transformer-filters,
 * experiment 3)
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
import { lawOf, type Structure, structureOf } from "./shared/structures.ts";

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
  command: "deno task pipeline --only patching",
};

const compared: Structure["id"][] = ["diagonal", "condition-100"];
/** The patch size that stands for patching in the verdict, fixed before the runs. */
const patched = 8;

export function grid(g: GraphBuilder, profile: Profile): JobRef {
  const seeds = seedsOf(profile);
  const inputs: Record<string, JobRef> = {};
  const patches = profile.pick({ smoke: [1, 8], standard: [1, 2, 4, 8, 16, 32] });
  for (const { lambda } of settingsOf(profile)) {
    for (const id of compared) {
      const setting = { at: `lambda=${lambda}/${id}`, law: lawOf(lambda, structureOf(id)), seeds };
      Object.assign(inputs, baselineRuns(g, setting));
      for (const patch of patches) {
        const runs = modelRuns(g, {
          ...setting,
          at: `${setting.at}/patch=${patch}`,
          contender: transformer(profile, patch === 1 ? {} : { patch }),
        });
        Object.assign(inputs, runs);
      }
    }
  }
  return g.job(
    "aggregate",
    { experiment: meta.id, path: "pipeline/experiments/patching.ts" },
    inputs,
    "table",
  );
}

const rule = ruleOf(
  `the importance of patches of ${patched} at the largest minus at the smallest lambda, the mean over structures; and that on dense ` +
    "minus that on diagonal systems, the mean over lambdas. With one lambda only the second.",
);

/** The table: one row for each lambda, structure and patch size. */
export function summarize(runs: Runs): Summary {
  const [lambdas, seeds, patches] = ["lambda", "seed", "patch"].map((key) => valuesOf(runs, key));
  const sizes = (lambda: number, id: Structure["id"]) =>
    new PatchSizes(runs, seeds, `lambda=${lambda}/${id}`);
  const importance = (lambda: number, id: Structure["id"]) => sizes(lambda, id).importance(patched);

  const rows = lambdas.flatMap((lambda) =>
    compared.flatMap((id) =>
      sizes(lambda, id).rows(
        { lambda, structure: structureOf(id).label },
        patches,
        () => "Transformer",
      )
    )
  );
  const claims = [{
    what: "importance of patching, dense minus diagonal",
    differences: meanOver(
      lambdas.map((l) => minus(importance(l, "condition-100"), importance(l, "diagonal"))),
    ),
  }];
  const [smallest, largest] = [lambdas[0], lambdas.at(-1)!];
  if (lambdas.length > 1) {
    claims.unshift({
      what: `importance of patching at lambda ${largest} minus at ${smallest}`,
      differences: meanOver(
        compared.map((id) => minus(importance(largest, id), importance(smallest, id))),
      ),
    });
  }
  const { marks, note } = plotOver(seeds.length);
  const best = lambdas.flatMap((l) =>
    compared.map((id) => {
      const mean = (patch: number) => cellOf(sizes(l, id).aligned(patch)).value;
      const top = patches.reduce((a, b) => mean(b) > mean(a) ? b : a);
      return `${top} at lambda ${l}, ${structureOf(id).label} (${
        (100 * mean(top)).toFixed(1)
      } % against ` +
        `${(100 * mean(1)).toFixed(1)} % without)`;
    })
  );
  const scored = Object.keys(runs).filter((name) => name.endsWith("/one-step"));
  return {
    columns: [
      { id: "lambda", label: "lambda" },
      { id: "structure", label: "state matrix", format: "text" },
      ...patchColumns,
    ],
    rows,
    verdict: judge(rule, claims),
    findings: [
      `The patch size that closes most of the gap one step ahead: ${best.join("; ")}.`,
      agreement(scored.map((name) => (runs[name].json("scores.json") as Evaluated).overall)),
    ],
    plots: [{
      id: "aligned-gap",
      title: "Gap closed one step ahead, by patch size",
      caption: `At the boundaries that all patch sizes have; panels are lambdas. ${note}`,
      x: { column: "patch", label: "patch", scale: "log" },
      y: { column: "aligned_gap", label: "gap closed" },
      series: "structure",
      facet: "lambda",
      marks,
    }],
  };
}
