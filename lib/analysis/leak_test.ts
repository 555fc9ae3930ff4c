/**
 * @file Has any of many predictors seen what it predicts? One that has not is independent of the innovation e = y - y_KF, so the cross
 * term 2 e (yhat - y_KF) has mean 0; one that was fed a share a of y leans towards it, by 2 a |e|^2. The noise of |e|^2 itself, which
 * hides a small leak from the measured loss, is no part of the term.
 */
import { tTail } from "./intervals.ts";

/** Familywise level: of all tables, one in a thousand is accused wrongly. */
export const leakLevel = 0.001;

/** One run. */
export interface Leaning {
  /** Mean over sequences of the cross term, in standard errors (lib/ssm's score). */
  readonly leak: number;
  /** How many sequences, which are independent of each other; the tokens of one are not. */
  readonly sequences: number;
}

/** What {@linkcode leakTest} finds. */
export interface LeakTest {
  /** The largest |leak|. */
  readonly worst: number;
  /** Two-sided p of each run, times the number of runs (Bonferroni). */
  readonly p: readonly number[];
  /** Which runs have a p of at most {@linkcode leakLevel}, in order. */
  readonly found: readonly number[];
}

/** Tests every run. @throws {RangeError} for a leak that is no number, and for fewer than two sequences */
export function leakTest(runs: readonly Leaning[]): LeakTest {
  const p = runs.map(({ leak, sequences }, i) => {
    if (typeof leak !== "number" || Number.isNaN(leak) || !(sequences >= 2)) {
      throw new RangeError(
        `leakTest: run ${i} of ${runs.length} leans by ${leak} standard errors over ${sequences} sequences: expected a number, ` +
          "and at least 2 sequences.",
      );
    }
    return Math.min(1, 2 * runs.length * tTail(Math.abs(leak), sequences - 1));
  });
  return {
    worst: runs.reduce((most, { leak }) => Math.max(most, Math.abs(leak)), 0),
    p,
    found: p.flatMap((p, i) => p <= leakLevel ? [i] : []),
  };
}
