/** @file How a cost grows with the number of jobs: the exponent of n, 1 for what is linear. */

/**
 * Slope of log cost over log n, by least squares.
 * @param points at least two sizes, costs above 0
 */
export function slope(points: readonly (readonly [n: number, cost: number])[]): number {
  const logs = points.map(([n, cost]) => [Math.log(n), Math.log(cost)]);
  const mean = (i: 0 | 1) => logs.reduce((sum, at) => sum + at[i], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const xy = logs.reduce((sum, at) => sum + (at[0] - x) * (at[1] - y), 0);
  const xx = logs.reduce((sum, at) => sum + (at[0] - x) ** 2, 0);
  return xy / xx;
}
