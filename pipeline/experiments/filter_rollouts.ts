/**
 * @file What becomes of the models of the leaderboard when they run free: their error beside the Kalman filter's own h-step
 * error.
 */
import { createSystem, forecastVariance, kalman } from "../../lib/ssm/mod.ts";
import type { GraphBuilder, JobRef } from "../graph.ts";
import type { Profile } from "../profiles.ts";
import type { ExperimentMeta, Row, Summary } from "../results.ts";
import { horizons, labels, leaderboardRuns, warmup } from "./shared/filtering.ts";
import {
  type Baseline,
  cellOf,
  type Evaluated,
  judge,
  meanOver,
  type Measured,
  measured,
  minus,
  ruleOf,
  type Runs,
  systemsOf,
  valuesOf,
} from "./shared/scores.ts";

export const meta: ExperimentMeta = {
  id: "filter-rollouts",
  title: "Free-running rollouts",
  question:
    "How fast does a model that was trained one step ahead lose the Kalman filter's forecast?",
  hypothesis:
    "At every horizon a trained dense recurrence stays closer to the filter than a Transformer.",
  method:
    `The runs of the leaderboard. After ${warmup} observations a model is fed its own predictions; its forecast of the observation h ` +
    "steps on is held against the Kalman filter's forecast from the same observations, whose expected error is known exactly. The **error** is " +
    "the expected squared error of a channel, the filter's times the ratio; the stationary variance of a channel is 1. Lines that " +
    "meet at long horizons are not a virtue: there is nothing left to predict, and zero does as well.",
  command: "deno task pipeline --only filter-rollouts",
};

export function grid(g: GraphBuilder, profile: Profile): JobRef {
  const runs = Object.entries(leaderboardRuns(g, profile))
    .filter(([name]) => name.endsWith("/rollout") || name.endsWith("/baseline-far"));
  return g.job(
    "aggregate",
    { experiment: meta.id, path: "pipeline/experiments/filter_rollouts.ts" },
    Object.fromEntries(runs),
    "table",
  );
}

const rule = ruleOf(
  "ratio of the Transformer minus that of the dense recurrence, the mean over lambdas, at each horizon.",
);

/** The table: one row for each lambda, predictor and horizon. */
export function summarize(runs: Runs): Summary {
  const [found, seeds] = [valuesOf(runs, "lambda"), valuesOf(runs, "seed")];
  const at = (lambda: number) => `lambda=${lambda}`;
  const ratio = (lambda: number, id: string, i: number): Measured =>
    measured(runs, seeds, at(lambda), `${id}/rollout`, (s: Evaluated) => s.byHorizon[i].ratio);

  const rows: Row[] = [];
  for (const lambda of found) {
    // The filter's own error, exactly, for each system and horizon.
    const exact = seeds.map((key) =>
      forecastVariance(kalman(createSystem(key, { lambda }), warmup), {
        contexts: [warmup],
        horizons,
      })
    );
    const far = (pick: (b: Baseline) => number) =>
      measured(runs, seeds, at(lambda), "baseline-far", pick);
    const predictors: [string, (i: number) => Measured][] = [
      ["zero", (i) => far((b) => b.zero.rollout[i].zero)],
      ...Object.entries(labels).map(([id, label]): [string, (i: number) => Measured] => [
        label,
        (i) => ratio(lambda, id, i),
      ]),
      ["Kalman filter", (i) => far((b) => b.kalman.rollout[i].ratio)],
    ];
    for (const [predictor, of] of predictors) {
      horizons.forEach((horizon, i) => {
        const { values, runs } = of(i);
        const error = values.map((value, s) => value * exact[s][i]);
        rows.push({
          lambda,
          predictor,
          horizon,
          error: cellOf({ values: error, runs }),
          ratio: cellOf({ values, runs }),
        });
      });
    }
  }
  const note = `Means of ${systemsOf(seeds.length)}; their intervals are in the table.`;
  const last = found.at(-1)!;
  const worst = (id: string) => {
    const ratios = horizons.map((_, i) => cellOf(ratio(last, id, i)).value);
    const top = ratios.indexOf(Math.max(...ratios));
    return `${labels[id]} ${ratios[top].toFixed(3)} at t+${horizons[top]}`;
  };
  return {
    columns: [
      { id: "lambda", label: "lambda" },
      { id: "predictor", label: "predictor", format: "text" },
      { id: "horizon", label: "horizon" },
      {
        id: "error",
        label: "error",
        format: "fixed3",
        better: "lower",
        note: "Expected squared error of a channel of variance 1.",
      },
      {
        id: "ratio",
        label: "error / Kalman",
        format: "fixed3",
        better: "lower",
        note: "By orthogonality, against the filter's own h-step error.",
      },
    ],
    rows,
    verdict: judge(
      rule,
      horizons.map((h, i) => ({
        what: `at t+${h}`,
        differences: meanOver(
          found.map((l) =>
            minus(ratio(l, "transformer", i).values, ratio(l, "dense-recurrence", i).values)
          ),
        ),
      })),
    ),
    findings: [
      `At lambda ${last} the largest ratio to the filter's h-step error: ` +
      Object.keys(labels).map(worst).join(", ") + ` (${systemsOf(seeds.length)}).`,
    ],
    plots: [
      {
        id: "error",
        title: "Error of free-running forecasts",
        caption: `After ${warmup} observations; panels are lambdas. ${note}`,
        x: { column: "horizon", label: "horizon", scale: "log" },
        y: { column: "error", label: "error" },
        series: "predictor",
        facet: "lambda",
        marks: ["line", "dot"],
      },
      {
        id: "ratio",
        title: "Error over the Kalman filter's h-step error",
        caption: `After ${warmup} observations; panels are lambdas. ${note}`,
        x: { column: "horizon", label: "horizon", scale: "log" },
        y: { column: "ratio", label: "error / Kalman error" },
        series: "predictor",
        facet: "lambda",
        marks: ["line", "dot"],
        rules: [{ y: 1, label: "Kalman filter" }],
      },
    ],
  };
}
