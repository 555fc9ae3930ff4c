/**
 * @file Which linear and nonlinear sequence models come how close to the Kalman filter, and at what price? The comparison beside the
 * four experiments of transformer-filters: the filter is linear, so a linear recurrence can be optimal.
 */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { closedness, contrastOver, effectOf, openRatio } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import { cellOf, mean } from "../../table/values.ts";
import { percent, plotOver, systemCount } from "../../table/verdict.ts";
import { completed, tunedRates } from "./shared/checks.ts";
import * as columns from "./shared/columns.ts";
import { leaderboardRuns } from "./shared/filtering.ts";
import { type ModelId, models, modelsAt } from "./shared/models.ts";
import {
  agreement,
  excess,
  gap,
  kalmanOf,
  modelOf,
  openOf,
  type Predictor,
  zeroOf,
} from "./shared/predictors.ts";
import { rates } from "./shared/rates.ts";
import { horizons } from "./shared/settings.ts";
import { modelSetups } from "./shared/setups.ts";
import { judged } from "./shared/systems.ts";
import { timedOf, timeRun } from "./shared/timing.ts";

export const meta: ExperimentMeta = {
  id: "filter-leaderboard",
  earlier: { outcome: "supported", on: "five systems and by another rule", commit: "5b1f974" },
  title: "Linear models against Transformers",
  question:
    "The Kalman filter is linear: how close does each model come to it, and what does it pay?",
  hypothesis:
    "The filter is a linear recurrence. Trained on as many observations, linear recurrences leave a smaller fraction of the gap open than " +
    "a Transformer, LRU and dense alike, and the dense one closes at least 95 % of it.",
  method:
    "The systems, data and scores of the eigenvalue sweep. **last k** is a causal linear map of the last k observations: in " +
    "closed form, as the map of least expected loss on the known system, and trained. **LRU** and **dense recurrence** are " +
    "one linear layer, h_t = A h_{t-1} + B y_t, p_t = C h_t + D y_t, with A diagonal and complex or dense; they are trained as " +
    "convolutions and run as recurrences. The **steady-state Kalman filter** is that recurrence with the filter's limiting gain: the best one " +
    "late in a sequence; over a whole one, its first observations included, another map that does not change with time, such as " +
    "that of the last 64, can be better. The **linear " +
    "Transformer** is the Transformer with linear attention (arXiv 2006.16236).\n\n" +
    "Each model's learning rate is found at each lambda. All systems of a model train in one program; the seconds are those of one system by " +
    "itself, and the microseconds of a token those of a free-running rollout of 128 sequences at once, both measured on one core while no other job " +
    "ran, once for all lambdas. Rollouts start after 64 observations: 1,024 of them, on five systems at lambda .92 8,192. LSTM and linear " +
    "Transformer, which the hypothesis does not speak of, are run at three lambdas.\n\n" +
    "Every trained model sees the same number of observations in the same number of steps; their sizes differ, as the table says (at equal size: " +
    "linear-filters). What the Transformer reaches with many times as many observations is in the eigenvalue sweep.",
};

/** Tags: lambda, and of models `model`. */
export const grid: Grid = (g, profile) => {
  const runs = leaderboardRuns(g, profile);
  if (!profile.atLeast("standard")) return g.table(runs);
  const setups = modelSetups(profile);
  const found = new Set(runs.map(({ tags }) => tags.lambda as number));
  const timed = [...found].flatMap((lambda) =>
    modelsAt(lambda).map((model) => timeRun(g, { lambda, model }, setups[model]))
  );
  return g.table([...runs, ...timed]);
};

const overTransformer = (model: string) => ({
  what: `open fraction, Transformer over ${model}, mean over lambdas`,
  metric: "open fraction",
  scale: "factor" as const,
});

const hypothesis: Hypothesis = {
  unit: "system",
  seeds: judged,
  clauses: [
    overTransformer("dense recurrence"),
    overTransformer("LRU"),
    {
      what: "1 over the open fraction of the dense recurrence, mean over lambdas",
      metric: "open fraction",
      scale: "factor",
      margin: Math.log(1 / (1 - 0.95)),
    },
  ],
};

interface LeaderboardRow {
  lambda: number;
  label: string;
  predictor: Predictor;
  /** In closed form, for a known system: nothing was trained. */
  closedForm?: boolean;
  /** Of models, where it was measured. */
  timed?: ReturnType<typeof timedOf>;
}

