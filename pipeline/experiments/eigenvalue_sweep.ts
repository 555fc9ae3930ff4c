/**
 * @file Does a Transformer find filtering harder as the slowest mode of the system gets slower?
 * (transformer-filters, experiment 1)
 */
import { meanInterval, pairedInterval } from "../../lib/analysis/intervals.ts";
import type { GraphBuilder, JobRef } from "../graph.ts";
import type { Profile } from "../profiles.ts";
import type { ExperimentMeta, PlotSpec, Row, Summary } from "../results.ts";
import type { ArtifactReaderSync } from "../stage.ts";
import {
  gridOf,
  horizons,
  percent,
  type Score,
  seedCell,
  transformerRuns,
} from "./shared/filtering.ts";

export const meta: ExperimentMeta = {
  id: "eigenvalue-sweep",
  title: "Eigenvalue sweep",
  question: "How close does a Transformer come to the Kalman filter as the system's memory grows?",
  hypothesis:
    "Higher lambda makes the system harder to learn: less of the gap between predicting " +
    "nothing and the Kalman filter is closed.",
  method: "A diagonal system of 64 latent dimensions whose eigenvalues lie between lambda/2 and " +
    "lambda (in complex pairs, uniform phases) emits 2 channels; there is no observation noise, so the " +
    "Kalman filter is the exact optimum and its loss is known without sampling. A seed is a new " +
    "system, a new initialisation and new data. The Transformer is trained on fresh sequences of 256 " +
    "observations with every squared error divided by the filter's expected one.\n\n" +
    "`ratio` is 1 + mean |prediction - Kalman prediction|^2 / Kalman loss. It estimates the ratio of " +
    "losses by orthogonality: it can never fall below 1 and is about a hundred times less noisy than " +
    "the raw ratio, which stands beside it as a check. Because predicting zero already scores close to 1 " +
    "for small lambda, the ratio alone says little; the **gap closed** is (zero - model) / (zero - Kalman). " +
    "Rollouts run free after 64 observations; their errors are divided by the Kalman filter's own " +
    "h-step error.",
  command: "deno task pipeline --only eigenvalue-sweep",
};

export function grid(g: GraphBuilder, profile: Profile): JobRef {
  const lambdas = profile.pick({
    smoke: [0.36, 0.96],
    quick: [0.36, 0.68, 0.84, 0.92, 0.96, 0.98, 0.99],
  });
  const seeds = profile.pick({ smoke: 1, quick: 2, standard: 5 });
  const inputs: Record<string, JobRef> = {};
  for (const lambda of lambdas) {
    for (let seed = 0; seed < seeds; seed++) {
      const at = `lambda=${lambda}/seed=${seed}`;
      Object.assign(inputs, transformerRuns(g, profile, at, { key: seed, lambda }, {}));
    }
  }
  return g.job(
    "aggregate",
    { experiment: meta.id, path: "pipeline/experiments/eigenvalue_sweep.ts" },
    inputs,
    "table",
  );
}

const rule =
  "With at least 5 systems: supported if the 95 % paired interval of gap closed at the " +
  "smallest minus at the largest lambda lies above 0, refuted if it lies below 0, undecided otherwise. " +
  "With fewer systems nothing is judged.";

