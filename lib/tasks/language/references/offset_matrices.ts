/**
 * @file The best linear model that looks back so far, with one matrix for each distance: solved on the training tokens to a certified
 * distance, scored on others. Options: `taps` K, `penalty`, `tolerance` (1e-4 nats), `evaluations`.
 */
import * as z from "zod";
import { readOptions } from "../../../options.ts";
import { UNASKED } from "../../symbols.ts";
import type { ReferenceModule } from "../../task.ts";
import type { LanguageTask } from "../language.ts";
import { Ledger } from "../losses.ts";
import { bestMember, memberLosses } from "../offset_matrices.ts";

/** What a score leaves beside losses. */
export interface Certified {
  /** The penalised training loss of the member that was found. */
  readonly objective: number;
  /** How far it is above the lowest one at most. */
  readonly gap: number;
  /** Of the objective. */
  readonly evaluations: number;
}

/** @throws {Error} where the certificate is not reached */
export const reference: ReferenceModule<LanguageTask> = {
  score(task, _instance, data, protocol, options) {
    const schema = z.strictObject({
      taps: z.number().int().min(0),
      penalty: z.number().positive(),
      tolerance: z.number().positive().default(1e-4),
      evaluations: z.number().int().min(1).default(2000),
    });
    const { taps, penalty, tolerance, evaluations } = readOptions(
      "offset_matrices",
      schema,
      options ?? {},
    );
    const { training, vocabulary, length } = task;
    const of = { vocabulary, length, taps, penalty };
    const found = bestMember(of, training, { tolerance, evaluations });
    if (!(found.gap <= tolerance)) {
      throw new Error(
        `offset_matrices: after ${found.evaluations} evaluations the loss is known to ${
          found.gap.toExponential(1)
        } nats, not to ${tolerance}; raise evaluations, penalty or tolerance`,
      );
    }
    const scored = task.scored(data, protocol);
    const ledger = new Ledger(scored.x.shape[0], length);
    const losses = new Float64Array(vocabulary);
    scored.target.data.forEach((right, at) => {
      if (right === UNASKED) return;
      memberLosses(of, found.x, scored.x.data, at, losses);
      ledger.add(Math.floor(at / length), at % length, losses[right]);
    });
    const evaluation = task.evaluated(scored, ledger);
    const certified: Certified = {
      objective: found.value,
      gap: found.gap,
      evaluations: found.evaluations,
    };
    return { ...evaluation, details: { ...evaluation.details as object, ...certified } };
  },
};
