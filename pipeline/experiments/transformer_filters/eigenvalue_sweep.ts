/**
 * @file Does a Transformer find filtering harder as the slowest mode of the system gets slower?
 * (transformer-filters, experiment 1)
 */
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, tableOf } from "../../table/table.ts";
import { mean, minus } from "../../table/values.ts";
import { judge, percent, plotOver, ruleOf, systemCount } from "../../table/verdict.ts";
import * as columns from "./shared/columns.ts";
import { baselineRuns, modelRuns, references, settingOf, transformer } from "./shared/filtering.ts";
import { agreement, gap, kalmanOf, modelOf, ratio, zeroOf } from "./shared/predictors.ts";
import { lambdas, settings } from "./shared/settings.ts";

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
};

/** Tags: lambda, and of models `times`, their steps over those of the other experiments. */
export const grid: Grid = (g, profile) =>
  g.table(
    profile.pick({ smoke: [0.36, 0.96], quick: lambdas }).flatMap((lambda) => {
      const setting = settingOf(profile, { lambda }, { lambda });
      return [
        ...baselineRuns(g, setting, { far: true }),
        ...modelRuns(g, setting, { times: 1 }, transformer(profile), "own"),
        ...references(profile).flatMap(({ times, setup }) =>
          modelRuns(g, { ...setting, systems: [0] }, { times }, setup)
        ),
      ];
    }),
  );

const rule = ruleOf("gap closed one step ahead at the smallest minus at the largest lambda.");

/** A reference run counts as converged when its last lengthening moved the gap closed by less than this, or when less is left. */
const converged = 0.02;

/** The table: rows of each lambda are predictors. */
export function summarize(runs: Runs): Summary {
  const [found, systems] = [runs.tagsOf("lambda"), runs.tagsOf("seed").length];
  const [, ...longer] = runs.tagsOf("times");
  const transformer = (lambda: number) => modelOf(runs, { lambda, times: 1 });
  const reference = (lambda: number, times: number) => modelOf(runs, { lambda, times, seed: 0 });
  const rows = found.flatMap((lambda) => [
    { lambda, label: "zero", predictor: zeroOf(runs, { lambda }), free: true },
    { lambda, label: "Transformer", predictor: transformer(lambda), free: true },
    ...longer.map((times) => {
      const label = `Transformer, ${times} x steps, system 0`;
      return { lambda, label, predictor: reference(lambda, times), free: false };
    }),
    { lambda, label: "Kalman filter", predictor: kalmanOf(runs, { lambda }), free: true },
  ]);

  const gaps = (lambda: number) => transformer(lambda).oneStep(gap);
  const closed = (lambda: number) => percent(mean(gaps(lambda)));
  const [easiest, hardest] = [found[0], found.at(-1)!];
  const findings = [
    `The Transformer closes ${closed(easiest)} of the gap to the Kalman filter at lambda ` +
    `${easiest} and ${closed(hardest)} at lambda ${hardest} (${systemCount(systems)}).`,
  ];
  const named = settings.filter(({ lambda }) => found.includes(lambda));
  if (named.length > 1) {
    const said = named.map(({ name, lambda }) => {
      const loss = mean(transformer(lambda).oneStep(ratio)).toFixed(3);
      return `${name}, lambda ${lambda}, where the loss is ${loss} of the filter's and ` +
        `${closed(lambda)} of the gap is closed`;
    });
    findings.push(
      `Settings of the other experiments, named after the hypothesis: ${said.join("; ")}.`,
    );
  }
  if (longer.length > 1) {
    const ladders = found.map((lambda) => ({
      lambda,
      ladder: [1, ...longer].map((times) => mean(reference(lambda, times).oneStep(gap))),
    }));
    findings.push(onReferences(ladders, longer));
  }
  const plot = {
    x: { column: "lambda", label: "lambda", scale: "band" as const },
    series: "predictor",
    rules: [{ y: 1, label: "Kalman filter" }],
  };
  return {
    ...tableOf(rows, [
      columns.lambda,
      columns.predictor,
      columns.oneStepRatio,
      columns.rawRatio,
      columns.gapClosed,
      ...columns.horizonRatios.map((column) =>
        onlyIf((row: typeof rows[number]) => row.free, column)
      ),
      columns.steps,
      columns.tokens("Observations that one model was trained on."),
      columns.learningRate,
    ]),
    verdict: judge(rule, [{
      what: `gap closed at lambda ${easiest} minus at ${hardest}`,
      differences: minus(gaps(easiest), gaps(hardest)),
    }]),
    findings: [...findings, agreement(runs)],
    plots: [
      plotOver(systems, {
        ...plot,
        id: "gap-closed",
        title: "Gap closed between predicting zero and the Kalman filter",
        caption: "One step ahead.",
        y: { column: "gap_closed", label: "gap closed" },
      }),
      plotOver(systems, {
        ...plot,
        id: "ratio",
        title: "Loss over the Kalman filter's",
        caption: "One step ahead; zero is the exact ratio of predicting nothing.",
        y: { column: "ratio", label: "loss / Kalman loss" },
      }),
    ],
  };
}

/** What the reference runs say on convergence, from the gap closed by system 0 with ever more steps. */
function onReferences(all: { lambda: number; ladder: number[] }[], longer: number[]): string {
  const ends = all.map(({ lambda, ladder }) => {
    const [before, last] = ladder.slice(-2);
    return { lambda, last, gain: last - before };
  });
  const at = (holds: (end: typeof ends[number]) => boolean) =>
    ends.filter(holds).map(({ lambda }) => lambda);
  const open = at(({ gain, last }) => gain >= converged && 1 - last >= converged);
  const worse = at(({ gain }) => gain <= -converged);
  const settled = at(({ lambda }) => !open.includes(lambda) && !worse.includes(lambda));
  const growing = all.filter(({ ladder }) => ladder.every((g, i) => i === 0 || g > ladder[i - 1]));
  const [before, longest] = longer.slice(-2);
  const gains = ends.map(({ lambda, last, gain }) =>
    `${percent(last)} (${(100 * gain).toFixed(1)}) at ${lambda}`
  );
  const where = settled.length === all.length ? "every lambda" : settled.join(", ") || "no lambda";
  return [
    `Reference runs of system 0, ${longest} x the steps (in brackets the points gained since ${before} x): ${
      gains.join(", ")
    }.`,
    `Converged, as it moved by less than ${100 * converged} points or has less left, at ${where}.`,
    ...(open.length ? [`At ${open.join(", ")} more training would still help.`] : []),
    ...(worse.length
      ? [`At ${worse.join(", ")} the longest run ended worse than the one before.`]
      : []),
    `The gap closed grows at every rung of the ladder at ${growing.length} of ${all.length} lambdas.`,
  ].join(" ");
}
