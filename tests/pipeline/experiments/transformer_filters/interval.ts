/** @file Means and their intervals, written apart from the code that is tested. */

/** 97.5 % quantile of Student's t with n - 1 degrees of freedom, from a table. */
const t975: Record<number, number> = {
  ...{ 2: 12.7062047364, 3: 4.3026527299, 5: 2.7764451052, 6: 2.5705818356 },
  ...{ 8: 2.3646242510, 20: 2.0930240544 },
};

/** Mean of values, and the ends of its 95 % interval. */
export function interval(values: readonly number[]): { mean: number; low: number; high: number } {
  const n = values.length;
  let mean = 0;
  for (const value of values) mean += value / n;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  const half = t975[n] * Math.sqrt(squares / (n - 1) / n);
  return { mean, low: mean - half, high: mean + half };
}
