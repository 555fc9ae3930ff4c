/**
 * @file The judge of all hypotheses. A hypothesis is data that is written down before the runs: clauses with their margins, controls
 * with theirs, the systems that count. What was measured is one number a system for each clause; nothing else enters.
 *
 * - **Supported**: every clause holds, by a sign-flip test at one-sided .025: the largest p counts (an intersection-union test, which
 *   needs no correction).
 * - **Refuted**: some clause is reversed at one-sided .025, after Holm over the clauses.
 * - **Undecided** otherwise; where a control is not shown to be equivalent; and where a ratio of means significantly points the other way.
 *   The judge then says what effect it could have seen.
 * - **Illustration**: a declared system is missing, or there are too few for any p to be small enough.
 *
 * So one experiment that has nothing to find is called supported or refuted in at most 5 % of cases; over several experiments
 * {@linkcode acrossExperiments} keeps the share of false verdicts there.
 */
import { type Equivalence, equivalence } from "./equivalence.ts";
import { type Interval, meanInterval } from "./intervals.ts";
import { benjaminiHochberg, holm } from "./multiplicity.ts";
import { detectable } from "./open_fraction.ts";
import { fewestFor, signFlips } from "./sign_flips.ts";

/** Of every clause and, by Holm, of all reversals together; one-sided. */
export const level = 0.025;
/** Of controls: TOST. */
export const controlLevel = 0.05;
/** Of all experiments together: share of verdicts expected to be false. */
export const falseDiscoveries = 0.05;

/** How an effect is written: a logarithm as a factor, a share in percentage points, or as it is. */
export type Scale = "factor" | "points" | "plain";

/** A statement that an effect lies above a margin. */
export interface Clause {
  /** What the effect is: "open fraction of the Transformer over that of the dense recurrence". */
  readonly what: string;
  /** What is compared: "open fraction", "gap closed", "accuracy". */
  readonly metric: string;
  /** How the effect is written. */
  readonly scale: Scale;
  /** In the units of the effect (logarithms of a factor); 0 unless said. */
  readonly margin?: number;
}

/** A statement that there is no effect: its mean lies within +-margin. */
export interface Control extends Omit<Clause, "margin"> {
  /** In the units of the effect, fixed before the runs. */
  readonly margin: number;
}

/** What is to be shown, as it stood before the runs. */
export interface Hypothesis {
  /** What effects are paired by: systems, seeds, blocks of a test (of time, of records); or what they are of, pairs of layers. */
  readonly unit: "system" | "seed" | "block" | "pair";
  /** The units that judge, all of them. */
  readonly seeds: readonly number[];
  /** All of them must hold. */
  readonly clauses: readonly Clause[];
  /** All of them must be shown; without one nothing is decided. */
  readonly controls?: readonly Control[];
  /** What was changed after a run had been seen, in words. */
  readonly amendments?: readonly string[];
}

/** What was measured for one clause or control. */
export interface Effect {
  /** Which units. */
  readonly at: readonly (string | number | boolean)[];
  /** One of each. */
  readonly values: readonly number[];
  /** The same effect as a ratio of means. */
  readonly ratioOfMeans?: Interval;
  /** How many runs behind it were counted as at the optimum. */
  readonly optimal?: number;
}

/** One clause, judged. */
export interface ClauseResult extends Clause {
  /** 0 where none was stated. */
  readonly margin: number;
  /** Mean over units, with its 95 % t interval. */
  readonly interval: Interval;
  /** One-sided, by sign flips: that it holds. */
  readonly p: number;
  /** Likewise, that it is reversed. */
  readonly reversedP: number;
  /** The same after Holm over the clauses. */
  readonly reversedHolm: number;
  /** The ratio of means lies significantly on the side of the margin that the effect is not. */
  readonly disagrees: boolean;
  /** The same effect as a ratio of means, with its 95 % interval. */
  readonly ratioOfMeans?: Interval;
  /** Smallest distance from the margin that would be found in 80 % of cases. */
  readonly detectable: number;
  /** How many runs behind it were counted as at the optimum. */
  readonly optimal: number;
}

/** One control, judged. */
export interface ControlResult extends Control, Equivalence {}

/** What follows. */
export interface Judgement {
  /** The verdict, before other experiments are considered. */
  readonly outcome: "supported" | "refuted" | "undecided" | "illustration";
  /**
   * Of the experiment, two-sided: at most .05 where it is supported or refuted. 1 where nothing may be claimed (a control, a
   * disagreement); absent where nothing was tested.
   */
  readonly p?: number;
  /** In the order of the hypothesis. */
  readonly clauses: readonly ClauseResult[];
  /** In the order of the hypothesis. */
  readonly controls: readonly ControlResult[];
  /** Why it is not decided. */
  readonly reasons: readonly string[];
}

/**
 * Judges what was measured.
 * @param effects one for each clause, in their order
 * @param controls one for each control
 * @throws {RangeError} for another number of effects, a unit that is measured twice or was not declared, and a value that is not finite
 */
