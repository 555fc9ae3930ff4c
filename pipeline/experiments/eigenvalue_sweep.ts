/**
 * @file Does a Transformer find filtering harder as the slowest mode of the system gets slower?
 * (transformer-filters, experiment 1)
 */
import type { GraphBuilder, JobRef } from "../graph.ts";
import type { Profile } from "../profiles.ts";
import type { ExperimentMeta, Row, Summary } from "../results.ts";
import {
  baselineRuns,
  horizons,
  lambdas,
  modelRuns,
  references,
  seedsOf,
  settings,
  transformer,
} from "./shared/filtering.ts";
import {
  agreement,
  cellOf,
  endRows,
  type Evaluated,
  gapColumn,
  horizonColumns,
  judge,
  type Measured,
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
    "h-step error.\n\n" +
    "The learning rate of each lambda is found by successive halving on a system that is not reported. To tell " +
    "undertraining from difficulty, system 0 is also trained with several times the steps, at a rate found in longer trials (reference runs).",
  command: "deno task pipeline --only eigenvalue-sweep",
};

export function grid(g: GraphBuilder, profile: Profile): JobRef {
  const contender = transformer(profile);
  const seeds = seedsOf(profile);
  const inputs: Record<string, JobRef> = {};
  for (const lambda of profile.pick({ smoke: [0.36, 0.96], quick: lambdas })) {
    const setting = { at: `lambda=${lambda}`, law: { lambda }, seeds };
    Object.assign(inputs, baselineRuns(g, setting, { far: true }));
    Object.assign(inputs, modelRuns(g, { ...setting, contender, rollouts: "own" }));
    for (const reference of references(profile)) {
      Object.assign(inputs, modelRuns(g, { ...setting, contender: reference, seeds: [0] }));
    }
  }
  return g.job(
    "aggregate",
    { experiment: meta.id, path: "pipeline/experiments/eigenvalue_sweep.ts" },
    inputs,
    "table",
  );
}

const rule = ruleOf("gap closed one step ahead at the smallest minus at the largest lambda.");

/** A reference run counts as converged when its last lengthening moved the gap closed by less than this, or when less is left. */
const converged = 0.02;

/** Steps of the reference runs over those of the others, ascending. */
function referencesOf(runs: Runs): number[] {
  const found = Object.keys(runs).flatMap((name) =>
    /reference-x(\d+)\/one-step$/.exec(name)?.[1] ?? []
  );
  return [...new Set(found)].map(Number).sort((a, b) => a - b);
}

