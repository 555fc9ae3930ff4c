/** @file Widths inside a layer that are given as a factor of its own width. */

/**
 * `factor` times `width`, a whole number.
 * @param layer its name, for the message.
 * @param option the name of the factor.
 * @param heads among which the numbers are divided.
 * @throws {RangeError} unless it is a whole multiple of `heads`.
 */
export function expandedWidth(
  layer: string,
  option: string,
  factor: number,
  width: number,
  heads = 1,
): number {
  const inner = Math.round(factor * width);
  // (1.1 times 10 is not 11 in floating point.)
  const isWhole = Math.abs(factor * width - inner) < 1e-9 * inner;
  if (isWhole && inner % heads === 0) return inner;
  const allowed = heads === 1 ? "a whole number" : `a multiple of heads = ${heads}`;
  throw new RangeError(
    `${layer} options: ${option} = ${factor}: ${option} times the width ${width} must be ${allowed}; choose another factor or width`,
  );
}
