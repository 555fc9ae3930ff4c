/**
 * @file Successive halving (Karnin, Koren & Somekh 2013; Jamieson & Talwalkar, arXiv 1502.07943): all candidates train a
 * little, the better ones go on from where they are with a larger budget, until one is left.
 */

/** One candidate at the end of one rung. */
export interface Trial<C> {
  /** As it was given. */
  readonly candidate: C;
  /** Index of the budget, from 0. */
  readonly rung: number;
  /** Budget that it had spent by then. */
  readonly budget: number;
  /** What it was judged by, lower is better; Infinity or NaN loses against every number. */
  readonly score: number;
}

/**
 * Trains all candidates to the first budget, the better part of them to the next one, and so on.
 * @param candidates in an order of preference: of equal scores the first wins.
 * @param budgets cumulative budget at the end of each rung, ascending.
 * @param keep part of the candidates that survives a rung, 1 / eta in the papers; at least one does.
 * @param evaluate takes the survivors to the budget of a rung and returns their scores, in order.
 * @returns the winner, and every trial.
 * @throws {RangeError} for no candidates, budgets that do not ascend, or a share outside (0, 1).
 * @throws {Error} when the last rung leaves no finite score.
 */
export async function successiveHalving<C>(
  candidates: readonly C[],
  budgets: readonly number[],
  keep: number,
  evaluate: (survivors: readonly C[], rung: number, budget: number) => Promise<readonly number[]>,
): Promise<{ best: C; trials: Trial<C>[] }> {
  if (candidates.length === 0) throw new RangeError("successive halving: no candidates");
  if (!(keep > 0 && keep < 1)) {
    throw new RangeError(`successive halving: keep = ${keep}; expected between 0 and 1`);
  }
  if (budgets.length === 0 || budgets.some((b, i) => !(b > (budgets[i - 1] ?? 0)))) {
    throw new RangeError(`successive halving: budgets ${budgets}; expected ascending and positive`);
  }
  const trials: Trial<C>[] = [];
  let survivors = [...candidates];
  let best: C | undefined;
  for (const [rung, budget] of budgets.entries()) {
    const scores = await evaluate(survivors, rung, budget);
    const judged = survivors.map((candidate, i): Trial<C> => {
      return { candidate, rung, budget, score: Number.isNaN(scores[i]) ? Infinity : scores[i] };
    });
    trials.push(...judged);
    const finite = judged.filter((trial) => trial.score < Infinity);
    if (finite.length === 0) {
      throw new Error(
        `successive halving: none of ${judged.length} candidates has a finite score at rung ${rung} (budget ` +
          `${budget}); offer others`,
      );
    }
    finite.sort((a, b) => a.score - b.score); // stable
    best = finite[0].candidate;
    const kept = new Set(
      finite.slice(0, Math.max(1, Math.round(keep * survivors.length))).map((t) => t.candidate),
    );
    survivors = survivors.filter((candidate) => kept.has(candidate));
    if (survivors.length === 1 && rung + 1 < budgets.length) break; // nothing left to compare
  }
  return { best: best!, trials };
}

/**
 * How many candidates {@linkcode successiveHalving} takes to each budget, when every one has a score; rungs that have nothing to
 * compare are left out.
 */
export function candidatesOfRungs(
  candidates: number,
  budgets: readonly number[],
  keep: number,
): number[] {
  const counts: number[] = [];
  for (const _ of budgets) {
    counts.push(candidates);
    candidates = Math.max(1, Math.round(keep * candidates));
    if (candidates === 1) break;
  }
  return counts;
}

/**
 * Steps of all trials together, when every candidate has a score.
 * @param budgets as of {@linkcode successiveHalving}, in steps.
 */
export function stepsOfTrials(
  candidates: number,
  budgets: readonly number[],
  keep: number,
): number {
  return candidatesOfRungs(candidates, budgets, keep)
    .reduce((total, count, rung) => total + count * (budgets[rung] - (budgets[rung - 1] ?? 0)), 0);
}
