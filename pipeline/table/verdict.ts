/** @file How a hypothesis is judged from numbers of which there is one for each system, and what is said and drawn of them. */
import { type Interval, meanInterval } from "../../lib/analysis/intervals.ts";
import type { PlotSpec, Verdict } from "../results.ts";
import type { Values } from "./values.ts";

/** Fewer systems illustrate; their intervals are wider than what they are about. */
export const enoughSystems = 5;

export const percent = (x: number) => `${(100 * x).toFixed(1)} %`;

export const systemCount = (n: number) => `${n} ${n === 1 ? "system" : "systems"}`;

/** One part of a hypothesis. */
export interface Claim {
  what: string;
  /** For each system a number that the hypothesis expects to be positive. */
  differences: Pick<Values, "values">;
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
  const read = ({ what, differences: { values } }: Claim) => ({
    what,
    interval: meanInterval(values),
  });
  const parts = claims.map(read);
  const checks = controls.map(read);
  const enough = claims.every((c) => c.differences.values.length >= enoughSystems);
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
  const n = claims[0].differences.values.length;
  return {
    outcome,
    rule,
    reason: `${said[0].toUpperCase()}${said.slice(1)}; ${systemCount(n)}.${end}`,
  };
}

/** "12.3 % (95 % interval 10.1 % to 14.5 %)" */
function shown({ mean, low, high }: Interval): string {
  return low === undefined
    ? percent(mean)
    : `${percent(mean)} (95 % interval ${percent(low)} to ${percent(high!)})`;
}

/** A plot of means over so many systems: with intervals, and with a closing sentence on them. */
export function plotOver(systems: number, plot: Omit<PlotSpec, "marks">): PlotSpec {
  const enough = systems >= enoughSystems;
  const note = enough
    ? "Bars are 95 % intervals over systems."
    : `Means of ${systemCount(systems)}, an illustration; their intervals are in the table.`;
  return {
    ...plot,
    caption: [plot.caption, note].filter(Boolean).join(" "),
    marks: enough ? ["line", "dot", "interval"] : ["line", "dot"],
  };
}
