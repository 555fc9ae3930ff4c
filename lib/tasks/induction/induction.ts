/**
 * @file Induction heads (Olsson et al., arXiv 2209.11895; in this form Gu & Dao, arXiv 2312.00752, section 4.1): random symbols, a mark
 * somewhere among them, and the mark again at the end, after which the symbol that followed it is asked for, once. Test sequences
 * are longer than those of training.
 *
 * @example What followed the mark
 * ```ts
 * import assert from "node:assert/strict";
 * import { task } from "./induction.ts";
 *
 * const induction = task.configure({ symbols: 4, length: 9 });
 * const { x, target } = induction.generate!(0, 1, 1);
 * assert.equal(x.data[8], 4); // the mark
 * assert.equal(target.data[8], x.data[x.data.indexOf(4) + 1]);
 * ```
 */
import * as z from "zod";
import { lengthFields, oneOf, type SymbolTask, symbolTask } from "../symbol_task.ts";

const schema = () =>
  z.strictObject({
    /** The mark is one more. */
    symbols: z.number().int().min(2).max(1024).default(16),
    /** Of a sequence, both marks included. */
    ...lengthFields({ minimum: 8, maximum: 64, length: 256 }),
  });

/** What came after a mark. */
export const task: SymbolTask = symbolTask({
  about: {
    name: "induction",
    floor: { name: "a guess among all symbols", known: "exact" },
    optimum: { name: "what came after the mark", known: "exact" },
  },
  schema,
  questions({ symbols, minimum, length }) {
    if (Math.min(minimum, length) < 3) {
      throw new RangeError(
        `induction options: minimum = ${minimum} and length = ${length}; the shortest sequence is a mark, a symbol and a mark, ` +
          `so choose at least 3`,
      );
    }
    return {
      vocabulary: symbols + 1,
      classes: symbols,
      draws: (length) => length,
      write(length, draw, x, target) {
        const mark = oneOf(length - 2, draw());
        for (let t = 0; t < length - 1; t++) x[t] = oneOf(symbols, draw());
        x[mark] = x[length - 1] = symbols;
        target[length - 1] = x[mark + 1];
      },
      floor: () => 1 - 1 / symbols,
    };
  },
});
