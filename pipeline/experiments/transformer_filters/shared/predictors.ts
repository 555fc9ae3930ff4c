/** @file What predicts on the systems of a setting, models and the two ends of the scale, and the scores of each. */
import { leakTest } from "../../../../lib/analysis/leak_test.ts";
import type { Run, Runs } from "../../../table/runs.ts";
import type { Tags } from "../../../tags.ts";
import type { Values } from "../../../table/values.ts";
import type { OpenFractions } from "../../../table/effects.ts";
import { horizons } from "./settings.ts";

/** The part of lib/ssm's score that the tables read. */
export interface Score {
  ratio: number;
  /** Standard error of the ratio over sequences. */
  ratioError: number;
  rawRatio: number;
  /** Exact ratio of predicting zero, and as measured on the data. */
  zero: number;
  rawZero: number;
  gapClosed: number;
  /** (raw ratio - ratio) in standard errors. */
  discrepancy: number;
  /** The cross term with the innovation, in standard errors. */
  leak: number;
  sequences: number;
}

/** What the stages `evaluate` and `reference` leave. */
interface Evaluated {
  overall: Score;
  byHorizon: Score[];
  /** One step ahead at the boundaries of all patch sizes. */
  aligned: Score;
}
type Baseline = Record<"kalman" | "zero", { oneStep: Score; rollout: Score[] }>;

/** A number of a score, with its name among the published ones. */
export interface Pick {
  (score: Score): number;
  metric?: string;
}

/** One number of a score, or a scalar of the training, of each system. */
export interface Predictor {
  /** Of the next patch, which is one step ahead without patches. */
  oneStep(pick: Pick): Values;
  /** One step ahead at the boundaries of all patch sizes; at all tokens for the two ends. */
  aligned(pick: Pick): Values;
  /** Running free, at one of the horizons, by its index. */
  ahead(horizon: number, pick: Pick): Values;
  /** Of models. */
  training?(scalar: string): Values;
}

const evaluated = (run: Run): Evaluated => run.json("scores.json");

const at = (horizon: number) => `t+${horizons[horizon]} `;

/** A model on the systems of one setting, which the tags tell from the others. */
export function modelOf(all: Runs, tags: Tags): Predictor {
  const runs = all.where(tags);
  const scores = (result: string, pick: Pick, of: (scores: Evaluated) => Score, which = "") =>
    runs.where({ result }).each(
      "seed",
      (run) => pick(of(evaluated(run))),
      pick.metric && which + pick.metric,
    );
  return {
    oneStep: (pick) => scores("one-step", pick, (s) => s.overall),
    aligned: (pick) => scores("one-step", pick, (s) => s.aligned, "aligned "),
    ahead: (horizon, pick) => scores("rollout", pick, (s) => s.byHorizon[horizon], at(horizon)),
    training: (scalar) =>
      runs.where({ result: "training" }).each("seed", ({ scalars }) => scalars[scalar], scalar),
  };
}

/** Predicting nothing, in the setting that the tags tell from the others. */
export function zeroOf(runs: Runs, tags: Tags): Predictor {
  return endOf(runs.where(tags), "zero ", (scores) => {
    const nothing = (s: Score) => ({ ...s, ratio: s.zero, rawRatio: s.rawZero, gapClosed: 0 });
    return { oneStep: nothing(scores.zero.oneStep), rollout: scores.zero.rollout.map(nothing) };
  });
}

/** The optimum, likewise. */
export function kalmanOf(runs: Runs, tags: Tags): Predictor {
  return endOf(runs.where(tags), "Kalman ", ({ kalman: { oneStep, rollout } }) => {
    // Where zero is as good as the filter its score has no gap.
    return { oneStep, rollout: rollout.map((score) => ({ ...score, gapClosed: 1 })) };
  });
}

function endOf(
  runs: Runs,
  name: string,
  of: (scores: Baseline) => Baseline["zero"],
): Predictor {
  const scores = (
    result: string,
    pick: Pick,
    part: (scores: Baseline["zero"]) => Score,
    which = "",
  ) =>
    runs.where({ result }).each(
      "seed",
      (run) => pick(part(of(run.json("scores.json")))),
      pick.metric && name + which + pick.metric,
    );
  const oneStep = (pick: Pick) => scores("baseline", pick, (s) => s.oneStep);
  return {
    oneStep,
    aligned: oneStep,
    ahead: (horizon, pick) => scores("baseline-far", pick, (s) => s.rollout[horizon], at(horizon)),
  };
}

const named = (metric: string, pick: (score: Score) => number): Pick =>
  Object.assign(pick, { metric });

export const gap = named("gap closed", (score) => score.gapClosed);
export const ratio = named("ratio", (score) => score.ratio);
export const raw = named("raw ratio", (score) => score.rawRatio);
/** Loss over the filter's, minus 1. (JSON has null for what is no number, and null - 1 would be one.) */
export const excess = named("excess", (score) => (score.ratio ?? NaN) - 1);
/** The same of predicting zero: what there is to learn. */
export const whole = named("gap", (score) => (score.zero ?? NaN) - 1);

/** What a predictor leaves open, of one of its ways to predict: `openOf(model.oneStep)`. */
export function openOf(of: (pick: Pick) => Values): OpenFractions {
  return { excess: of(excess), gap: of(whole) };
}

/**
 * In a sentence, whether any model has seen what it predicts, one step ahead: the leak test over all runs; and how the ratio by
 * orthogonality and the raw ratio agree.
 */
export function agreement(runs: Runs): string {
  const all = [...runs.where({ result: "one-step" })];
  const scores = all.map((run) => evaluated(run).overall);
  const { worst, p, found } = leakTest(scores);
  const least = scores.reduce((min, s) => Math.min(min, s.ratio), Infinity);
  const apart = scores.reduce((max, s) => Math.max(max, Math.abs(s.discrepancy)), 0);
  const names = found.map((i) => all[i].name);
  const verdict = names.length === 0
    ? "no run has seen what it predicts"
    : `A LEAK: ${names.length} runs have seen what they predict (${
      names.slice(0, 3).join(", ")
    }), so no number here counts`;
  return `Leak test over ${scores.length} scored runs: ${verdict}; the cross term with the innovation is at most ${
    worst.toFixed(2)
  } standard errors from 0 (the smallest p, by Bonferroni, ${Math.min(1, ...p).toPrecision(2)}). ` +
    `The ratio by orthogonality and the raw ratio differ by at most ${
      apart.toFixed(2)
    } standard errors; ` +
    `the smallest ratio is 1 + ${(least - 1).toExponential(1)}.`;
}
