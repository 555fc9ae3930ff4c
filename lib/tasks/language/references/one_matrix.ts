/**
 * @file The best linear model with one matrix for all distances that is found from a start, a mixer with weights by distance and free
 * biases: a local minimum, and so an upper bound of what such mixers can reach. Options: `penalty`, `start` (its seed), `tolerance` of the
 * gradient's norm (1e-4), `evaluations`.
 */
import * as z from "zod";
import { readOptions } from "../../../options.ts";
import { keyOf, normals } from "../../../random/random.ts";
import type { ReferenceModule } from "../../task.ts";
import type { LanguageTask } from "../language.ts";
import { bilinearMember, manyMatrices } from "../offset_matrices.ts";
import { scoreMember } from "../score_member.ts";

/** It looks as far back as a sequence is long. */
export const reference: ReferenceModule<LanguageTask> = {
  score(task, _instance, data, protocol, options) {
    const schema = z.strictObject({
      penalty: z.number().positive(),
      start: z.number().int().nonnegative(),
      tolerance: z.number().positive().default(1e-4),
      evaluations: z.number().int().min(1).default(600),
    });
    const { penalty, start, ...search } = readOptions("one_matrix", schema, options ?? {});
    const { training, vocabulary, length } = task;
    const of = { vocabulary, length, taps: length, penalty };
    const square = vocabulary ** 2;
    const from = normals(keyOf(start), square + length + length * vocabulary)
      .map((value) => 0.1 * value);
    // The newest token first, and most.
    for (let k = 0; k < length; k++) from[square + k] += 1 / (1 + k);
    const { x, ...found } = bilinearMember(of, training, from, search);
    return scoreMember(task, of, manyMatrices(of, x), found, data, protocol);
  },
};
