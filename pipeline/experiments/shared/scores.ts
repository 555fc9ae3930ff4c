/**
 * @file How the scores of many systems become the cells of a table, and how a hypothesis about them is judged.
 */
import { type Interval, meanInterval, pairedInterval } from "../../../lib/analysis/intervals.ts";
import type { Cell, Column, PlotSpec, Row, Verdict } from "../../results.ts";
import type { ArtifactReaderSync } from "../../stage.ts";
import { horizons } from "./filtering.ts";

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

/** What the stages `evaluate` and `baseline` leave. */
export interface Evaluated {
  overall: Score;
  byHorizon: Score[];
  /** One step ahead at the boundaries of all patch sizes. */
  aligned: Score;
}
export type Baseline = Record<"kalman" | "zero", { oneStep: Score; rollout: Score[] }>;

export type Runs = Record<string, ArtifactReaderSync>;

/** Fewer systems illustrate; their intervals are wider than what they are about. */
export const enoughSystems = 5;

/** Distinct values of `key=value` parts in the names of runs, ascending. */
export function valuesOf(runs: Runs, key: string): number[] {
  const pattern = new RegExp(`(?:^|/)${key}=([\\d.]+)(?:/|$)`);
  const found = Object.keys(runs).flatMap((name) => {
    const value = pattern.exec(name)?.[1];
    return value === undefined ? [] : [Number(value)];
  });
  return [...new Set(found)].sort((a, b) => a - b);
}

/** Values of one quantity over systems, and the runs that they came from. */
export interface Measured {
  values: number[];
  runs: string[];
}

/**
 * Reads one number of each of the systems `seeds` from the runs `${at}/seed=S/${what}`.
 * @param pick of the run's scores.json
 */
export function measured<S>(
  runs: Runs,
  seeds: readonly number[],
  at: string,
  what: string,
  pick: (scores: S) => number,
): Measured {
  const names = seeds.map((seed) => `${at}/seed=${seed}/${what}`);
  return { values: names.map((name) => pick(runs[name].json("scores.json"))), runs: names };
}

/** The same of a scalar, such as a model's `parameters`. */
export function scalars(
  runs: Runs,
  seeds: readonly number[],
  at: string,
  what: string,
  name: string,
): Measured {
  const names = seeds.map((seed) => `${at}/seed=${seed}/${what}`);
  return { values: names.map((run) => runs[run].scalars[name]), runs: names };
}

/**
 * Mean over systems with its 95 % interval. Values that are equal by definition, as the filter's ratio to itself, have no
 * interval.
 */
export function cellOf({ values, runs }: Measured): Cell {
  const { mean, low, high, n } = meanInterval(values);
  const exact = values.every((value) => value === values[0]);
  return exact || low === undefined
    ? { value: mean, n, runs }
    : { value: mean, low, high, n, runs };
}

/**
 * The rows of the two ends, predicting zero and the Kalman filter, of the setting `at`: one step ahead, and `h2`, `h4`, ...
 * at the horizons of rollouts.
 */
export function endRows(
  runs: Runs,
  seeds: readonly number[],
  at: string,
  setting: Row,
): Record<"zero" | "kalman", Row> {
  const of = (what: "baseline" | "baseline-far", pick: (b: Baseline) => number) =>
    cellOf(measured(runs, seeds, at, what, pick));
  const zero: Row = {
    ...setting,
    predictor: "zero",
    ratio: of("baseline", (b) => b.zero.oneStep.zero),
    raw_ratio: of("baseline", (b) => b.zero.oneStep.rawZero),
    gap_closed: of("baseline", () => 0),
  };
  const kalman: Row = {
    ...setting,
    predictor: "Kalman filter",
    ratio: of("baseline", (b) => b.kalman.oneStep.ratio),
    raw_ratio: of("baseline", (b) => b.kalman.oneStep.rawRatio),
    gap_closed: of("baseline", (b) => b.kalman.oneStep.gapClosed),
  };
  horizons.forEach((h, i) => {
    zero[`h${h}`] = of("baseline-far", (b) => b.zero.rollout[i].zero);
    kalman[`h${h}`] = of("baseline-far", (b) => b.kalman.rollout[i].ratio);
  });
  return { zero, kalman };
}

/** Mean paired difference a - b over systems with its 95 % interval. */
export function differenceCell(a: Measured, b: Measured): Cell {
  const { mean, low, high, n } = pairedInterval(a.values, b.values);
  const runs = [...a.runs, ...b.runs];
  return low === undefined ? { value: mean, n, runs } : { value: mean, low, high, n, runs };
}

