/**
 * @file The sign-flip test of a mean of paired differences: under the null each difference is as likely to have the other sign, so
 * the p of a mean is its place among the means of all 2^n flips. Nothing is assumed of the shape of the differences but symmetry,
 * which the difference of two exchangeable models has (Fisher 1935, section 21; Pitman 1937).
 */
import { fold, keyOf, uniforms } from "../random/random.ts";

/** Up to here all flips are enumerated; beyond, they are drawn. */
export const mostEnumerated = 40;
/** Flips drawn beyond {@linkcode mostEnumerated}, always the same ones. */
const draws = 99_999;

/** One-sided p values of a mean. */
export interface SignFlips {
  /** That it is above 0: the share of sign flips with a mean at least as large. */
  above: number;
  /** That it is below 0. */
  below: number;
}

/**
 * Both one-sided p values of a mean. Exact for up to 40 values, by enumeration of all flips (two halves, each of at most 2^20,
 * sorted and counted against each other); for more values by 99,999 flips of a fixed seed, the observed one counted among them.
 * The least p of n values is 2^-n.
 * @throws {RangeError} for no values and for one that is not finite
 */
export function signFlips(values: ArrayLike<number>): SignFlips {
  const n = values.length;
  if (n === 0) throw new RangeError("signFlips: no values, so no mean.");
  const sizes = new Float64Array(n);
  let observed = 0;
  let all = 0;
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(values[i])) {
      throw new RangeError(
        `signFlips: value ${i} of ${n} is ${values[i]}: expected finite numbers. ` +
          "Leave out a failed run where you can say so, never in silence.",
      );
    }
    sizes[i] = Math.abs(values[i]);
    observed += values[i];
    all += sizes[i];
  }
  // Sums in another order differ by rounding; what is equal but for that must count.
  const slack = 1e-12 * all;
  const shareFrom = n <= mostEnumerated ? enumerated(sizes) : drawn(sizes);
  return { above: shareFrom(observed - slack), below: shareFrom(-observed - slack) };
}

/** Fewest values of which any can be significant at a level, when `tests` are made (the level of each is level / tests). */
export function fewestFor(level: number, tests = 1): number {
  return Math.ceil(Math.log2(tests / level));
}

/** The share of flips with a sum of at least so much: pairs of one half's sum and the other's, counted by two pointers. */
function enumerated(sizes: Float64Array): (least: number) => number {
  const half = sizes.length >> 1;
  const a = sortedSums(sizes.subarray(0, half));
  const b = sortedSums(sizes.subarray(half));
  return (least) => {
    let count = 0;
    let j = b.length; // b[j..] suffice beside a[i]; more of them as a[i] grows
    for (let i = 0; i < a.length; i++) {
      while (j > 0 && a[i] + b[j - 1] >= least) j--;
      count += b.length - j;
    }
    return count / (a.length * b.length);
  };
}

/** Sums of all sign flips, ascending: each value merges the sums so far, less it, with those plus it. */
function sortedSums(sizes: Float64Array): Float64Array {
  let sums = new Float64Array(2 ** sizes.length);
  let merged = sums.slice();
  let count = 1;
  for (let i = 0; i < sizes.length; i++) {
    const size = sizes[i];
    for (let low = 0, high = 0, k = 0; k < 2 * count; k++) {
      const takesLow = low < count && sums[low] - size <= sums[high] + size;
      merged[k] = takesLow ? sums[low++] - size : sums[high++] + size;
    }
    [sums, merged] = [merged, sums];
    count *= 2;
  }
  return sums;
}

/** So many values of a draw are kept for the next test: drawing them is most of its time. */
const mostKept = 200;
let kept: { width: number; minus: Uint8Array } | undefined;

/** Of every draw and value whether it has the other sign, `width` to a draw; those of fewer values are how these begin. */
function coins(n: number): { width: number; minus: Uint8Array } {
  if (kept && kept.width >= n) return kept;
  const minus = new Uint8Array(draws * n);
  for (let draw = 0; draw < draws; draw++) {
    const drawn = uniforms(fold(keyOf(0), draw), n);
    for (let i = 0; i < n; i++) minus[draw * n + i] = drawn[i] < 0.5 ? 1 : 0;
  }
  const all = { width: n, minus };
  if (n <= mostKept) kept = all;
  return all;
}

function drawn(sizes: Float64Array): (least: number) => number {
  const n = sizes.length;
  const { width, minus } = coins(n);
  const sums = new Float64Array(draws);
  for (let draw = 0; draw < draws; draw++) {
    for (let i = 0; i < n; i++) sums[draw] += minus[draw * width + i] ? -sizes[i] : sizes[i];
  }
  // The observed one counts.
  return (least) =>
    (1 + sums.reduce((count, sum) => sum >= least ? count + 1 : count, 0)) / (draws + 1);
}
