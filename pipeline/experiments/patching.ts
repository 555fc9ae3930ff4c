/**
 * @file Does patching matter more as memory grows, and less when the state matrix is diagonal? (transformer-filters,
 * experiment 3)
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
  const at = (lambda: number, id: Structure["id"]) => `lambda=${lambda}/${id}`;
  const score = (
    lambda: number,
    id: Structure["id"],
    patch: number,
    pick: (s: Evaluated) => number,
  ): Measured =>
    measured(runs, seeds, `${at(lambda, id)}/patch=${patch}`, "transformer/one-step", pick);
  const aligned = (lambda: number, id: Structure["id"], patch: number) =>
    score(lambda, id, patch, (s) => s.aligned.gapClosed);
  const importance = (lambda: number, id: Structure["id"]) =>
    minus(aligned(lambda, id, patched).values, aligned(lambda, id, 1).values);

  const rows = lambdas.flatMap((lambda) =>
    compared.flatMap((id) => [
      {
        lambda,
        structure: structureOf(id).label,
        predictor: "zero",
        aligned_ratio: cellOf(
          measured(runs, seeds, at(lambda, id), "baseline", (b: Baseline) => b.zero.oneStep.zero),
        ),
      },
      ...patches.map((patch): Row => {
        const of = (pick: (s: Evaluated) => number) => cellOf(score(lambda, id, patch, pick));
        const about = (name: string) =>
          cellOf(
            scalars(runs, seeds, `${at(lambda, id)}/patch=${patch}`, "transformer/model", name),
          );
        const row: Row = {
          lambda,
          structure: structureOf(id).label,
          predictor: "Transformer",
          patch,
          aligned_ratio: of((s) => s.aligned.ratio),
          aligned_gap: cellOf(aligned(lambda, id, patch)),
          ratio: of((s) => s.overall.ratio),
          gap_closed: of((s) => s.overall.gapClosed),
          learning_rate: about("learningRate"),
        };
        if (patch > 1) {
          row.gained = differenceCell(aligned(lambda, id, patch), aligned(lambda, id, 1));
        }
        return row;
      }),
    ])
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
      const mean = (patch: number) => cellOf(aligned(l, id, patch)).value;
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
