/**
 * @file Which linear and nonlinear sequence models come how close to the Kalman filter, and at what price? The comparison beside the
 * four experiments of transformer-filters: the filter is linear, so a linear recurrence can be optimal.
 */
import type { GraphBuilder, JobRef } from "../graph.ts";
import type { Profile } from "../profiles.ts";
import type { ExperimentMeta, Row, Summary } from "../results.ts";
import { horizons, labels, leaderboardRuns } from "./shared/filtering.ts";
import {
  agreement,
  type Baseline,
  cellOf,
  endRows,
  type Evaluated,
  gapColumn,
  horizonColumns,
  judge,
  measured,
  minus,
  percent,
  plotOver,
  ratioColumn,
  rawRatioColumn,
  ruleOf,
  type Runs,
  scalars,
  systemsOf,
  valuesOf,
} from "./shared/scores.ts";

export const meta: ExperimentMeta = {
  id: "filter-leaderboard",
  title: "Linear models against Transformers",
  question:
    "The Kalman filter is linear: how close does each model come to it, and what does it pay?",
  hypothesis:
    "The filter is a linear recurrence, so a linear recurrence that is trained finds it, and a Transformer of a similar size " +
    "pays more steps, parameters and time for less.",
  method:
    "The systems, data and scores of the eigenvalue sweep. **last k** is a causal linear map of the last k observations: in " +
    "closed form, as the map of least expected loss on the known system, and trained. **LRU** and **dense recurrence** are " +
    "one linear layer, h_t = A h_{t-1} + B y_t, p_t = C h_t + D y_t, with A diagonal and complex or dense; they are trained as " +
    "convolutions and run as recurrences. The **steady-state Kalman filter** is that recurrence with the filter's limiting gain: what " +
    "a recurrence whose coefficients do not change with time can reach, the first observations included. The **linear " +
    "Transformer** is the Transformer with linear attention (arXiv 2006.16236).\n\n" +
    "Each model's learning rate is found by successive halving at each lambda. Training seconds are those of one system; the " +
    "microseconds of a token are those of a free-running rollout of 128 sequences at once; both on one core of a machine that " +
    "ran two jobs at a time. Rollouts start after 64 observations.\n\n" +
    "Every trained model sees the same number of observations in the same number of steps. What the Transformer reaches with many " +
    "times as many, on one system, is in the eigenvalue sweep.",
  command: "deno task pipeline --only filter-leaderboard",
};

export function grid(g: GraphBuilder, profile: Profile): JobRef {
  return g.job(
    "aggregate",
    { experiment: meta.id, path: "pipeline/experiments/filter_leaderboard.ts" },
    leaderboardRuns(g, profile),
    "table",
  );
}

const rule = ruleOf(
  "gap closed one step ahead, dense recurrence minus Transformer, LRU minus Transformer, and dense recurrence minus 95 %, " +
    "each the mean over lambdas.",
);

/** In closed form: nothing was trained. */
const solved = ["fir-8", "fir-64", "steady-state"];

