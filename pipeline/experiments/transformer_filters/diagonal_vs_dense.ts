/**
 * @file Is a diagonal state matrix easier for a Transformer than a dense one? (transformer-filters, experiment 2)
 */
import { createSystem, henrici } from "../../../lib/ssm/mod.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, meanOver, minus } from "../../table/values.ts";
import { judge, plotOver, ruleOf } from "../../table/verdict.ts";
import * as columns from "./shared/columns.ts";
import { baselineRuns, modelRuns, settingOf, settingsOf, transformer } from "./shared/filtering.ts";
import { agreement, gap, modelOf, ratio, zeroOf } from "./shared/predictors.ts";
import { distributionOf, type StructureId, structureIds, structures } from "./shared/structures.ts";

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
    "unit test; with C redrawn it is another draw of the same distribution, the null control. Only a condition above 1, non-normality, " +
    "asks a question; Henrici's departure from normality is in the table, relative to the norm of A. Every system is scaled to unit " +
    "variance. The Transformer, its training and scores are those of the eigenvalue sweep.",
};

/** Tags: lambda, structure. */
export const grid: Grid = (g, profile) =>
  g.table(
    settingsOf(profile).flatMap(({ lambda }) =>
      structureIds.flatMap((structure) => {
        const setting = settingOf(
          profile,
          { lambda, structure },
          distributionOf(lambda, structure),
        );
        const baselines = baselineRuns(g, setting);
        // The same distribution: its baselines are the unit test.
        if (structure === "matched") return baselines;
        return [...baselines, ...modelRuns(g, setting, {}, transformer(profile))];
      })
    ),
  );

const rule = ruleOf(
  "gap closed one step ahead on diagonal minus on dense systems of condition 100, the mean over lambdas. The null control, " +
    "diagonal minus redrawn, must contain 0, otherwise the outcome is undecided.",
);

/** The table: one row for each lambda and structure. */
export function summarize(runs: Runs): Summary {
  const lambdas = runs.tagsOf("lambda");
  const at = (lambda: number, structure: StructureId) => ({
    lambda,
    structure,
    predictor: modelOf(runs, { lambda, structure }),
    zero: zeroOf(runs, { lambda, structure }).oneStep(ratio),
  });
  const rows = lambdas.flatMap((lambda) =>
    structureIds.map((structure) => ({
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
  const claim = (structure: StructureId) => ({
    what: `gap closed, diagonal minus ${structures[structure].label}`,
    differences: meanOver(lambdas.map((lambda) => {
      const gaps = (structure: StructureId) => at(lambda, structure).predictor.oneStep(gap);
      return minus(gaps("diagonal"), gaps(structure));
    })),
  });
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
      trained(columns.learningRate),
    ]),
    verdict: judge(rule, [claim("condition-100")], [claim("redrawn")]),
    findings: [
      judge(rule, [claim("condition-10")]).reason.split(";")[0] + ".",
      `Unit test: the exact ratio of predicting zero on the matched dense systems differs from that on the diagonal ones by at most ` +
      `${Math.max(...unequal).toExponential(1)}.`,
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
