/**
 * @file The upper tail of the normal distribution, to where it is below the rounding of 1: detectors that report 1 minus it differ only
 * there.
 */

/** P(Z > z) of a standard normal Z for z >= 0; relative error below 1e-13. */
export function normalTail(z: number): number {
  return z < 3 ? 0.5 - series(z) : density(z) / fraction(z);
}

const density = (z: number) => Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);

/** P(0 < Z < z) = density (z + z^3/3 + z^5/15 + ...), Abramowitz and Stegun 26.2.11. */
function series(z: number): number {
  let term = z;
  let sum = z;
  for (let k = 3; Math.abs(term) > 1e-17 * sum; k += 2) {
    term *= z * z / k;
    sum += term;
  }
  return density(z) * sum;
}

/** Density over tail: z + 1/(z + 2/(z + 3/(z + ...))), Abramowitz and Stegun 26.2.14. */
function fraction(z: number): number {
  let value = z;
  for (let k = 120; k >= 1; k--) value = z + k / value;
  return value;
}
