/**
 * @file The primary effect of every comparison against an optimum: the mean over systems of the logarithm of a ratio of **open
 * fractions**, (loss - optimum) / (floor - optimum), 1 for the trivial predictor and 0 for the optimum.
 *
 * Why logarithms: systems differ tenfold in their gap, and a mean of shares of gaps closed is ruled by those with little to learn,
 * a ratio of mean losses by those with much. On the log scale each system says by what factor one model leaves more open than
 * another, and all say it with the same weight. The ratio of means stands beside it as a description.
 *
 * **At the optimum.** The logarithm needs an excess above 0. Against the Kalman filter the excess is no difference of two measured
 * losses but the mean squared distance from the filter's own prediction (lib/ssm/scores.ts), so noise cannot make it negative. Where
 * only losses are measured it can be. An open fraction below {@linkcode atOptimum}, negative ones included, counts as that: the run is
 * at the optimum, as far as predictions in float32 can tell, and how many are so is reported.
 */
import { type Interval, meanInterval, tQuantile } from "./intervals.ts";

/** The open fraction that smaller ones count as. */
export const atOptimum = 1e-6;

/** One model on each of several systems. */
export interface Openness {
  /** Loss minus the optimum's. */
  readonly excess: readonly number[];
  /** The floor's loss minus the optimum's: what there is to learn. */
  readonly gap: readonly number[];
}

/** So many times the log of an open fraction. */
export interface LogTerm {
  /** 1 and -1 compare two models. */
  readonly coefficient: number;
  /** The model. */
  readonly of: Openness;
}

/** A contrast of log open fractions. */
export interface LogContrast {
  /** Of each system: sum of coefficient times log open fraction. */
  values: number[];
  /**
   * The same contrast of the logs of sum(excess) / sum(gap), a ratio of means, with the t interval of its delta method. A
   * description: systems with a large gap rule it. Infinite without an interval where a sum is not positive.
   */
  ratioOfMeans: Interval;
  /** How many of the runs count as {@linkcode atOptimum}. */
  optimal: number;
}

/**
 * Open fraction of each system, at least {@linkcode atOptimum}.
 * @throws {RangeError} for a gap that is not positive (there is nothing to learn), lengths that differ, what is not finite
 */
export function openFractions({ excess, gap }: Openness): number[] {
  if (excess.length !== gap.length || excess.length === 0) {
    throw new RangeError(
      `openFractions: ${excess.length} excess losses and ${gap.length} gaps: expected as many, at least one.`,
    );
  }
  return excess.map((loss, i) => {
    if (!(gap[i] > 0 && Number.isFinite(gap[i]) && Number.isFinite(loss))) {
      throw new RangeError(
        `openFractions: system ${i} of ${gap.length} has excess ${loss} and gap ${
          gap[i]
        }: expected finite numbers, and a gap ` +
          "above 0. A run that diverged must be reported, not compared.",
      );
    }
    return Math.max(atOptimum, loss / gap[i]);
  });
}

/**
 * A contrast of one or more models on the same systems: coefficients 1 and -1 compare two models; 1, -1, -1, 1 two such comparisons.
 * @throws {RangeError} for no terms, for other numbers of systems, and as {@linkcode openFractions}
 */
export function logContrast(terms: readonly LogTerm[]): LogContrast {
  if (terms.length === 0) throw new RangeError("logContrast: no terms.");
  const n = terms[0].of.excess.length;
  const values = new Array<number>(n).fill(0);
  const linear = values.slice();
  let centre = 0;
  let optimal = 0;
  for (const { coefficient, of } of terms) {
    const fractions = openFractions(of);
    if (fractions.length !== n) {
      throw new RangeError(`logContrast: ${n} and ${fractions.length} systems are no pairs.`);
    }
    const [excess, gap] = [mean(of.excess), mean(of.gap)];
    centre += coefficient * Math.log(Math.max(excess, 0) / gap);
    for (let i = 0; i < n; i++) {
      if (fractions[i] === atOptimum) optimal++;
      values[i] += coefficient * Math.log(fractions[i]);
      // What a system adds to the log of a ratio of sums, to first order.
      linear[i] += coefficient * (of.excess[i] / excess - of.gap[i] / gap);
    }
  }
  return { values, ratioOfMeans: around(centre, linear), optimal };
}

/** Centre with the half width of the t interval of terms whose mean is 0. */
function around(centre: number, linear: readonly number[]): Interval {
  const n = linear.length;
  const level = 0.95;
  if (n === 1 || !Number.isFinite(centre)) return { mean: centre, n, level };
  const { low, high } = meanInterval(linear, level);
  const half = (high! - low!) / 2;
  return { mean: centre, low: centre - half, high: centre + half, n, level };
}

/**
 * The smallest mean that a two-sided test at .05 finds in 80 % of cases, for differences that spread as these do: what an
 * undecided comparison could have seen. Infinite for one value.
 */
export function detectable(values: ArrayLike<number>): number {
  const { mean, high, n } = meanInterval(values);
  if (high === undefined) return Infinity;
  const t = tQuantile(0.975, n - 1);
  return (high - mean) / t * (t + tQuantile(0.8, n - 1));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
