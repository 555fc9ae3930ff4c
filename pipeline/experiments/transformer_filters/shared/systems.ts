/**
 * @file The systems of the experiments, by their keys: twenty that judge, two from each decile of how much there is to learn
 * among 2,000 candidates, and four to tune on. Chosen by select_systems.ts before any model was trained on them; the same in every
 * setting.
 */

/** Those that judge, by their gap at lambda .92, the smallest first. */
export const judged: readonly number[] = [
  ...[634, 83, 853, 1047, 443, 972, 346, 1300, 1811, 630],
  ...[1056, 785, 1440, 598, 1418, 1152, 1594, 66, 26, 1847],
];

/** Those that learning rates are tuned on, one from each quarter; none of them judges. */
export const tuning: readonly number[] = [1738, 1126, 1688, 6];

/** The gap between predicting zero and the Kalman filter among the candidates: share of them below it, and the gap. */
export const candidateGaps: readonly (readonly [share: number, gap: number])[] = [
  [0.05, 0.048],
  [0.25, 0.0799],
  [0.5, 0.1061],
  [0.75, 0.1385],
  [0.95, 0.1992],
];

/** So many of a list, from its whole range: the one in the middle of each of so many parts. */
export function spread(count: number, of: readonly number[] = judged): number[] {
  return Array.from({ length: count }, (_, i) => of[Math.floor((i + 0.5) * of.length / count)]);
}