export const minus = (a: readonly number[], b: readonly number[]) => a.map((x, i) => x - b[i]);

/** Mean over settings of each system's value: [settings][systems] to [systems]. */
export function meanOver(settings: readonly (readonly number[])[]): number[] {
  return settings[0].map((_, i) =>
    settings.reduce((s, values) => s + values[i], 0) / settings.length
  );
}

export const percent = (x: number) => `${(100 * x).toFixed(1)} %`;

/** "12.3 % (95 % interval 10.1 % to 14.5 %)" */
export function shown({ mean, low, high }: Interval): string {
  return low === undefined
    ? percent(mean)
    : `${percent(mean)} (95 % interval ${percent(low)} to ${percent(high!)})`;
}

export const systemsOf = (n: number) => `${n} ${n === 1 ? "system" : "systems"}`;

/** One part of a hypothesis. */
export interface Claim {
  what: string;
  /** For each system a number that the hypothesis expects to be positive. */
  differences: readonly number[];
}

/** The rule of {@linkcode judge} in words, for the parts `what`. */
export function ruleOf(what: string): string {
  return `With at least ${enoughSystems} systems, from 95 % intervals over systems, paired: ${what} ` +
    "Supported if every interval lies above 0, refuted if any lies below 0, undecided otherwise. " +
    "With fewer systems nothing is judged.";
}

/**
 * Judges a hypothesis by its parts. A control that fails leaves it undecided, whatever the parts say.
 * @param controls numbers for each system whose interval must contain 0.
 */
export function judge(
  rule: string,
  claims: readonly Claim[],
  controls: readonly Claim[] = [],
): Verdict {
  const read = ({ what, differences }: Claim) => ({ what, interval: meanInterval(differences) });
  const parts = claims.map(read);
  const checks = controls.map(read);
  const enough = claims.every((c) => c.differences.length >= enoughSystems);
  const held = checks.every(({ interval: { low, high } }) => low! <= 0 && high! >= 0);
  const outcome = !enough
    ? "illustration"
    : !held
    ? "undecided"
    : parts.some(({ interval }) => interval.high! < 0)
    ? "refuted"
    : parts.every(({ interval }) => interval.low! > 0)
    ? "supported"
    : "undecided";
  const said = [...parts, ...checks].map(({ what, interval }) => `${what}: ${shown(interval)}`)
    .join("; ");
  const end = !enough
    ? " Too few systems for a verdict: this only illustrates."
    : held
    ? ""
    : " A control fails, so nothing follows.";
  const n = claims[0].differences.length;
  return {
    outcome,
    rule,
    reason: `${said[0].toUpperCase()}${said.slice(1)}; ${systemsOf(n)}.${end}`,
  };
}

/** Marks and a closing sentence for a plot over systems. */
export function plotOver(systems: number): { marks: PlotSpec["marks"]; note: string } {
  return systems >= enoughSystems
    ? { marks: ["line", "dot", "interval"], note: "Bars are 95 % intervals over systems." }
    : {
      marks: ["line", "dot"],
      note: `Means of ${systemsOf(systems)}, an illustration; their intervals are in the table.`,
    };
}

export const ratioColumn: Column = {
  id: "ratio",
  label: "loss / Kalman",
  format: "fixed3",
  better: "lower",
  note: "By orthogonality: 1 + mean |prediction - Kalman prediction|^2 / Kalman loss.",
};
export const rawRatioColumn: Column = {
  id: "raw_ratio",
  label: "raw ratio",
  format: "fixed3",
  note: "Measured squared error over the exact Kalman loss; a check.",
};
export const gapColumn: Column = {
  id: "gap_closed",
  label: "gap closed",
  format: "percent",
  better: "higher",
};
export const horizonColumns: Column[] = horizons.map((h) => ({
  id: `h${h}`,
  label: `t+${h}`,
  format: "fixed3" as const,
}));

/** The largest disagreement of ratio and raw ratio among runs, in standard errors, in a sentence. */
export function agreement(scores: readonly Score[]): string {
  const worst = scores.reduce((max, s) => Math.max(max, Math.abs(s.discrepancy)), 0);
  const beyond = scores.filter((s) => Math.abs(s.discrepancy) > 3.29).length;
  const least = scores.reduce((min, s) => Math.min(min, s.ratio), Infinity);
  return `Over ${scores.length} scored runs the ratio by orthogonality and the raw ratio differ by at most ` +
    `${
      worst.toFixed(2)
    } standard errors, and by more than 3.29 (99.9 %) in ${beyond}; the smallest ratio is ` +
    `1 + ${(least - 1).toExponential(1)}.`;
}
