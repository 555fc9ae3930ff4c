/** @file How a hypothesis is judged from numbers of which there is one for each system, and what is said and drawn of them. */
import { type Interval, meanInterval } from "../../lib/analysis/intervals.ts";
import type { PlotSpec, Verdict } from "../results.ts";
import type { Values } from "./values.ts";

/** Fewer systems illustrate; their intervals are wider than what they are about. */
export const enoughSystems = 5;

export const percent = (x: number) => `${(100 * x).toFixed(1)} %`;

export const systemCount = (n: number) => counted(n, "system");

/** What the numbers of a hypothesis are of: systems, or seeds of one task. */
export type Unit = "system" | "seed";

const counted = (n: number, unit: Unit) => `${n} ${n === 1 ? unit : `${unit}s`}`;

/** One part of a hypothesis. */
export interface Claim {
  what: string;
  /** For each system a number that the hypothesis expects to be positive. */
  differences: Pick<Values, "values">;
}

/** The rule of {@linkcode judge} in words, for the parts `what`. */
export function ruleOf(what: string, unit: Unit = "system"): string {
  return `With at least ${enoughSystems} ${unit}s, from 95 % intervals over ${unit}s, paired: ${what} ` +
    "Supported if every interval lies above 0, refuted if any lies below 0, undecided otherwise. " +
    `With fewer ${unit}s nothing is judged.`;
}

/**
 * Judges a hypothesis by its parts. A control that fails leaves it undecided, whatever the parts say.
 * @param controls numbers for each system whose interval must contain 0.
 */
export function judge(
  rule: string,
  claims: readonly Claim[],
  controls: readonly Claim[] = [],
  unit: Unit = "system",
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
    ? ` Too few ${unit}s for a verdict: this only illustrates.`
    : held
    ? ""
    : " A control fails, so nothing follows.";
  const n = claims[0].differences.values.length;
  return {
    outcome,
    rule,
    reason: `${said[0].toUpperCase()}${said.slice(1)}; ${counted(n, unit)}.${end}`,
  };
}

/** "12.3 % (95 % interval 10.1 % to 14.5 %)" */
function shown({ mean, low, high }: Interval): string {
  return low === undefined
    ? percent(mean)
    : `${percent(mean)} (95 % interval ${percent(low)} to ${percent(high!)})`;
}

/** A plot of means over so many systems: with intervals, and with a closing sentence on them. */
export function plotOver(
  systems: number,
  plot: Omit<PlotSpec, "marks">,
  unit: Unit = "system",
): PlotSpec {
  const enough = systems >= enoughSystems;
  const note = enough
    ? `Bars are 95 % intervals over ${unit}s.`
    : `Means of ${counted(systems, unit)}, an illustration; their intervals are in the table.`;
  return {
    ...plot,
    caption: [plot.caption, note].filter(Boolean).join(" "),
    marks: enough ? ["line", "dot", "interval"] : ["line", "dot"],
  };
}
