/**
 * @file With which power something grows, where a part of it does not grow at all: seconds by layers, of which some are spent whatever
 * the layers. A slope of logarithms is drawn towards 0 by that part and would speak for slow growth by itself.
 *
 * @example What is fixed changes the slope, not the exponent
 * ```ts
 * import assert from "node:assert/strict";
 * import { growthExponent } from "./growth_exponent.ts";
 *
 * const points = [1, 2, 4, 8, 16].map((n) => [n, 7 + 3 * n ** 2] as const);
 * const { exponent, slope } = growthExponent(points);
 * assert.ok(Math.abs(exponent - 2) < 1e-6 && slope < 1.6);
 * ```
 */

/** What {@linkcode growthExponent} finds. */
export interface Growth {
  /** p of value = a + b n^p, a >= 0 and b >= 0, within [0, 4]. */
  readonly exponent: number;
  /** a, what does not grow. */
  readonly fixed: number;
  /** Of log value over log n, by least squares. */
  readonly slope: number;
}

/** Exponents are looked for up to here. */
const most = 4;

/**
 * The power by which positive values grow with n, by least squares of relative errors.
 * @param points [n, value], at least two different n
 * @throws {RangeError} for fewer, and for numbers that are not above 0
 */
export function growthExponent(points: readonly (readonly [number, number])[]): Growth {
  const wrong = points.flat().find((value) => !(value > 0 && Number.isFinite(value)));
  if (wrong !== undefined) {
    throw new RangeError(`growthExponent: ${wrong}; expected finite numbers above 0`);
  }
  if (new Set(points.map(([n]) => n)).size < 2) {
    throw new RangeError("growthExponent: one n; growth needs at least two");
  }
  const logs = points.map(([n, value]) => [Math.log(n), Math.log(value)]);
  const mean = (k: number) => logs.reduce((sum, log) => sum + log[k], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const sum = (f: (dx: number, dy: number) => number) =>
    logs.reduce((all, [a, b]) => all + f(a - x, b - y), 0);
  const slope = sum((dx, dy) => dx * dy) / sum((dx) => dx * dx);
  // A grid finds the valley, which may be one of several; golden sections its bottom.
  const grid = Array.from({ length: 81 }, (_, i) => i * most / 80);
  const best = grid.reduce((a, b) => fitted(points, b).error < fitted(points, a).error ? b : a);
  const exponent = bottom(
    (p) => fitted(points, p).error,
    Math.max(0, best - most / 80),
    Math.min(most, best + most / 80),
  );
  return { exponent, fixed: fitted(points, exponent).fixed, slope };
}

/** The best a >= 0 and b >= 0 of a power, and the sum of the squares of what is left, in shares of the values. */
function fitted(points: readonly (readonly [number, number])[], power: number) {
  // Every row is divided by its value: 1 = a / value + b n^p / value.
  let [aa, ab, bb, a1, b1] = [0, 0, 0, 0, 0];
  for (const [n, value] of points) {
    const [u, v] = [1 / value, n ** power / value];
    aa += u * u;
    ab += u * v;
    bb += v * v;
    a1 += u;
    b1 += v;
  }
  const determinant = aa * bb - ab * ab;
  let fixed = determinant > 1e-12 * aa * bb ? (a1 * bb - b1 * ab) / determinant : 0;
  let growing = (b1 - fixed * ab) / bb;
  if (fixed < 0) [fixed, growing] = [0, b1 / bb];
  if (growing < 0) [fixed, growing] = [a1 / aa, 0];
  const error = points.reduce(
    (sum, [n, value]) => sum + (1 - (fixed + growing * n ** power) / value) ** 2,
    0,
  );
  return { fixed, error };
}

/** Where a function of one valley is lowest between two numbers. */
function bottom(f: (x: number) => number, low: number, high: number): number {
  const share = (Math.sqrt(5) - 1) / 2;
  while (high - low > 1e-9) {
    const [a, b] = [high - share * (high - low), low + share * (high - low)];
    if (f(a) <= f(b)) high = b;
    else low = a;
  }
  return (low + high) / 2;
}
