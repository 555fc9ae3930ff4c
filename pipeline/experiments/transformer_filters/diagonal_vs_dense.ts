/**
 * @file Is a diagonal state matrix easier for a Transformer than a dense one? (transformer-filters, experiment 2)
 */
import { meanInterval } from "../../../lib/analysis/intervals.ts";
import { type Hypothesis, shown } from "../../../lib/analysis/judge.ts";
import { createSystem, henrici } from "../../../lib/ssm/mod.ts";
import type { Grid } from "../../graph.ts";
import type { Profile } from "../../profiles.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import {
  contrastOver,
  effectOf,
  type MadeEffect,
  openRatio,
  plainEffect,
} from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, meanOver, minus } from "../../table/values.ts";
import { plotOver } from "../../table/verdict.ts";
import { completed, tunedRates } from "./shared/checks.ts";
import * as columns from "./shared/columns.ts";
import { baselineRuns, modelRuns, settingOf, settingsOf } from "./shared/filtering.ts";
import { agreement, excess, gap, modelOf, openOf, ratio, zeroOf } from "./shared/predictors.ts";
import { rates } from "./shared/rates.ts";
import { medium } from "./shared/settings.ts";
import { transformer } from "./shared/setups.ts";
import {
  distributionOf,
  sameLaw,
  type StructureId,
  structureIds,
  structures,
} from "./shared/structures.ts";
import { judged } from "./shared/systems.ts";

export const meta: ExperimentMeta = {
  id: "diagonal-vs-dense",
  earlier: { outcome: "refuted", on: "five systems and by another rule", commit: "5b1f974" },
  title: "Diagonal against dense state matrices",
  question: "Is a diagonal state matrix easier for a Transformer than a dense one?",
  hypothesis:
    "On dense state matrices of condition 10 and 100 with the eigenvalues and the observation of a diagonal one a Transformer ends further from " +
    "the Kalman filter: a larger fraction of the gap is open, and the excess loss is larger.",
  method:
    "All structures have the same eigenvalues: D is made of 2x2 rotation-scaling blocks, and a dense matrix is A = M D M^-1 with " +
    "M = Q1 diag(s) Q2 of condition number 1, 10 or 100. **C matched** comes first: C M is the C of the diagonal system, so nothing but the shape of the " +
    "noise differs in what is observed, M^-1 M^-T instead of the identity; at condition 1 it is the same process and must score the same to the last " +
    "digits, a unit test. **C redrawn**, at lambda .92, changes the observation too; at condition 1 it is another draw of the law of diagonal " +
    "systems, the null control, trained at their learning rate. Henrici's departure from normality is in the table, relative to the norm of A. Every " +
    "system is scaled to unit variance.\n\n" +
    "Two measures can disagree, because dense systems have another gap: the open fraction says what share of what could be learned was not, the " +
    "excess loss how much that is. The hypothesis needs both. The Transformer, its training and scores are those of the eigenvalue sweep.",
};

/** Which structures a profile compares at a lambda. */
function comparedAt(profile: Profile, lambda: number): StructureId[] {
  const matched: StructureId[] = ["diagonal", "matched", "matched-10", "matched-100"];
  if (lambda !== medium.lambda) return matched;
  return profile.pick({
    smoke: [...matched, "redrawn"],
    standard: [...matched, "redrawn", "redrawn-10", "redrawn-100"],
  });
}

/** Tags: lambda, structure. */
export const grid: Grid = (g, profile) =>
  g.table(
    settingsOf(profile).flatMap(({ lambda }) =>
      comparedAt(profile, lambda).flatMap((structure) => {
        const own = distributionOf(lambda, structure);
        const same = sameLaw[structure];
        const setting = {
          ...settingOf(profile, { lambda, structure }, own),
          ...(same ? { tunedOn: distributionOf(lambda, same) } : {}),
        };
        const baselines = baselineRuns(g, setting);
        // The same process: its baselines are the unit test.
        if (structure === "matched") return baselines;
        return [...baselines, ...modelRuns(g, setting, {}, transformer(profile))];
      })
    ),
  );

/** What is compared with diagonal systems; only the shape of the noise differs. */
const dense = ["matched-10", "matched-100"] as const;
const condition = { "matched-10": 10, "matched-100": 100 };

const hypothesis: Hypothesis = {
  unit: "system",
  seeds: judged,
  clauses: dense.flatMap((structure) => [
    {
      what: `open fraction, dense of condition ${
        condition[structure]
      } over diagonal, mean over lambdas`,
      metric: "open fraction",
      scale: "factor" as const,
    },
    {
      what: `excess loss, dense of condition ${
        condition[structure]
      } over diagonal, mean over lambdas`,
      metric: "excess loss",
      scale: "factor" as const,
    },
  ]),
  controls: [{
    what: `gap closed at lambda ${medium.lambda}, redrawn C of condition 1 minus diagonal`,
    metric: "gap closed",
    scale: "points",
    margin: 0.15,
  }],
};

