/**
 * @file The best linear model that looks back so far, with one matrix for each distance: solved on the training tokens to a certified
 * distance, scored on others. Options: `taps` K, `penalty`, `tolerance` (1e-4 nats), `evaluations`.
 */
import * as z from "zod";
import { readOptions } from "../../../options.ts";
import type { ReferenceModule } from "../../task.ts";
import type { LanguageTask } from "../language.ts";
import { bestMember } from "../offset_matrices.ts";
import { scoreMember } from "../score_member.ts";

/** The best member, or an error where the certificate is not reached: nothing is scored whose distance is not known. */
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
    return scoreMember(task, of, found.x, found, data, protocol);
  },
};