/** What a model takes. */
const prices: TableColumn<LeaderboardRow>[] = [
  columns.parameters,
  columns.tokens("Observations trained on; 0 where the system is known."),
  ...rates,
  {
    id: "seconds",
    label: "seconds to train",
    format: "seconds",
    better: "lower",
    note:
      "Of one system, on one core while no other job ran: the median of five steps, times the steps.",
    of: ({ timed, closedForm }) =>
      timed?.(closedForm ? { name: "solving seconds" } : { name: "step seconds", times: "steps" }),
  },
  {
    id: "token_seconds",
    label: "µs a token",
    better: "lower",
    note: "Free-running, 128 sequences at once, likewise: the median of five rollouts.",
    of: ({ timed }) => timed?.({ name: "rollout token seconds", scale: 1e6 }),
  },
];

/** The gap closed at one horizon. */
const gapAhead = (h: number, i: number): TableColumn<LeaderboardRow> => ({
  id: `g${h}`,
  label: `gap t+${h}`,
  format: "percent",
  ...(i === 0
    ? { note: `Absent where zero's mean excess loss is below ${columns.leastGap}.` }
    : {}),
  of: ({ predictor }) => columns.closedCell((pick) => predictor.ahead(i, pick)),
});

/** The table: rows of each lambda are predictors, best last. */
export function summarize(runs: Runs): Summary {
  const [found, systems] = [runs.tagsOf("lambda"), runs.tagsOf("seed").length];
  const predictor = (lambda: number, model: ModelId) => modelOf(runs, { lambda, model });
  const rows = found.flatMap((lambda): LeaderboardRow[] => [
    { lambda, label: "zero", predictor: zeroOf(runs, { lambda }) },
    ...modelsAt(lambda).map((id) => ({
      ...{ lambda, ...models[id], predictor: predictor(lambda, id) },
      timed: timedOf(runs, { lambda, model: id }),
    })),
    { lambda, label: "Kalman filter", predictor: kalmanOf(runs, { lambda }) },
  ]);

  const gaps = (lambda: number, id: ModelId) => predictor(lambda, id).oneStep(gap);
  const closed = (lambda: number, id: ModelId) => percent(mean(gaps(lambda, id)));
  const dense = (lambda: number) => `${closed(lambda, "dense-recurrence")} at ${lambda}`;
  const easy = found.filter((lambda) => lambda <= 0.96);
  const short = easy.filter((lambda) => mean(gaps(lambda, "dense-recurrence")) < 0.95);
  const steady = (lambda: number) =>
    `${dense(lambda)}, where the steady-state filter closes ${closed(lambda, "steady-state")}`;
  const open = (lambda: number, id: ModelId) => openOf(predictor(lambda, id).oneStep);
  const over = (id: ModelId) =>
    effectOf(
      contrastOver(found.map((lambda) => openRatio(open(lambda, "transformer"), open(lambda, id)))),
    );
  const last = found.at(-1)!;
  const plot = {
    x: { column: "lambda", label: "lambda", scale: "band" as const },
    series: "predictor",
  };
  return {
    ...tableOf(rows, [
      columns.lambda,
      columns.predictor,
      columns.oneStepRatio,
      onlyIf(({ label }) => label !== "Kalman filter", {
        id: "excess",
        label: "excess loss",
        better: "lower",
        note:
          "One step ahead: the ratio minus 1. Of closed forms the exact expectation, without sampling.",
        of: ({ predictor, closedForm }) =>
          cellOf(closedForm ? predictor.training!("excess") : predictor.oneStep(excess)),
      }),
      columns.rawRatio,
      columns.gapClosed,
      ...prices,
      ...columns.horizonRatios,
      ...horizons.map(gapAhead),
    ]),
    verdict: verdictOf(hypothesis, [
      over("dense-recurrence"),
      over("lru"),
      effectOf(contrastOver(found.map((lambda) => closedness(open(lambda, "dense-recurrence"))))),
    ]),
    findings: [
      `Gap closed at lambda ${last}: ` +
      modelsAt(last).map((id) => `${models[id].label} ${closed(last, id)}`).join(", ") +
      ` (${systemCount(systems)}).`,
      short.length === 0
        ? "The trained dense recurrence closes at least 95 % of the gap at every lambda up to .96: " +
          `${easy.map(dense).join(", ")}.`
        : "The trained dense recurrence closes less than 95 % of the gap at lambda " +
          `${short.join(", ")}: ${short.map(steady).join("; ")}.`,
      tunedRates(runs),
      completed(runs),
      agreement(runs),
    ],
    plots: [
      {
        ...plot,
        id: "excess",
        title: "Excess loss over the Kalman filter's, one step ahead",
        caption: "On a logarithmic scale, lower is better; means of " +
          `${systemCount(systems)}, their intervals are in the table.`,
        y: { column: "excess", label: "loss / Kalman loss - 1", scale: "log" },
        marks: ["line", "dot"],
      },
      plotOver(systems, {
        ...plot,
        id: "gap-closed",
        title: "Gap closed, one step ahead",
        caption: "",
        y: { column: "gap_closed", label: "gap closed" },
        rules: [{ y: 1, label: "Kalman filter" }],
      }),
    ],
  };
}
