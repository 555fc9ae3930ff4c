/**
 * @file Numbers of which one run has many: errors of consecutive blocks of a test period, of groups of records. Two methods are compared
 * block by block, which is what pairs of systems are elsewhere. Neighbouring forecasts share their errors, so a block has to be longer
 * than a forecast (batch means; Diebold and Mariano 1995 estimate the same variance from autocovariances).
 */
import { around, shownMean } from "./values.ts";
import type { Cell } from "../results.ts";
import type { Term } from "../terms.ts";
import type { MadeEffect } from "./effects.ts";

/** One number for each block of one run. */
export interface Blocks {
  run: string;
  /** What the numbers are called among the published scores. */
  metric: string;
  values: readonly number[];
}

/**
 * Means over `count` consecutive groups of as equal a size as can be.
 * @throws {RangeError} when there are fewer parts than groups
 */
export function grouped(parts: readonly number[], count: number): number[] {
  if (parts.length < count) {
    throw new RangeError(`${parts.length} parts make no ${count} blocks; ask for fewer blocks.`);
  }
  return Array.from({ length: count }, (_, k) => {
    const from = Math.floor(k * parts.length / count);
    const to = Math.floor((k + 1) * parts.length / count);
    return parts.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
  });
}

/** Natural logarithms: their differences are ratios. @throws {RangeError} for a number that has none */
export function logged({ run, metric, values }: Blocks): Blocks {
  const bad = values.findIndex((value) => !(value > 0));
  if (bad >= 0) {
    throw new RangeError(
      `${metric} of ${run} is ${values[bad]} in block ${bad}: expected more than 0.`,
    );
  }
  return { run, metric: `log ${metric}`, values: values.map(Math.log) };
}

/** a - b, block by block, as what a clause speaks of. @throws {Error} when they have not as many blocks */
export function blockEffect(a: Blocks, b: Blocks): MadeEffect {
  if (a.values.length !== b.values.length) {
    throw new Error(
      `${a.values.length} blocks of ${a.run} and ${b.values.length} of ${b.run} are no pairs.`,
    );
  }
  return {
    at: a.values.map((_, block) => block),
    values: a.values.map((value, block) => value - b.values[block]),
    terms: [termOf(1, a), termOf(-1, b)],
  };
}

/** The mean of a - b over blocks with its 95 % interval. @throws {Error} as {@linkcode blockEffect} */
export function blockDifference(a: Blocks, b: Blocks): Cell {
  const { values, terms } = blockEffect(a, b);
  return { ...shownMean(values), runs: [a.run, b.run], terms };
}

/** A number of a whole run, with the 95 % interval of its blocks around it. */
export function blockCell(value: number, metric: string, blocks: Blocks): Cell {
  const { run, values } = blocks;
  const whole: Term = { coefficient: 1, metric, runs: [run], values: [value] };
  const shown = around(value, values);
  if (shown.low === undefined) return { value, runs: [run], terms: [whole] };
  return {
    ...{ ...shown, n: values.length, runs: [run] },
    terms: [whole, { ...termOf(1, blocks), spread: true }],
  };
}

function termOf(coefficient: number, { run, metric, values }: Blocks): Term {
  return {
    ...{ coefficient, metric, runs: values.map(() => run), values },
    parts: values.map((_, block) => block),
  };
}
