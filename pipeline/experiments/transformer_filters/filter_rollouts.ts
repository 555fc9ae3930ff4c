/**
 * @file What becomes of the models of the leaderboard when they run free: their error beside the Kalman filter's own h-step
 * error.
 */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import { createSystem, forecastVariance, kalman } from "../../../lib/ssm/mod.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { tableOf } from "../../table/table.ts";
import { cellOf, mapped, mean, meanOver, minus } from "../../table/values.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import { systemCount } from "../../table/verdict.ts";
import * as columns from "./shared/columns.ts";
import { leaderboardRuns } from "./shared/filtering.ts";
import { type ModelId, models, modelsAt } from "./shared/models.ts";
import { kalmanOf, modelOf, ratio, zeroOf } from "./shared/predictors.ts";
import { horizons, warmup } from "./shared/settings.ts";
import { judged } from "./shared/systems.ts";

export const meta: ExperimentMeta = {
  id: "filter-rollouts",
  earlier: { outcome: "supported", on: "five systems and by another rule", commit: "5b1f974" },
  title: "Free-running rollouts",
  question:
    "How fast does a model that was trained one step ahead lose the Kalman filter's forecast?",
  hypothesis:
    "At every horizon up to 64 the error of a trained dense recurrence, over the filter's own, is smaller than that of a Transformer.",
  method:
    `The runs of the leaderboard. After ${warmup} observations a model is fed its own predictions; its forecast of the observation h ` +
    "steps on is held against the Kalman filter's forecast from the same observations, whose expected error is known exactly. The **error** is " +
    "the expected squared error of a channel, the filter's times the ratio; the stationary variance of a channel is 1. Lines that " +
    "meet at long horizons are not a virtue: there is nothing left to predict, and zero does as well.",
};

/** Tags: lambda, and of models `model`. */
export const grid: Grid = (g, profile) =>
  g.table(
    leaderboardRuns(g, profile)
      .filter(({ tags }) => tags.result === "rollout" || tags.result === "baseline-far"),
  );

const hypothesis: Hypothesis = {
  unit: "system",
  seeds: judged,
  // Where nothing is left to predict there is no gap, so errors are compared and not open fractions.
  clauses: horizons.map((h) => ({
    what: `error / Kalman at t+${h}, Transformer minus dense recurrence, mean over lambdas`,
    metric: "ratio",
    scale: "plain" as const,
  })),
};

/** The table: one row for each lambda, predictor and horizon. */
export function summarize(runs: Runs): Summary {
  const [found, systems] = [runs.tagsOf("lambda"), runs.tagsOf("seed")];
  const ratios = (lambda: number, model: ModelId, horizon: number) =>
    modelOf(runs, { lambda, model }).ahead(horizon, ratio);
  const rows = found.flatMap((lambda) => {
    // The filter's own error, exactly, for each system and horizon.
    const exact = systems.map((key) =>
      forecastVariance(kalman(createSystem(key, { lambda }), warmup), {
        contexts: [warmup],
        horizons,
      })
    );
    return [
      { label: "zero", predictor: zeroOf(runs, { lambda }) },
      ...modelsAt(lambda).map((model) => ({
        label: models[model].label,
        predictor: modelOf(runs, { lambda, model }),
      })),
      { label: "Kalman filter", predictor: kalmanOf(runs, { lambda }) },
    ].flatMap(({ label, predictor }) =>
      horizons.map((horizon, i) => {
        const own = exact.map((errors) => errors[i]);
        return { lambda, label, horizon, own, ratios: predictor.ahead(i, ratio) };
      })
    );
  });

  const last = found.at(-1)!;
  const worst = (id: ModelId) => {
    const means = horizons.map((_, i) => mean(ratios(last, id, i)));
    const top = means.indexOf(Math.max(...means));
    return `${models[id].label} ${means[top].toFixed(3)} at t+${horizons[top]}`;
  };
  const plot = {
    caption: `After ${warmup} observations; panels are lambdas. ` +
      `Means of ${systemCount(systems.length)}; their intervals are in the table.`,
    x: { column: "horizon", label: "horizon", scale: "log" as const },
    series: "predictor",
    facet: "lambda",
    marks: ["line" as const, "dot" as const],
  };
  return {
    ...tableOf(rows, [
      columns.lambda,
      columns.predictor,
      { id: "horizon", label: "horizon", of: ({ horizon }) => horizon },
      {
        id: "error",
        label: "error",
        format: "fixed3",
        better: "lower",
        note: "Expected squared error of a channel of variance 1.",
        of: ({ ratios, own, label, horizon }) =>
          cellOf(mapped(ratios, (value, i) => value * own[i], `${label} t+${horizon} error`)),
      },
      {
        id: "ratio",
        label: "error / Kalman",
        format: "fixed3",
        better: "lower",
        note: "By orthogonality, against the filter's own h-step error.",
        of: ({ ratios }) => cellOf(ratios),
      },
    ]),
    verdict: verdictOf(
      hypothesis,
      horizons.map((_, i) =>
        plainEffect(meanOver(
          found.map((l) => minus(ratios(l, "transformer", i), ratios(l, "dense-recurrence", i))),
        ))
      ),
    ),
    findings: [
      `At lambda ${last} the largest ratio to the filter's h-step error: ` +
      modelsAt(last).map(worst).join(", ") + ` (${systemCount(systems.length)}).`,
    ],
    plots: [
      {
        ...plot,
        id: "error",
        title: "Error of free-running forecasts",
        y: { column: "error", label: "error" },
      },
      {
        ...plot,
        id: "ratio",
        title: "Error over the Kalman filter's h-step error",
        y: { column: "ratio", label: "error / Kalman error" },
        rules: [{ y: 1, label: "Kalman filter" }],
      },
    ],
  };
}
