/** @file Whether numbers look drawn from a distribution, by moments within 4.5 standard errors. */
import assert from "node:assert/strict";

function near(values: number[], want: number, deviation: number, what: string): void {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const error = deviation / Math.sqrt(values.length);
  assert.ok(Math.abs(mean - want) < 4.5 * error, `${what}: ${mean}, expected ${want} +- ${error}`);
}

/** Mean 0, the deviation, and the kurtosis of a normal distribution. */
export function assertNormal(data: ArrayLike<number>, deviation: number, what = ""): void {
  const values = Array.from(data, (x) => x / deviation);
  near(values, 0, 1, `${what}: mean over deviation`);
  near(values.map((x) => x ** 2), 1, Math.sqrt(2), `${what}: variance`);
  near(values.map((x) => x ** 4), 3, Math.sqrt(96), `${what}: fourth moment`);
}

/** The range and the first two moments of a uniform distribution. */
export function assertUniform(
  data: ArrayLike<number>,
  low: number,
  high: number,
  what = "",
): void {
  const values = Array.from(data, (x) => (x - low) / (high - low));
  const slack = 1e-5; // rounding
  assert.ok(values.every((x) => x > -slack && x < 1 + slack), `${what}: range`);
  near(values, 1 / 2, Math.sqrt(1 / 12), `${what}: mean`);
  near(values.map((x) => (x - 1 / 2) ** 2), 1 / 12, Math.sqrt(1 / 180), `${what}: variance`);
}

/** Two draws of one size say nothing about each other. */
export function assertUncorrelated(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  what = "",
): void {
  const centred = (x: ArrayLike<number>) => {
    const values = Array.from(x).slice(0, Math.min(a.length, b.length));
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const size = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0));
    return values.map((v) => (v - mean) / size);
  };
  const [left, right] = [centred(a), centred(b)];
  const correlation = left.reduce((sum, v, i) => sum + v * right[i], 0);
  // (A draw of a few numbers may look like another by chance, but not be it.)
  const bound = Math.min(4.5 / Math.sqrt(left.length), 0.95);
  assert.ok(Math.abs(correlation) < bound, `${what}: ${correlation}`);
}

export function assertZero(data: ArrayLike<number>, what = ""): void {
  assert.ok(data.length > 0 && Array.from(data).every((x) => x === 0), `${what}: expected zeros`);
}