/** The table: rows of each lambda are predictors, best last. */
export function summarize(runs: Runs): Summary {
  const [found, seeds] = [valuesOf(runs, "lambda"), valuesOf(runs, "seed")];
  const ids = Object.keys(labels);
  const at = (lambda: number) => `lambda=${lambda}`;
  const gaps = (lambda: number, id: string) =>
    measured(runs, seeds, at(lambda), `${id}/one-step`, (s: Evaluated) => s.overall.gapClosed)
      .values;

  const rows: Row[] = [];
  for (const lambda of found) {
    const baseline = (what: "baseline" | "baseline-far", pick: (b: Baseline) => number) =>
      cellOf(measured(runs, seeds, at(lambda), what, pick));
    const { zero, kalman } = endRows(runs, seeds, at(lambda), { lambda });
    zero.excess = baseline("baseline", (b) => b.zero.oneStep.zero - 1);
    for (const h of horizons) {
      zero[`g${h}`] = baseline("baseline-far", () => 0);
      kalman[`g${h}`] = baseline("baseline-far", () => 1);
    }
    const models = ids.map((id): Row => {
      const one = (pick: (s: Evaluated) => number) =>
        cellOf(measured(runs, seeds, at(lambda), `${id}/one-step`, pick));
      const far = (pick: (s: Evaluated) => number) =>
        cellOf(measured(runs, seeds, at(lambda), `${id}/rollout`, pick));
      const about = (name: string) => cellOf(scalars(runs, seeds, at(lambda), `${id}/model`, name));
      const each = (what: string) =>
        seeds.map((seed) => `${at(lambda)}/seed=${seed}/${id}/${what}`);
      const row: Row = {
        lambda,
        predictor: labels[id],
        ratio: one((s) => s.overall.ratio),
        excess: one((s) => s.overall.ratio - 1),
        raw_ratio: one((s) => s.overall.rawRatio),
        gap_closed: one((s) => s.overall.gapClosed),
        parameters: about("parameters"),
        tokens: about("tokens"),
        token_seconds: {
          observed: { name: "token seconds", scale: 1e6 },
          runs: each("rollout"),
        },
      };
      if (solved.includes(id)) {
        row.seconds = { observed: { name: "seconds" }, runs: each("model") };
      } else {
        row.learning_rate = about("learningRate");
        row.seconds = {
          observed: { name: "step seconds", times: "steps" },
          runs: each("model"),
        };
      }
      horizons.forEach((h, i) => {
        row[`h${h}`] = far((s) => s.byHorizon[i].ratio);
        const gap = measured(
          runs,
          seeds,
          at(lambda),
          `${id}/rollout`,
          (s: Evaluated) => s.byHorizon[i].gapClosed,
        );
        // Where zero is as good as the filter there is no gap, and JSON says null for that.
        if (gap.values.every(Number.isFinite)) row[`g${h}`] = cellOf(gap);
      });
      return row;
    });
    rows.push(zero, ...models, kalman);
  }

  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const closed = (lambda: number, id: string) => percent(mean(gaps(lambda, id)));
  // One number for each system, so that the systems are what varies.
  const over = (id: string) => seeds.map((_, i) => mean(found.map((l) => gaps(l, id)[i])));
  const short = found.filter((l) => l <= 0.96 && mean(gaps(l, "dense-recurrence")) < 0.95);
  const { marks, note } = plotOver(seeds.length);
  const scored = Object.keys(runs).filter((name) => name.endsWith("/one-step"));
  const last = found.at(-1)!;
  return {
    columns: [
      { id: "lambda", label: "lambda" },
      { id: "predictor", label: "predictor", format: "text" },
      { ...ratioColumn, note: `One step ahead. ${ratioColumn.note}` },
      {
        id: "excess",
        label: "excess loss",
        better: "lower",
        note: "One step ahead: the ratio minus 1.",
      },
      rawRatioColumn,
      gapColumn,
      { id: "parameters", label: "parameters", format: "integer" },
      {
        id: "tokens",
        label: "tokens",
        format: "integer",
        note: "Observations trained on; 0 where the system is known.",
      },
      { id: "learning_rate", label: "learning rate", note: "Found by successive halving." },
      { id: "seconds", label: "seconds to train", format: "seconds", better: "lower" },
      {
        id: "token_seconds",
        label: "µs a token",
        better: "lower",
        note: "Free-running, 128 sequences at once.",
      },
      ...horizonColumns,
      ...horizons.map((h) => ({
        id: `g${h}`,
        label: `gap t+${h}`,
        format: "percent" as const,
        ...(h === horizons[0]
          ? { note: "Absent where zero is as good as the filter to 1e-9: there is no gap." }
          : {}),
      })),
    ],
    rows,
    verdict: judge(rule, [
      {
        what: "dense recurrence minus Transformer",
        differences: minus(over("dense-recurrence"), over("transformer")),
      },
      { what: "LRU minus Transformer", differences: minus(over("lru"), over("transformer")) },
      {
        what: "dense recurrence minus 95 %",
        differences: over("dense-recurrence").map((x) => x - 0.95),
      },
    ]),
    findings: [
      `Gap closed at lambda ${last}: ` +
      ids.map((id) => `${labels[id]} ${closed(last, id)}`).join(", ") +
      ` (${systemsOf(seeds.length)}).`,
      short.length === 0
        ? `The trained dense recurrence closes at least 95 % of the gap at every lambda up to .96: ` +
          found.filter((l) => l <= 0.96).map((l) => `${closed(l, "dense-recurrence")} at ${l}`)
            .join(", ") +
          "."
        : `The trained dense recurrence closes less than 95 % of the gap at lambda ${
          short.join(", ")
        }: ` +
          short.map((l) =>
            `${closed(l, "dense-recurrence")} at ${l}, where the steady-state filter closes ${
              closed(l, "steady-state")
            }`
          ).join("; ") + ".",
      agreement(scored.map((name) => (runs[name].json("scores.json") as Evaluated).overall)),
    ],
    plots: [
      {
        id: "excess",
        title: "Excess loss over the Kalman filter's, one step ahead",
        caption: `On a logarithmic scale, lower is better; means of ${
          systemsOf(seeds.length)
        }, their intervals are in the table.`,
        x: { column: "lambda", label: "lambda", scale: "band" },
        y: { column: "excess", label: "loss / Kalman loss - 1", scale: "log" },
        series: "predictor",
        marks: ["line", "dot"],
      },
      {
        id: "gap-closed",
        title: "Gap closed, one step ahead",
        caption: note,
        x: { column: "lambda", label: "lambda", scale: "band" },
        y: { column: "gap_closed", label: "gap closed" },
        series: "predictor",
        marks,
        rules: [{ y: 1, label: "Kalman filter" }],
      },
    ],
  };
}
