/** @file What one says of the singular values of a matrix: how many there are in effect. */

/**
 * Effective rank exp(-sum p log p), p = s / sum s (Roy and Vetterli, "The effective rank", EUSIPCO 2007, definition 1): d for d equal
 * singular values, 1 for a matrix of rank 1, 0 for the zero matrix.
 */
export function effectiveRank(s: ArrayLike<number>): number {
  const total = sum(s, (value) => value);
  if (total === 0) return 0;
  return Math.exp(
    -sum(s, (value) => {
      const p = value / total;
      return p > 0 ? p * Math.log(p) : 0;
    }),
  );
}

/** Stable rank |X|_F^2 / |X|^2 (Rudelson and Vershynin 2007): at most the rank, and no small singular value changes it much; 0 for 0. */
export function stableRank(s: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < s.length; i++) largest = Math.max(largest, s[i]);
  return largest === 0 ? 0 : sum(s, (value) => (value / largest) ** 2);
}

/** Participation ratio (sum s^2)^2 / sum s^4; 0 for the zero matrix. */
export function participationRatio(s: ArrayLike<number>): number {
  const fourth = sum(s, (value) => value ** 4);
  return fourth === 0 ? 0 : sum(s, (value) => value ** 2) ** 2 / fourth;
}

/** Singular values above a share of the largest one: the numerical rank. @param tolerance 1e-3 */
export function numericalRank(s: ArrayLike<number>, tolerance = 1e-3): number {
  let largest = 0;
  for (let i = 0; i < s.length; i++) largest = Math.max(largest, s[i]);
  return sum(s, (value) => value > tolerance * largest ? 1 : 0);
}

function sum(s: ArrayLike<number>, of: (value: number) => number): number {
  let total = 0;
  for (let i = 0; i < s.length; i++) total += of(s[i]);
  return total;
}