/** The table: rows of each lambda are predictors. */
export function summarize(runs: Runs): Summary {
  const [found, seeds] = [valuesOf(runs, "lambda"), valuesOf(runs, "seed")];
  const longer = referencesOf(runs);
  const at = (lambda: number) => `lambda=${lambda}`;
  const gap = (lambda: number, id: string, systems = seeds): Measured =>
    measured(runs, systems, at(lambda), `${id}/one-step`, (s: Evaluated) => s.overall.gapClosed);

  const rows: Row[] = [];
  for (const lambda of found) {
    const { zero, kalman } = endRows(runs, seeds, at(lambda), { lambda });
    const model = (predictor: string, id: string, systems: readonly number[]): Row => {
      const of = (pick: (s: Evaluated) => number) =>
        cellOf(measured(runs, systems, at(lambda), `${id}/one-step`, pick));
      const about = (name: string) =>
        cellOf(scalars(runs, systems, at(lambda), `${id}/model`, name));
      return {
        lambda,
        predictor,
        ratio: of((s) => s.overall.ratio),
        raw_ratio: of((s) => s.overall.rawRatio),
        gap_closed: of((s) => s.overall.gapClosed),
        steps: about("steps"),
        tokens: about("tokens"),
        learning_rate: about("learningRate"),
      };
    };
    const trained = model("Transformer", "transformer", seeds);
    horizons.forEach((h, i) => {
      const far = (s: Evaluated) => s.byHorizon[i].ratio;
      trained[`h${h}`] = cellOf(measured(runs, seeds, at(lambda), "transformer/rollout", far));
    });
    rows.push(
      zero,
      trained,
      ...longer.map((x) => model(`Transformer, ${x} x steps, system 0`, `reference-x${x}`, [0])),
      kalman,
    );
  }

  const [easiest, hardest] = [found[0], found.at(-1)!];
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const closed = (lambda: number) => percent(mean(gap(lambda, "transformer").values));
  const { marks, note } = plotOver(seeds.length);
  const findings = [
    `The Transformer closes ${
      closed(easiest)
    } of the gap to the Kalman filter at lambda ${easiest} and ` +
    `${closed(hardest)} at lambda ${hardest} (${systemsOf(seeds.length)}).`,
  ];
  const named = settings.filter(({ lambda }) => found.includes(lambda));
  if (named.length > 1) {
    const ratio = (lambda: number) =>
      mean(
        measured(runs, seeds, at(lambda), "transformer/one-step", (s: Evaluated) => s.overall.ratio)
          .values,
      ).toFixed(3);
    findings.push(
      `Settings of the other experiments, named after the hypothesis: ` +
        named.map((s) =>
          `${s.name}, lambda ${s.lambda}, where the loss is ${
            ratio(s.lambda)
          } of the filter's and ${closed(s.lambda)} of the gap is closed`
        ).join("; ") + ".",
    );
  }
  if (longer.length > 1) {
    const ladder = (lambda: number) => [
      gap(lambda, "transformer", [0]).values[0],
      ...longer.map((x) => gap(lambda, `reference-x${x}`, [0]).values[0]),
    ];
    const gained = (lambda: number) => {
      const [before, last] = ladder(lambda).slice(-2);
      return { last, gain: last - before };
    };
    const growing = found.filter((l) => ladder(l).every((g, i, all) => i === 0 || g > all[i - 1]));
    const open = found.filter((l) =>
      gained(l).gain >= converged && 1 - gained(l).last >= converged
    );
    const worse = found.filter((l) => gained(l).gain <= -converged);
    const settled = found.filter((l) => !open.includes(l) && !worse.includes(l));
    const [before, longest] = longer.slice(-2);
    findings.push(
      `Reference runs of system 0, ${longest} x the steps (in brackets the points gained since ${before} x): ` +
        found.map((l) =>
          `${percent(gained(l).last)} (${(100 * gained(l).gain).toFixed(1)}) at ${l}`
        ).join(", ") +
        `. Converged, as it moved by less than ${100 * converged} points or has less left, at ${
          settled.length === found.length ? "every lambda" : settled.join(", ") || "no lambda"
        }. ` +
        (open.length ? `At ${open.join(", ")} more training would still help. ` : "") +
        (worse.length
          ? `At ${worse.join(", ")} the longest run ended worse than the one before. `
          : "") +
        `The gap closed grows at every rung of the ladder at ${growing.length} of ${found.length} lambdas.`,
    );
  }
  const scored = Object.keys(runs).filter((name) => name.endsWith("/one-step"));
  findings.push(
    agreement(scored.map((name) => (runs[name].json("scores.json") as Evaluated).overall)),
  );
  return {
    columns: [
      { id: "lambda", label: "lambda" },
      { id: "predictor", label: "predictor", format: "text" },
      { ...ratioColumn, note: `One step ahead. ${ratioColumn.note}` },
      rawRatioColumn,
      gapColumn,
      ...horizonColumns,
      { id: "steps", label: "steps", format: "integer" },
      {
        id: "tokens",
        label: "tokens",
        format: "integer",
        note: "Observations that one model was trained on.",
      },
      { id: "learning_rate", label: "learning rate", note: "Found by successive halving." },
    ],
    rows,
    verdict: judge(rule, [{
      what: `gap closed at lambda ${easiest} minus at ${hardest}`,
      differences: minus(gap(easiest, "transformer").values, gap(hardest, "transformer").values),
    }]),
    findings,
    plots: [
      {
        id: "gap-closed",
        title: "Gap closed between predicting zero and the Kalman filter",
        caption: `One step ahead. ${note}`,
        x: { column: "lambda", label: "lambda", scale: "band" },
        y: { column: "gap_closed", label: "gap closed" },
        series: "predictor",
        marks,
        rules: [{ y: 1, label: "Kalman filter" }],
      },
      {
        id: "ratio",
        title: "Loss over the Kalman filter's",
        caption: `One step ahead; zero is the exact ratio of predicting nothing. ${note}`,
        x: { column: "lambda", label: "lambda", scale: "band" },
        y: { column: "ratio", label: "loss / Kalman loss" },
        series: "predictor",
        marks,
        rules: [{ y: 1, label: "Kalman filter" }],
      },
    ],
  };
}