/** The table: one row for each lambda and predictor. */
export function summarize(runs: Record<string, ArtifactReaderSync>): Summary {
  const { lambdas, seeds } = gridOf(Object.keys(runs));
  const read = (lambda: number, seed: number, what: string) => {
    const name = `lambda=${lambda}/seed=${seed}/${what}`;
    return { name, scores: runs[name].json("scores.json") };
  };
  const rows: Row[] = [];
  const gaps = new Map<number, number[]>();
  let worst = 0;
  for (const lambda of lambdas) {
    const over = (what: string, pick: (scores: never) => number) =>
      seedCell(seeds.map((seed) => {
        const { name, scores } = read(lambda, seed, what);
        return { value: pick(scores as never), run: name };
      }));
    type Baseline = Record<"kalman" | "zero", { oneStep: Score; rollout: Score[] }>;
    const kalman: Row = { lambda, predictor: "Kalman filter" };
    kalman.ratio = over("baseline", (s: Baseline) => s.kalman.oneStep.ratio);
    kalman.raw_ratio = over("baseline", (s: Baseline) => s.kalman.oneStep.rawRatio);
    kalman.gap_closed = over("baseline", (s: Baseline) => s.kalman.oneStep.gapClosed);
    // Both ends of the scale are exact; only the raw ratios are measured.
    const zero: Row = { lambda, predictor: "zero" };
    zero.ratio = over("baseline", (s: Baseline) => s.zero.oneStep.zero);
    zero.raw_ratio = over("baseline", (s: Baseline) => s.zero.oneStep.rawZero);
    zero.gap_closed = over("baseline", () => 0);
    horizons.forEach((h, i) => {
      kalman[`h${h}`] = over("baseline", (s: Baseline) => s.kalman.rollout[i].ratio);
      zero[`h${h}`] = over("baseline", (s: Baseline) => s.zero.rollout[i].zero);
    });
    const model: Row = { lambda, predictor: "Transformer" };
    type OneStep = { overall: Score };
    model.ratio = over("one-step", (s: OneStep) => s.overall.ratio);
    model.raw_ratio = over("one-step", (s: OneStep) => s.overall.rawRatio);
    model.gap_closed = over("one-step", (s: OneStep) => s.overall.gapClosed);
    horizons.forEach((h, i) => {
      model[`h${h}`] = over("rollout", (s: { byHorizon: Score[] }) => s.byHorizon[i].ratio);
    });
    rows.push(zero, model, kalman);
    gaps.set(
      lambda,
      seeds.map((seed) => read(lambda, seed, "one-step").scores.overall.gapClosed),
    );
    for (const seed of seeds) {
      const { discrepancy } = read(lambda, seed, "one-step").scores.overall;
      worst = Math.max(worst, Math.abs(discrepancy));
    }
  }

  const [easiest, hardest] = [lambdas[0], lambdas.at(-1)!];
  const difference = pairedInterval(gaps.get(easiest)!, gaps.get(hardest)!);
  const mean = (lambda: number) => meanInterval(gaps.get(lambda)!).mean;
  const enough = seeds.length >= 5 && difference.low !== undefined;
  const outcome = !enough
    ? "illustration"
    : difference.low! > 0
    ? "supported"
    : difference.high! < 0
    ? "refuted"
    : "undecided";
  const spread = difference.low === undefined
    ? ""
    : ` (95 % interval ${percent(difference.low)} to ${percent(difference.high!)})`;
  // With fewer systems the intervals are wider than the picture; the table has them all the same.
  const marks: PlotSpec["marks"] = enough ? ["line", "dot", "interval"] : ["line", "dot"];
  const shown = enough
    ? "Bars are 95 % intervals over systems."
    : `Means of ${seeds.length} systems, an illustration; their intervals are in the table.`;
  const systems = `${seeds.length} ${seeds.length === 1 ? "system" : "systems"}`;
  return {
    columns: [
      { id: "lambda", label: "lambda" },
      { id: "predictor", label: "predictor", format: "text" },
      {
        id: "ratio",
        label: "loss / Kalman",
        format: "fixed3",
        better: "lower",
        note: "One step ahead, by orthogonality.",
      },
      {
        id: "raw_ratio",
        label: "raw ratio",
        format: "fixed3",
        note: "Measured squared error over the exact Kalman loss; a check.",
      },
      { id: "gap_closed", label: "gap closed", format: "percent", better: "higher" },
      ...horizons.map((h) => ({
        id: `h${h}`,
        label: `t+${h}`,
        format: "fixed3" as const,
      })),
    ],
    rows,
    verdict: {
      outcome,
      rule,
      reason:
        `Gap closed at lambda ${easiest} minus at ${hardest}: ${
          percent(difference.mean)
        }${spread}, ` +
        `${systems}.${enough ? "" : " Too few systems for a verdict: this only illustrates."}`,
    },
    findings: [
      `After this much training the Transformer closes ${
        percent(mean(easiest))
      } of the gap to the Kalman ` +
      `filter at lambda ${easiest} and ${
        percent(mean(hardest))
      } at lambda ${hardest} (${systems}).`,
      `The ratio by orthogonality and the raw ratio differ by at most ${
        worst.toFixed(2)
      } standard errors ` +
      `over ${lambdas.length * seeds.length} runs (3.29 bounds 99.9 % of single honest runs).`,
    ],
    plots: [
      {
        id: "gap-closed",
        title: "Gap closed between predicting zero and the Kalman filter",
        caption: `One step ahead. ${shown}`,
        x: { column: "lambda", label: "lambda", scale: "band" },
        y: { column: "gap_closed", label: "gap closed" },
        series: "predictor",
        marks,
        rules: [{ y: 1, label: "Kalman filter" }],
      },
      {
        id: "ratio",
        title: "Loss over the Kalman filter's",
        caption: `One step ahead; zero is the exact ratio of predicting nothing. ${shown}`,
        x: { column: "lambda", label: "lambda", scale: "band" },
        y: { column: "ratio", label: "loss / Kalman loss" },
        series: "predictor",
        marks,
        rules: [{ y: 1, label: "Kalman filter" }],
      },
    ],
  };
}
