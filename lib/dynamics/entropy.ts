/**
 * @file Entropy of the orbit: the logarithm of the volume of all balanced layers with one product X (Menon and Yu, "An entropy formula for the
 * deep linear network", arXiv 2509.09088, theorem 4), for d x d matrices of full rank and N layers
 *
 *     S(X) = (N - 1) log c_d + (1/2) sum_{i < j} log a_ij,   c_d = vol O(d),
 *
 * with the a_ij of balanced_flow.ts. It grows in every singular value. Outside of square, invertible matrices the formula says nothing.
 */
import { coupling } from "./balanced_flow.ts";

/**
 * S of a square matrix with these singular values; a number only in its domain of validity.
 * @returns undefined where one of them is 0 (below 1e-12 of the largest), or there are none
 * @throws {RangeError} for a depth that is no whole number of layers
 */
export function orbitEntropy(s: ArrayLike<number>, depth: number): number | undefined {
  if (!Number.isInteger(depth) || depth < 1) {
    throw new RangeError(`depth ${depth}: expected a whole number of layers, at least 1.`);
  }
  const values = Array.from(s);
  const largest = Math.max(...values);
  if (values.length === 0 || values.some((value) => !(value > 1e-12 * largest))) return undefined;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    for (let j = i + 1; j < values.length; j++) {
      sum += Math.log(coupling(values[i], values[j], depth));
    }
  }
  return (depth - 1) * logVolumeOfOrthogonalGroup(values.length) + sum / 2;
}

/**
 * log vol O(d) in the metric tr(A'A) of its tangents: twice the product of the spheres S^1 ... S^{d-1}, each unit of rotation of length
 * sqrt 2. O(1) has two points.
 */
export function logVolumeOfOrthogonalGroup(d: number): number {
  let log = Math.log(2) + d * (d - 1) / 4 * Math.log(2);
  for (let n = 2; n <= d; n++) {
    log += Math.log(2) + n / 2 * Math.log(Math.PI) - logGammaOfHalf(n);
  }
  return log;
}

/** log Gamma(n / 2), exact by recursion from Gamma(1) = 1 and Gamma(1/2) = sqrt pi. */
function logGammaOfHalf(n: number): number {
  let log = n % 2 === 0 ? 0 : Math.log(Math.PI) / 2;
  for (let k = n % 2 === 0 ? 2 : 1; k < n; k += 2) log += Math.log(k / 2);
  return log;
}
