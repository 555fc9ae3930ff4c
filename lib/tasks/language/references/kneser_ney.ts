/** @file Modified Kneser-Ney of the training tokens, which sees of each sequence what a model sees. Option: `order` (5). */
import * as z from "zod";
import { readOptions } from "../../../options.ts";
import { kneserNey } from "../../../text/kneser_ney.ts";
import { UNASKED } from "../../symbols.ts";
import type { ReferenceModule } from "../../task.ts";
import type { LanguageTask } from "../language.ts";
import { Ledger } from "../losses.ts";

/** Order 1 is the frequencies of tokens, order 2 a bigram. */
export const reference: ReferenceModule<LanguageTask> = {
  score(task, _instance, data, protocol, options) {
    const schema = z.strictObject({ order: z.number().int().min(1).max(8).default(5) });
    const { order } = readOptions("kneser_ney", schema, options ?? {});
    const { training: { x, target }, vocabulary, length } = task;
    // Sequences follow each other in the text where they are packed; what stands at a gap is seldom.
    const text = [...x.data.filter((_, i) => target.data[i] !== UNASKED)];
    const model = kneserNey(text, vocabulary, order);
    const scored = task.scored(data, protocol);
    const [count] = scored.x.shape;
    const ledger = new Ledger(count, length);
    for (let i = 0; i < count * length; i++) {
      const right = scored.target.data[i];
      if (right === UNASKED) continue;
      const start = i - i % length;
      const past = scored.x.data.subarray(Math.max(start, i - order + 2), i + 1);
      ledger.add(Math.floor(i / length), i % length, -Math.log(model.probability(past, right)));
    }
    return task.evaluated(scored, ledger);
  },
};
