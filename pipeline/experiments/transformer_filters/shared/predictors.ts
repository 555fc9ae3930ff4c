/** @file What predicts on the systems of a setting, models and the two ends of the scale, and the scores of each. */
import type { Observed } from "../../../results.ts";
import type { Run, Runs } from "../../../table/runs.ts";
import type { Tags } from "../../../tags.ts";
import type { Values } from "../../../table/values.ts";

/** The part of lib/ssm's score that the tables read. */
export interface Score {
  ratio: number;
  rawRatio: number;
  /** Exact ratio of predicting zero, and as measured on the data. */
  zero: number;
  rawZero: number;
  gapClosed: number;
  /** (raw ratio - ratio) in standard errors. */
  discrepancy: number;
}

/** What the stages `evaluate` and `reference` leave. */
interface Evaluated {
  overall: Score;
  byHorizon: Score[];
  /** One step ahead at the boundaries of all patch sizes. */
  aligned: Score;
}
type Baseline = Record<"kalman" | "zero", { oneStep: Score; rollout: Score[] }>;

export type Pick = (score: Score) => number;

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
  /** Of models: what was observed while their runs with this tag `result` were made. */
  observed?(result: string, observed: Observed["observed"]): Observed;
}

const evaluated = (run: Run): Evaluated => run.json("scores.json");

/** A model on the systems of one setting, which the tags tell from the others. */
export function modelOf(all: Runs, tags: Tags): Predictor {
  const runs = all.where(tags);
  const scores = (result: string, pick: (scores: Evaluated) => number) =>
    runs.where({ result }).each("seed", (run) => pick(evaluated(run)));
  return {
    oneStep: (pick) => scores("one-step", (s) => pick(s.overall)),
    aligned: (pick) => scores("one-step", (s) => pick(s.aligned)),
    ahead: (horizon, pick) => scores("rollout", (s) => pick(s.byHorizon[horizon])),
    training: (scalar) =>
      runs.where({ result: "training" }).each("seed", ({ scalars }) => scalars[scalar]),
    observed: (result, observed) => ({
      observed,
      runs: [...runs.where({ result }).each("seed", () => 0).runs],
    }),
  };
}

/** Predicting nothing, in the setting that the tags tell from the others. */
export function zeroOf(runs: Runs, tags: Tags): Predictor {
  return endOf(runs.where(tags), (scores) => {
    const nothing = (s: Score) => ({ ...s, ratio: s.zero, rawRatio: s.rawZero, gapClosed: 0 });
    return { oneStep: nothing(scores.zero.oneStep), rollout: scores.zero.rollout.map(nothing) };
  });
}

/** The optimum, likewise. */
export function kalmanOf(runs: Runs, tags: Tags): Predictor {
  return endOf(runs.where(tags), ({ kalman: { oneStep, rollout } }) => {
    // Where zero is as good as the filter its score has no gap.
    return { oneStep, rollout: rollout.map((score) => ({ ...score, gapClosed: 1 })) };
  });
}

function endOf(runs: Runs, of: (scores: Baseline) => Baseline["zero"]): Predictor {
  const scores = (result: string, pick: (scores: Baseline["zero"]) => number) =>
    runs.where({ result }).each("seed", (run) => pick(of(run.json("scores.json"))));
  const oneStep = (pick: Pick) => scores("baseline", (s) => pick(s.oneStep));
  return {
    oneStep,
    aligned: oneStep,
    ahead: (horizon, pick) => scores("baseline-far", (s) => pick(s.rollout[horizon])),
  };
}

export const gap: Pick = (score) => score.gapClosed;
export const ratio: Pick = (score) => score.ratio;

/**
 * In a sentence, how ratio and raw ratio of all models one step ahead agree: their largest difference, in standard errors.
 */
export function agreement(runs: Runs): string {
  const scores = [...runs.where({ result: "one-step" })].map((run) => evaluated(run).overall);
  const worst = scores.reduce((max, s) => Math.max(max, Math.abs(s.discrepancy)), 0);
  const beyond = scores.filter((s) => Math.abs(s.discrepancy) > 3.29).length;
  const least = scores.reduce((min, s) => Math.min(min, s.ratio), Infinity);
  return `Over ${scores.length} scored runs the ratio by orthogonality and the raw ratio differ by at most ` +
    `${worst.toFixed(2)} standard errors, and by more than 3.29 (99.9 %) in ${beyond}; ` +
    `the smallest ratio is 1 + ${(least - 1).toExponential(1)}.`;
}
