/**
 * @file How many factors a token needs at least, whatever the weights, if one linear recurrence is to follow words of a group at every length: its
 * transition is then M_x = F_1 ... F_n with factors F = I - b k k', and I - M_x has at most rank n.
 *
 * Let an element x have order q = p^e, a power of a prime. If the states tell all products apart, the matrices of some finite-dimensional real
 * representation do, so M_x has an eigenvalue of order q exactly. Where x^k is conjugate to x, M_x and its k-th power have the same
 * eigenvalues, so that with an eigenvalue z also z^k is one, and as often; and M_x is real, so that the conjugate of z is one too. All these differ from
 * 1: I - M_x has at least as high a rank as there are of them. A head of its own for each part of the state changes nothing, since some head has z.
 */
import { after, type Permutation } from "../tasks/automaton/table.ts";

/** The largest of these numbers over all elements. @param elements all of a group */
export function fewestFactors(elements: readonly Permutation[]): number {
  return Math.max(0, ...elements.map((element) => orbitOf(element, elements)));
}

/** Exponents k that are units modulo the order of x, of which x^k is conjugate to x or to its inverse; 0 where the order is no power of a prime. */
function orbitOf(x: Permutation, elements: readonly Permutation[]): number {
  const powers = powersOf(x);
  const order = powers.length;
  if (!isPrimePower(order)) return 0;
  const conjugates = new Set(
    elements.map((g) => `${after(after(inverse(g), x), g)}`),
  );
  const exponents = powers.map((_, k) => k).filter((k) =>
    conjugates.has(`${powers[k]}`) || conjugates.has(`${powers[(order - k) % order]}`)
  );
  return exponents.length;
}

/** x^0, x^1, ... until the identity comes again. */
export function powersOf(x: Permutation): Permutation[] {
  const powers: Permutation[] = [x.map((_, i) => i)];
  for (let next = x; `${next}` !== `${powers[0]}`; next = after(next, x)) powers.push(next);
  return powers;
}

/** What undoes a permutation. */
export function inverse(x: Permutation): Permutation {
  const back = Array<number>(x.length);
  x.forEach((to, from) => back[to] = from);
  return back;
}

function isPrimePower(n: number): boolean {
  const prime = Array.from({ length: n }, (_, d) => d).find((d) => d > 1 && n % d === 0) ?? n;
  let rest = n;
  while (prime > 1 && rest % prime === 0) rest /= prime;
  return n > 1 && rest === 1;
}
