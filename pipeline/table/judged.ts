/** @file The verdict of the judge of lib/analysis on a hypothesis, in words and with what it was made of. */
import {
  type ClauseResult,
  controlLevel,
  type ControlResult,
  falseDiscoveries,
  type Hypothesis,
  judge,
  level,
  shown,
} from "../../lib/analysis/judge.ts";
import type { Interval } from "../../lib/analysis/intervals.ts";
import type { ObservedEffect, Verdict } from "../results.ts";
import type { MadeEffect } from "./effects.ts";

/** The rule of a hypothesis, in words. */
export function ruleFor(
  { unit, seeds, clauses, controls = [], amendments = [] }: Hypothesis,
): string {
  const all = clauses.map((clause) =>
    `${clause.what} above ${amount(clause.margin ?? 0, clause.scale)}`
  );
  const nulls = controls.map(({ what, margin, scale }) =>
    `${what} within ${around(margin, scale)}`
  );
  return [
    `Mean over ${seeds.length} ${unit}s (${span(seeds)}), paired: ${all.join("; ")}.`,
    `Supported if every clause holds by sign flips at one-sided ${level}${
      seeds.length > 40 ? " (drawn)" : " (all enumerated)"
    }; refuted if one is reversed${clauses.length > 1 ? `, by Holm over ${clauses.length}` : ""}.`,
    ...(nulls.length
      ? [`Controls, shown by equivalence at ${controlLevel}: ${nulls.join("; ")}.`]
      : []),
    `Undecided otherwise, where a ratio of means significantly points the other way, and where the verdict does not stand among those of ` +
    `all experiments (Benjamini-Hochberg at ${falseDiscoveries}).`,
    ...amendments.map((change) => `Changed after a run had been seen: ${change}`),
  ].join(" ");
}

/**
 * The change of a hypothesis that is tried again on seeds that nobody has looked at.
 * @param earlier so many seeds were judged before
 */
export const freshSeeds = (earlier: number): string =>
  `a first run had ${earlier} other seeds, too few for any verdict to stand among so many experiments; these had not been looked at.`;

/**
 * Judges a hypothesis.
 * @param effects one for each clause @param controls one for each control
 */
export function verdictOf(
  hypothesis: Hypothesis,
  effects: readonly MadeEffect[],
  controls: readonly MadeEffect[] = [],
): Verdict {
  const { outcome, p, clauses, controls: checks, reasons } = judge(hypothesis, effects, controls);
  const said = [...clauses.map(clauseText), ...checks.map(controlText)].join("; ");
  const because = reasons.length ? ` ${ended[outcome]}: ${reasons.join("; ")}.` : "";
  const n = effects[0].values.length;
  return {
    outcome,
    rule: ruleFor(hypothesis),
    reason: `${said[0].toUpperCase()}${said.slice(1)}; ${n} ${hypothesis.unit}${
      n === 1 ? "" : "s"
    }.${because}`,
    ...(p === undefined ? {} : { p }),
    declared: hypothesis.seeds.length,
    clauses: [
      ...clauses.map((clause, i) => ({
        kind: "clause" as const,
        ...common(clause),
        reversed: clause.reversedP,
        ...(clause.ratioOfMeans && { means: ends(clause.ratioOfMeans, "value") }),
        terms: effects[i].terms,
      })),
      ...checks.map((control, i) => ({
        kind: "control" as const,
        ...common(control),
        terms: controls[i].terms,
      })),
    ],
  };
}

/**
 * The verdict on a hypothesis of numbers that differ from one time to the next (seconds): the rule, and what is to be read of the
 * catalogue and judged by it when the table is published.
 * @param effects one for each clause
 */
export function verdictWhenPublished(
  hypothesis: Hypothesis,
  effects: ObservedEffect[],
): Verdict {
  return {
    outcome: "undecided",
    rule: ruleFor(hypothesis),
    reason: "What the jobs observed has not been read.",
    observed: { hypothesis, effects },
  };
}

const ended: Record<Verdict["outcome"], string> = {
  supported: "",
  refuted: "",
  undecided: "Not decided",
  illustration: "This only illustrates",
};

function common({ what, metric, scale, margin, interval, p }: ClauseResult | ControlResult) {
  const { n } = interval;
  return { what, metric, scale, margin, n, p, ...ends(interval, "effect") };
}

function ends<Name extends string>({ mean, low, high }: Interval, name: Name) {
  return { [name]: mean, ...(low === undefined ? {} : { low, high }) } as
    & Record<Name, number>
    & { low?: number; high?: number };
}

function clauseText({ what, scale, interval, p, ratioOfMeans, optimal }: ClauseResult): string {
  const more = [
    `p = ${written(p)}`,
    ...(ratioOfMeans ? [`ratio of means ${measured(ratioOfMeans, scale)}`] : []),
    ...(optimal ? [`${optimal} runs at the optimum, counted as a millionth`] : []),
  ];
  return `${what}: ${measured(interval, scale)}, ${more.join(", ")}`;
}

function controlText({ what, scale, margin, interval, p, power }: ControlResult): string {
  return `control, ${what}: ${measured(interval, scale)}, within ${
    around(margin, scale)
  } with p = ` +
    `${written(p)} (power ${power.toFixed(2)} if there is nothing)`;
}

/** "1.31 (95 % interval 1.10 to 1.56)", "-7.0 points (90 % interval -31.0 to 17.0)" */
function measured({ mean, low, high, level }: Interval, scale: Hypothesis["clauses"][0]["scale"]) {
  const value = amount(mean, scale);
  if (low === undefined) return value;
  const bare = (x: number) => amount(x, scale).replace(" points", "");
  return `${value} (${(100 * level).toFixed(0)} % interval ${bare(low)} to ${bare(high!)})`;
}

/** A factor, percentage points, or a number. */
function amount(x: number, scale: Hypothesis["clauses"][0]["scale"]): string {
  return scale === "factor"
    ? number(Math.exp(x))
    : scale === "points"
    ? shown(x, scale)
    : number(x);
}

const around = (margin: number, scale: Hypothesis["clauses"][0]["scale"]) =>
  scale === "factor" ? shown(margin, scale) : `+-${shown(margin, scale)}`;

/** Three digits, without an exponent where that is readable. */
const number = (x: number) =>
  x !== 0 && (Math.abs(x) < 1e-4 || Math.abs(x) >= 1e6)
    ? x.toExponential(2)
    : String(Number(x.toPrecision(3)));

const written = (p: number) => p < 1e-4 ? p.toExponential(1) : String(Number(p.toPrecision(2)));

/** `0 to 9` for a run of whole numbers, else the list. */
function span(seeds: readonly number[]): string {
  const run = seeds.length > 2 && seeds.every((seed, i) => seed === seeds[0] + i);
  return run ? `${seeds[0]} to ${seeds.at(-1)}` : seeds.join(", ");
}
