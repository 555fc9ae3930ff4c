/**
 * @file Is a diagonal state matrix easier for a Transformer than a dense one? (transformer-filters, experiment 2)
 */
import { createSystem, henrici } from "../../lib/ssm/mod.ts";
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
  rawRatioColumn,
  ruleOf,
  type Runs,
  scalars,
  valuesOf,
} from "./shared/scores.ts";
import { lawOf, type Structure, structureOf, structures } from "./shared/structures.ts";

export const meta: ExperimentMeta = {
  id: "diagonal-vs-dense",
  title: "Diagonal against dense state matrices",
  question: "Is a diagonal state matrix easier for a Transformer than a dense one?",
  hypothesis:
    "A diagonal state matrix (complex eigenvalues, real observations) is easier for a Transformer than a dense one.",
  method:
    "All structures have the same eigenvalues: D is made of 2x2 rotation-scaling blocks, and a dense matrix is A = M D M^-1 with " +
    "M = Q1 diag(s) Q2 of condition number 1, 10 or 100. With isotropic noise and a Gaussian C an orthogonal M changes nothing: " +
    "condition 1 with C matched (C M = C of the diagonal system) is the same process and must score the same to the last digits, a " +
    "unit test; with C redrawn it is another draw of the same law, the null control. Only a condition above 1, non-normality, " +
    "asks a question; Henrici's departure from normality is in the table, relative to the norm of A. Every system is scaled to unit " +
    "variance. The Transformer, its training and scores are those of the eigenvalue sweep.",
  command: "deno task pipeline --only diagonal-vs-dense",
};

export function grid(g: GraphBuilder, profile: Profile): JobRef {
  const seeds = seedsOf(profile);
  const contender = transformer(profile);
  const inputs: Record<string, JobRef> = {};
  for (const { lambda } of settingsOf(profile)) {
    for (const structure of structures) {
      const at = `lambda=${lambda}/${structure.id}`;
      const setting = { at, law: lawOf(lambda, structure), seeds };
      Object.assign(inputs, baselineRuns(g, setting));
      if (structure.id === "matched") continue; // the same law: its baselines are the unit test
      Object.assign(inputs, modelRuns(g, { ...setting, contender }));
    }
  }
  return g.job(
    "aggregate",
    { experiment: meta.id, path: "pipeline/experiments/diagonal_vs_dense.ts" },
    inputs,
    "table",
  );
}

const rule = ruleOf(
  "gap closed one step ahead on diagonal minus on dense systems of condition 100, the mean over lambdas. The null control, " +
    "diagonal minus redrawn, must contain 0, otherwise the outcome is undecided.",
);

/** The table: one row for each lambda and structure. */
export function summarize(runs: Runs): Summary {
  const [lambdas, seeds] = [valuesOf(runs, "lambda"), valuesOf(runs, "seed")];
  const at = (lambda: number, id: Structure["id"]) => `lambda=${lambda}/${id}`;
  const gap = (lambda: number, id: Structure["id"]): Measured =>
    measured(
      runs,
      seeds,
      at(lambda, id),
      "transformer/one-step",
      (s: Evaluated) => s.overall.gapClosed,
    );

  let unequal = 0;
  const rows = lambdas.flatMap((lambda) =>
    structures.map((structure): Row => {
      const { id, label } = structure;
      const baseline = (pick: (b: Baseline) => number) =>
        measured(runs, seeds, at(lambda, id), "baseline", pick);
      const zero = baseline((b) => b.zero.oneStep.zero);
      const departure = {
        ...zero,
        values: seeds.map((key) => henrici(createSystem(key, lawOf(lambda, structure))).relative),
      };
      const row: Row = { lambda, structure: label, henrici: cellOf(departure), zero: cellOf(zero) };
      if (id === "matched") {
        const diagonal = measured(
          runs,
          seeds,
          at(lambda, "diagonal"),
          "baseline",
          (b: Baseline) => b.zero.oneStep.zero,
        );
        for (const d of minus(zero.values, diagonal.values)) {
          unequal = Math.max(unequal, Math.abs(d));
        }
        return row;
      }
      const of = (pick: (s: Evaluated) => number) =>
        cellOf(measured(runs, seeds, at(lambda, id), "transformer/one-step", pick));
      row.ratio = of((s) => s.overall.ratio);
      row.raw_ratio = of((s) => s.overall.rawRatio);
      row.gap_closed = of((s) => s.overall.gapClosed);
      if (id !== "diagonal") {
        row.difference = differenceCell(gap(lambda, "diagonal"), gap(lambda, id));
      }
      const about = scalars(runs, seeds, at(lambda, id), "transformer/model", "learningRate");
      row.learning_rate = cellOf(about);
      return row;
    })
  );
  const claim = (id: Structure["id"]) => ({
    what: `gap closed, diagonal minus ${structureOf(id).label}`,
    differences: meanOver(
      lambdas.map((l) => minus(gap(l, "diagonal").values, gap(l, id).values)),
    ),
  });
  const { marks, note } = plotOver(seeds.length);
  const scored = Object.keys(runs).filter((name) => name.endsWith("/one-step"));
  return {
    columns: [
      { id: "lambda", label: "lambda" },
      { id: "structure", label: "state matrix", format: "text" },
      {
        id: "henrici",
        label: "departure from normality",
        note: "Henrici's, over the Frobenius norm of A.",
      },
      {
        id: "zero",
        label: "zero / Kalman",
        format: "fixed3",
        note: "Exact ratio of predicting zero: how much there is to learn.",
      },
      { ...ratioColumn, note: `Transformer, one step ahead. ${ratioColumn.note}` },
      rawRatioColumn,
      gapColumn,
      {
        id: "difference",
        label: "diagonal minus this",
        format: "percent",
        note: "Of the gap closed, paired by seed.",
      },
      { id: "learning_rate", label: "learning rate", note: "Found by successive halving." },
    ],
    rows,
    verdict: judge(rule, [claim("condition-100")], [claim("redrawn")]),
    findings: [
      judge(rule, [claim("condition-10")]).reason.split(";")[0] + ".",
      `Unit test: the exact ratio of predicting zero on the matched dense systems differs from that on the diagonal ones by at most ` +
      `${unequal.toExponential(1)}.`,
      agreement(scored.map((name) => (runs[name].json("scores.json") as Evaluated).overall)),
    ],
    plots: [{
      id: "gap-closed",
      title: "Gap closed by structure of the state matrix",
      caption: `One step ahead, on the same eigenvalues. ${note}`,
      x: { column: "lambda", label: "lambda", scale: "band" },
      y: { column: "gap_closed", label: "gap closed" },
      series: "structure",
      marks,
    }],
  };
}
