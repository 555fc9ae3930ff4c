/** @file Scores of a member of the convex class on text that it was not found on. */
import type { Minimum } from "../../linalg/lbfgs.ts";
import { UNASKED } from "../symbols.ts";
import type { Evaluation, TaskData } from "../task.ts";
import type { LanguageTask, Protocol } from "./language.ts";
import { Ledger, type Losses } from "./losses.ts";
import { memberLosses, type OffsetClass } from "./offset_matrices.ts";

/** What is left beside losses. */
export interface Searched {
  /** The penalised training loss of the member that was found. */
  readonly objective: number;
  /** How far it is above the lowest one at most; of a class that is not convex the norm of the gradient. */
  readonly gap: number;
  /** Of the objective. */
  readonly evaluations: number;
}

/**
 * Scores a member on the part that a protocol says.
 * @param found where the search of it ended
 */
export function scoreMember(
  task: LanguageTask,
  of: OffsetClass,
  member: Float64Array,
  { value, gap, evaluations }: Omit<Minimum, "x">,
  data: TaskData,
  protocol: Protocol,
): Evaluation {
  const { vocabulary, length } = task;
  const { x, target } = task.scored(data, protocol);
  const ledger = new Ledger(x.shape[0], length);
  const losses = new Float64Array(vocabulary);
  target.data.forEach((right, at) => {
    if (right === UNASKED) return;
    memberLosses(of, member, x.data, at, losses);
    ledger.add(Math.floor(at / length), at % length, losses[right]);
  });
  const evaluation = task.evaluated({ x, target }, ledger);
  const searched: Searched = { objective: value, gap, evaluations };
  return { ...evaluation, details: { ...evaluation.details as Losses, ...searched } };
}