/** The table: one row for each lambda and structure. */
export function summarize(runs: Runs): Summary {
  const lambdas = runs.tagsOf("lambda");
  const at = (lambda: number, structure: StructureId) => ({
    lambda,
    structure,
    predictor: modelOf(runs, { lambda, structure }),
    zero: zeroOf(runs, { lambda, structure }).oneStep(ratio),
  });
  const there = (lambda: number) => {
    const found = runs.where({ lambda }).tagsOf<StructureId>("structure");
    return structureIds.filter((id) => found.includes(id));
  };
  const rows = lambdas.flatMap((lambda) =>
    there(lambda).map((structure) => ({
      ...at(lambda, structure),
      diagonal: at(lambda, "diagonal").predictor,
      trained: structure !== "matched",
    }))
  );
  type Row = typeof rows[number];
  const trained = (column: TableColumn<Row>) => onlyIf(({ trained }: Row) => trained, column);
  const departure = ({ lambda, structure, zero }: Row) =>
    mapped(zero, (_, i) => {
      const system = createSystem(Number(zero.at[i]), distributionOf(lambda, structure));
      return henrici(system).relative;
    });
  const unequal = lambdas.flatMap((lambda) =>
    minus(at(lambda, "matched").zero, at(lambda, "diagonal").zero).values.map(Math.abs)
  );
  const model = (lambda: number, structure: StructureId) => at(lambda, structure).predictor;
  /** Open fraction, and excess loss, over those of diagonal systems, the mean over lambdas. */
  const over = (structure: StructureId, lambdas: number[]): [MadeEffect, MadeEffect] => {
    const excessOf = (lambda: number, structure: StructureId) =>
      mapped(model(lambda, structure).oneStep(excess), Math.log, "log excess");
    return [
      effectOf(contrastOver(lambdas.map((lambda) => {
        const [worse, better] = [structure, "diagonal" as const]
          .map((id) => openOf(model(lambda, id).oneStep));
        return openRatio(worse, better);
      }))),
      plainEffect(
        meanOver(lambdas.map((l) => minus(excessOf(l, structure), excessOf(l, "diagonal")))),
      ),
    ];
  };
  const control = minus(
    model(medium.lambda, "redrawn").oneStep(gap),
    model(medium.lambda, "diagonal").oneStep(gap),
  );
  const redrawn = there(medium.lambda).filter((id) => id === "redrawn-10" || id === "redrawn-100");
  return {
    ...tableOf(rows, [
      columns.lambda,
      columns.structure,
      {
        id: "henrici",
        label: "departure from normality",
        note: "Henrici's, over the Frobenius norm of A.",
        of: (row) => cellOf(departure(row)),
      },
      {
        id: "zero",
        label: "zero / Kalman",
        format: "fixed3",
        note: "Exact ratio of predicting zero: how much there is to learn.",
        of: ({ zero }) => cellOf(zero),
      },
      trained(columns.transformerRatio),
      trained(columns.rawRatio),
      trained(columns.gapClosed),
      onlyIf(
        ({ trained, structure }) => trained && structure !== "diagonal",
        columns.differenceFrom("diagonal minus this", (row) => [row.diagonal, row.predictor]),
      ),
      ...rates.map((column) => trained(column)),
    ]),
    verdict: verdictOf(
      hypothesis,
      dense.flatMap((structure) => over(structure, lambdas)),
      [plainEffect(control)],
    ),
    findings: [
      ...redrawn.map((structure) =>
        `${structures[structure].label}, over diagonal, at lambda ${medium.lambda}: ` +
        over(structure, [medium.lambda]).map(({ values }, i) =>
          `${i === 0 ? "open fraction" : "excess loss"} ${factor(values)}`
        ).join(", ") + "."
      ),
      `Unit test: the exact ratio of predicting zero on the matched dense systems differs from that on the diagonal ones by at most ` +
      `${Math.max(...unequal).toExponential(1)}.`,
      tunedRates(runs),
      completed(runs),
      agreement(runs),
    ],
    plots: [plotOver(runs.tagsOf("seed").length, {
      id: "gap-closed",
      title: "Gap closed by structure of the state matrix",
      caption: "One step ahead, on the same eigenvalues.",
      x: { column: "lambda", label: "lambda", scale: "band" },
      y: { column: "gap_closed", label: "gap closed" },
      series: "structure",
    })],
  };
}

/** A mean of logarithms with its interval, as a factor. */
function factor(values: readonly number[]): string {
  const { mean, low, high } = meanInterval(values);
  const ends = low === undefined
    ? ""
    : ` (95 % interval ${[low, high!].map((x) => Math.exp(x).toPrecision(3)).join(" to ")})`;
  return `by ${shown(mean, "factor")}${ends}`;
}
