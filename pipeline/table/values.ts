/** @file Numbers of which there is one for each system, paired by system, and the cells that they become. */
import { meanInterval } from "../../lib/analysis/intervals.ts";
import type { Cell } from "../results.ts";
import type { Term } from "../terms.ts";
import type { Tag } from "../tags.ts";

/** One number for each value of a tag (of each seed), and the runs that they came from. */
export interface Values {
  tag: string;
  /** The values of the tag, in order. */
  at: readonly Tag[];
  values: readonly number[];
  /** Those of the first term first, in the order of `at`. */
  runs: readonly string[];
  /** The same numbers from named scores of runs; without them they are a score themselves, named by the column that shows them. */
  terms?: readonly Term[];
}

/**
 * Number by number.
 * @param metric what to call the result among the published scores
 */
export function mapped(
  of: Values,
  f: (value: number, index: number) => number,
  metric?: string,
): Values {
  const { terms: _, ...rest } = of;
  const values = of.values.map(f);
  return metric === undefined
    ? { ...rest, values }
    : { ...rest, values, terms: [{ coefficient: 1, metric, runs: own(of), values }] };
}

/** a - b, pair by pair. @throws {Error} when they are not of the same systems */
export function minus(a: Values, b: Values): Values {
  return sumOf([[1, a], [-1, b]]);
}

/** Mean over settings, for each system. @throws {Error} when they are not of the same systems */
export function meanOver(settings: readonly Values[]): Values {
  const { terms, ...sum } = sumOf(settings.map((values) => [1, values]));
  const n = settings.length;
  return {
    ...sum,
    values: sum.values.map((value) => value / n),
    ...(terms && { terms: terms.map((t) => ({ ...t, coefficient: t.coefficient / n })) }),
  };
}

function sumOf(parts: readonly (readonly [number, Values])[]): Values {
  const [[, first], ...others] = parts;
  for (const [, other] of others) checkPairs(first, other);
  const { terms: _, ...rest } = first;
  const known = parts.every(([, { terms }]) => terms);
  return {
    ...rest,
    values: first.values.map((_, i) =>
      parts.reduce((sum, [sign, { values }]) => sum + sign * values[i], 0)
    ),
    runs: [...new Set(parts.flatMap(([, { runs }]) => runs))],
    ...(known && {
      terms: parts.flatMap(([sign, { terms }]) =>
        terms!.map((term) => ({ ...term, coefficient: sign * term.coefficient }))
      ),
    }),
  };
}

/** Mean over systems. @throws {RangeError} for a value that is not finite */
export function mean({ values }: Values): number {
  return meanInterval(values).mean;
}

/**
 * Fewest values of which a cell shows an interval. That of two has one degree of freedom: it is thirteen times as wide as their
 * standard error, leaves the range of what can be, and says nothing.
 */
export const fewestOfInterval = 3;

/**
 * Mean and number of values, with the 95 % interval that a cell shows. Values that are equal by definition, as the filter's ratio to
 * itself, have no interval, nor have fewer than {@linkcode fewestOfInterval}.
 */
export function shownMean(
  values: readonly number[],
): { value: number; low?: number; high?: number; n: number } {
  const { mean, low, high, n } = meanInterval(values);
  const none = n < fewestOfInterval || values.every((value) => value === values[0]);
  return { value: mean, ...(none ? {} : { low, high }), n };
}

/** A number of a whole run, with half the width of the interval of its parts (as {@linkcode shownMean} has it) on either side. */
export function around(
  value: number,
  parts: readonly number[],
): { value: number; low?: number; high?: number } {
  const { low, high } = parts.length ? shownMean(parts) : {};
  if (low === undefined) return { value };
  const half = (high! - low) / 2;
  return { value, low: value - half, high: value + half };
}

/** Mean over systems, with its interval as {@linkcode shownMean} has it. */
export function cellOf(of: Values): Cell {
  return { ...shownMean(of.values), runs: [...of.runs], terms: [...termsOf(of)] };
}

/** Mean of a - b over systems with the 95 % interval of the pairs. @throws {Error} when they are not of the same systems */
export function differenceCell(a: Values, b: Values): Cell {
  return cellOf(minus(a, b));
}

/** The terms of numbers; they themselves, as one that has no name yet, where there are none or what was made of them since is another number. */
export function termsOf(of: Values): readonly Term[] {
  const { values, terms } = of;
  const same = terms && values.every((value, i) => {
    const sum = terms.reduce((all, term) => all + term.coefficient * term.values![i], 0);
    return Object.is(sum, value) || Math.abs(sum - value) <= 1e-9 * Math.abs(value);
  });
  return same ? terms : [{ coefficient: 1, metric: "", runs: own(of), values }];
}

/** The runs that stand for the systems. */
const own = ({ runs, values }: Values) => runs.slice(0, values.length);

/** @throws {Error} when two are not of the same systems */
export function checkPairs(a: Pick<Values, "tag" | "at" | "runs">, b: typeof a): void {
  const all = ({ tag, at }: typeof a) => `${tag} ${at.join(", ")}`;
  if (all(a) === all(b)) return;
  throw new Error(
    `Values of ${all(a)} and of ${all(b)} are no pairs: ${a.runs[0]}, … and ${b.runs[0]}, ….`,
  );
}
