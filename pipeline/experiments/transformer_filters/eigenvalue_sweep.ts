/**
 * @file Does a Transformer find filtering harder as the slowest mode of the system gets slower?
 * (transformer-filters, experiment 1)
 */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { effectOf, openRatio } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, tableOf } from "../../table/table.ts";
import { mean } from "../../table/values.ts";
import { percent, plotOver, systemCount } from "../../table/verdict.ts";
import { completed, tunedRates } from "./shared/checks.ts";
import * as columns from "./shared/columns.ts";
import { baselineRuns, modelRuns, settingOf } from "./shared/filtering.ts";
import { agreement, gap, kalmanOf, modelOf, openOf, ratio, zeroOf } from "./shared/predictors.ts";
import { rates } from "./shared/rates.ts";
import { lambdas, medium, settings } from "./shared/settings.ts";
import { references, transformer } from "./shared/setups.ts";
import { candidateGaps, judged, spread } from "./shared/systems.ts";

export const meta: ExperimentMeta = {
  id: "eigenvalue-sweep",
  earlier: { outcome: "undecided", on: "five systems and by another rule", commit: "5b1f974" },
  title: "Eigenvalue sweep",
  question: "How close does a Transformer come to the Kalman filter as the system's memory grows?",
  hypothesis:
    "Higher lambda makes the system harder to learn: after 400 steps a larger fraction of the gap between predicting nothing and the Kalman " +
    "filter is open at lambda .99 than at .36.",
  method: "A diagonal system of 64 latent dimensions whose eigenvalues lie between lambda/2 and " +
    "lambda (in complex pairs, uniform phases) emits 2 channels; there is no observation noise, so the " +
    "Kalman filter is the exact optimum and its loss is known without sampling. The Transformer is trained on fresh sequences of 256 " +
    "observations with every squared error divided by the filter's expected one.\n\n" +
    "Twenty systems judge, the same in every setting: two from each decile of the gap among 2,000 candidates at lambda .92 " +
    "(`shared/select_systems.ts`). Each has one initialisation and data of its own in every setting, because systems vary more than initialisations (table of " +
    "variances); no two settings share a draw. Learning rates are found on four other systems, one rate for all settings of one law.\n\n" +
    "`ratio` is 1 + mean |prediction - Kalman prediction|^2 / Kalman loss. It estimates the ratio of " +
    "losses by orthogonality: it can never fall below 1 and is about a hundred times less noisy than " +
    "the raw ratio, which stands beside it as a check. Because predicting zero already scores close to 1 " +
    "for small lambda, the ratio alone says little; the **gap closed** is (zero - model) / (zero - Kalman), the **open fraction** the rest of it. " +
    "Rollouts run free after 64 observations; their errors are divided by the Kalman filter's own " +
    "h-step error.\n\n" +
    "To tell undertraining from difficulty, two of the systems are also trained with several times the steps at three lambdas, at a rate found in longer " +
    "trials (reference runs).",
};

/** Tags: lambda, and of models `times`, their steps over those of the other experiments. */
export const grid: Grid = (g, profile) =>
  g.table(
    profile.pick({
      smoke: [0.36, medium.lambda],
      quick: [0.36, medium.lambda, 0.99],
      standard: lambdas,
    }).flatMap((lambda) => {
      const setting = settingOf(profile, { lambda }, { lambda });
      const longer = settings.some((named) => named.lambda === lambda) ? references(profile) : [];
      const few = {
        ...setting,
        systems: spread(profile.pick({ smoke: 1, standard: 2 }), setting.systems),
      };
      return [
        ...baselineRuns(g, setting, { far: true }),
        ...modelRuns(g, setting, { times: 1 }, transformer(profile), { rollouts: "own" }),
        ...longer.flatMap(({ times, setup }) => modelRuns(g, few, { times }, setup)),
      ];
    }),
  );

const hypothesis: Hypothesis = {
  unit: "system",
  seeds: judged,
  clauses: [{
    what: "open fraction at the largest over that at the smallest lambda",
    metric: "open fraction",
    scale: "factor",
  }],
};

/** A reference run counts as converged when its last lengthening moved the gap closed by less than this, or when less is left. */
const converged = 0.02;

/** The table: rows of each lambda are predictors. */
export function summarize(runs: Runs): Summary {
  const [found, systems] = [runs.tagsOf("lambda"), runs.tagsOf("seed").length];
  const [, ...longer] = runs.tagsOf("times");
  const transformer = (lambda: number) => modelOf(runs, { lambda, times: 1 });
  const few = longer.length ? runs.where({ times: longer[0] }).tagsOf("seed") : [];
  const reference = (lambda: number, times: number) =>
    modelOf(runs.only("seed", few), { lambda, times });
  const referred = longer.length ? runs.where({ times: longer[0] }).tagsOf("lambda") : [];
  const rows = found.flatMap((lambda) => [
    { lambda, label: "zero", predictor: zeroOf(runs, { lambda }), free: true },
    { lambda, label: "Transformer", predictor: transformer(lambda), free: true },
    ...(referred.includes(lambda) ? longer : []).map((times) => {
      const label = `Transformer, ${times} x steps, ${systemCount(few.length)}`;
      return { lambda, label, predictor: reference(lambda, times), free: false };
    }),
    { lambda, label: "Kalman filter", predictor: kalmanOf(runs, { lambda }), free: true },
  ]);

  const gaps = (lambda: number) => transformer(lambda).oneStep(gap);
  const open = (lambda: number) => openOf(transformer(lambda).oneStep);
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
    const ladders = referred.map((lambda) => ({
      lambda,
      ladder: [1, ...longer].map((times) => mean(reference(lambda, times).oneStep(gap))),
    }));
    findings.push(onReferences(ladders, longer, few));
  }
  if (found.includes(medium.lambda)) findings.push(onSystems(runs));
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
      ...rates,
    ]),
    verdict: verdictOf(hypothesis, [effectOf(openRatio(open(hardest), open(easiest)))]),
    findings: [...findings, tunedRates(runs), completed(runs), agreement(runs)],
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

/** How much there is to learn on the systems that judge, beside all candidates. */
function onSystems(runs: Runs): string {
  const { values } = zeroOf(runs, { lambda: medium.lambda }).oneStep(ratio);
  const gaps = values.map((zero) => zero - 1).sort((a, b) => a - b);
  const quantiles = (of: readonly (readonly [number, number])[]) =>
    of.map(([share, gap]) => `${gap.toFixed(3)} (${100 * share} %)`).join(", ");
  const at = (share: number) => gaps[Math.min(gaps.length - 1, Math.floor(share * gaps.length))];
  return `The gap between zero and the filter at lambda ${medium.lambda}, exact, has the quantiles ` +
    `${quantiles(candidateGaps.map(([share]) => [share, at(share)]))} over the ${
      systemCount(gaps.length)
    } here; ` +
    `over 2,000 candidates ${quantiles(candidateGaps)}.`;
}

/** What the reference runs say on convergence, from the mean gap that a few systems close with ever more steps. */
function onReferences(
  all: { lambda: number; ladder: number[] }[],
  longer: number[],
  systems: number[],
): string {
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
    `Reference runs of systems ${
      systems.join(" and ")
    }, ${longest} x the steps (in brackets the points gained since ${before} x): ${
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
