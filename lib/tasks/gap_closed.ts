/** @file The score that all tasks have in common. */
import type { Evaluation } from "./task.ts";

/**
 * Share of the gap from the floor to the optimum that is closed: 0 is trivial, 1 is optimal.
 * @returns NaN where the gap is below 1e-9: there was nothing to learn, or, of an optimum that is only the best known on the
 *   training data, nothing that held on the test data.
 */
export function gapClosed(
  { loss, floor, optimum }: Omit<Evaluation, "gapClosed" | "details">,
): number {
  const gap = floor - optimum;
  return gap > 1e-9 ? (floor - loss) / gap : NaN;
}
