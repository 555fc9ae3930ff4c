/** @file p values adjusted for how many there are: what each must be compared with is then the level itself. */

/**
 * Holm's adjusted p values (Holm 1979): the chance of any false rejection is at most the level, however the tests depend on each
 * other.
 * @returns in the order of `ps`
 * @throws {RangeError} for what is no probability
 */
export function holm(ps: readonly number[]): number[] {
  const order = ascending(ps, "holm");
  const adjusted = ps.slice();
  let largest = 0;
  order.forEach((at, rank) => {
    largest = Math.max(largest, Math.min(1, (ps.length - rank) * ps[at]));
    adjusted[at] = largest;
  });
  return adjusted;
}

/**
 * Benjamini and Hochberg's adjusted p values (1995): of what is rejected at a level, at most that share is expected to be false,
 * for tests that are independent or positively dependent.
 * @returns in the order of `ps`
 * @throws {RangeError} for what is no probability
 */
export function benjaminiHochberg(ps: readonly number[]): number[] {
  const order = ascending(ps, "benjaminiHochberg");
  const adjusted = ps.slice();
  let least = 1;
  for (let rank = order.length; rank >= 1; rank--) {
    const at = order[rank - 1];
    least = Math.min(least, ps.length * ps[at] / rank);
    adjusted[at] = least;
  }
  return adjusted;
}

function ascending(ps: readonly number[], what: string): number[] {
  const bad = ps.findIndex((p) => !(p >= 0 && p <= 1));
  if (bad >= 0) {
    throw new RangeError(`${what}: p ${bad} of ${ps.length} is ${ps[bad]}: expected 0 to 1.`);
  }
  return ps.map((_, at) => at).sort((a, b) => ps[a] - ps[b]);
}