export function judge(
  hypothesis: Hypothesis,
  effects: readonly Effect[],
  controls: readonly Effect[] = [],
): Judgement {
  const { unit, seeds } = hypothesis;
  check(hypothesis, effects, controls);
  const clauses = clauseResults(hypothesis.clauses, effects);
  const checks = (hypothesis.controls ?? []).map((control, i): ControlResult => ({
    ...control,
    ...equivalence(controls[i].values, control.margin, controlLevel),
  }));
  const judged = { clauses, controls: checks };
  const least = Math.min(...[...effects, ...controls].map(({ at }) => at.length));
  const fewest = fewestFor(level);
  if (least < seeds.length || least < fewest) {
    const why = least < seeds.length
      ? `${least} of the ${seeds.length} ${unit}s that judge were run`
      : `${least} ${unit}s cannot give a p below ${2 ** -least}; at least ${fewest} are needed`;
    return { outcome: "illustration", ...judged, reasons: [why] };
  }
  const supporting = Math.max(...clauses.map(({ p }) => p));
  const reversing = Math.min(...clauses.map(({ reversedHolm }) => reversedHolm));
  const p = Math.min(1, 2 * Math.min(supporting, reversing));
  const barred = [
    ...checks.filter((c) => c.p > controlLevel).map((c) =>
      `the control (${c.what}) is not shown to lie within ${shown(c.margin, c.scale)}`
    ),
    ...clauses.filter(({ disagrees }) => disagrees).map(({ what }) =>
      `the ratio of means significantly points the other way (${what})`
    ),
  ];
  if (barred.length > 0) return { outcome: "undecided", p: 1, ...judged, reasons: barred };
  if (supporting <= level) return { outcome: "supported", p, ...judged, reasons: [] };
  if (reversing <= level) return { outcome: "refuted", p, ...judged, reasons: [] };
  const open = clauses.filter(({ p }) => p > level);
  const reasons = open.map(({ what, detectable, scale, interval: { n } }) =>
    `with this spread ${n} ${unit}s find ${
      shown(detectable, scale)
    } from the margin in 80 % of cases (${what})`
  );
  return { outcome: "undecided", p, ...judged, reasons };
}

/**
 * p of each experiment adjusted for all of them (Benjamini-Hochberg): a verdict stands where it is at most
 * {@linkcode falseDiscoveries}. Experiments that tested nothing have none.
 */
export function acrossExperiments(ps: readonly (number | undefined)[]): (number | undefined)[] {
  const adjusted = benjaminiHochberg(ps.filter((p) => p !== undefined));
  let next = 0;
  return ps.map((p) => p === undefined ? undefined : adjusted[next++]);
}

/** An effect, or a distance between two, in words. */
export function shown(effect: number, scale: Scale): string {
  if (scale === "points") return `${(100 * effect).toFixed(1)} points`;
  if (scale === "plain") return effect.toPrecision(3);
  return `a factor of ${Math.exp(effect).toPrecision(3)}`;
}

function clauseResults(clauses: readonly Clause[], effects: readonly Effect[]): ClauseResult[] {
  const tested = clauses.map((clause, i) => {
    const { margin = 0 } = clause;
    const { values } = effects[i];
    const { above, below } = signFlips(values.map((value) => value - margin));
    return { margin, p: above, reversedP: below };
  });
  const adjusted = holm(tested.map(({ reversedP }) => reversedP));
  return clauses.map((clause, i) => {
    const { ratioOfMeans, values, optimal = 0 } = effects[i];
    const interval = meanInterval(values);
    const { margin, p } = tested[i];
    const disagrees = p <= level && ratioOfMeans?.high !== undefined &&
        ratioOfMeans.high < margin ||
      adjusted[i] <= level && ratioOfMeans?.low !== undefined && ratioOfMeans.low > margin;
    return {
      ...{ ...clause, ...tested[i], reversedHolm: adjusted[i], interval, disagrees },
      ...{ ratioOfMeans, detectable: detectable(values), optimal },
    };
  });
}

function check(
  { clauses, controls: stated = [], seeds, unit }: Hypothesis,
  effects: readonly Effect[],
  controls: readonly Effect[],
): void {
  if (clauses.length === 0) throw new RangeError("judge: the hypothesis has no clauses.");
  if (effects.length !== clauses.length || controls.length !== stated.length) {
    throw new RangeError(
      `judge: ${effects.length} effects and ${controls.length} controls were measured, of ${clauses.length} clauses and ` +
        `${stated.length} controls.`,
    );
  }
  const all = [...effects, ...controls];
  for (const [i, { at, values }] of all.entries()) {
    const { what } = [...clauses, ...stated][i];
    if (at.length !== values.length || new Set(at).size !== at.length) {
      throw new RangeError(
        `judge: ${what}: ${values.length} values of ${unit}s ${
          at.join(", ")
        }: expected one of each.`,
      );
    }
    const foreign = at.find((one) => !seeds.includes(one as number));
    if (foreign === undefined) continue;
    throw new RangeError(
      `judge: ${what}: ${unit} ${foreign} is none of those that were declared to judge (${
        seeds.join(", ")
      }). Leave it out, or amend the hypothesis.`,
    );
  }
}
