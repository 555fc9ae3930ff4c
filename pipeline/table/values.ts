/** @file Numbers of which there is one for each system, paired by system, and the cells that they become. */
import { meanInterval, pairedInterval } from "../../lib/analysis/intervals.ts";
import type { Cell } from "../results.ts";
import type { Tag } from "../tags.ts";

/** One number for each value of a tag (of each seed), and the runs that they came from. */
export interface Values {
  tag: string;
  /** The values of the tag, in order. */
  at: readonly Tag[];
  values: readonly number[];
  runs: readonly string[];
}

/** Number by number. */
export function mapped(of: Values, f: (value: number, index: number) => number): Values {
  return { ...of, values: of.values.map(f) };
}

/** a - b, pair by pair. @throws {Error} when they are not of the same systems */
export function minus(a: Values, b: Values): Values {
  checkPairs(a, b);
  return {
    ...a,
    values: a.values.map((x, i) => x - b.values[i]),
    runs: [...new Set([...a.runs, ...b.runs])],
  };
}

/** Mean over settings, for each system. @throws {Error} when they are not of the same systems */
export function meanOver(settings: readonly Values[]): Values {
  const [first, ...others] = settings;
  for (const other of others) checkPairs(first, other);
  return {
    ...first,
    values: first.values.map((_, i) =>
      settings.reduce((sum, { values }) => sum + values[i], 0) / settings.length
    ),
    runs: [...new Set(settings.flatMap(({ runs }) => runs))],
  };
}

/** Mean over systems. @throws {RangeError} for a value that is not finite */
export function mean({ values }: Values): number {
  return meanInterval(values).mean;
}

/**
 * Mean over systems with its 95 % interval. Values that are equal by definition, as the filter's ratio to itself, have no
 * interval.
 */
export function cellOf({ values, runs }: Values): Cell {
  const { mean, low, high, n } = meanInterval(values);
  const exact = values.every((value) => value === values[0]);
  const cell = { value: mean, ...(exact || low === undefined ? {} : { low, high }) };
  return { ...cell, n, runs: [...runs] };
}

/** Mean of a - b over systems with the 95 % interval of the pairs. @throws {Error} when they are not of the same systems */
export function differenceCell(a: Values, b: Values): Cell {
  checkPairs(a, b);
  const { mean, low, high, n } = pairedInterval(a.values, b.values);
  const cell = { value: mean, ...(low === undefined ? {} : { low, high }) };
  return { ...cell, n, runs: [...a.runs, ...b.runs] };
}

function checkPairs(a: Values, b: Values) {
  const all = ({ tag, at }: Values) => `${tag} ${at.join(", ")}`;
  if (all(a) === all(b)) return;
  throw new Error(
    `Values of ${all(a)} and of ${all(b)} are no pairs: ${a.runs[0]}, … and ${b.runs[0]}, ….`,
  );
}
