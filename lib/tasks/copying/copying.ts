/**
 * @file Copying: symbols, then a mark, and then the symbols are asked for in their order while nothing comes in. What a state of fixed
 * size holds is bounded, so lengths beyond some are lost to all but attention (Jelassi et al., arXiv 2402.01032).
 *
 * @example What stood before the mark is asked for from the mark on
 * ```ts
 * import assert from "node:assert/strict";
 * import { task } from "./copying.ts";
 *
 * const copying = task.configure({ symbols: 4, length: 3 });
 * const { x, target } = copying.generate!(0, 1, 1);
 * assert.deepEqual([...x.data.slice(3)], [4, 5, 5]);
 * assert.deepEqual([...target.data.slice(3)], [...x.data.slice(0, 3)]);
 * ```
 */
import * as z from "zod";
import { lengthFields, oneOf, type SymbolTask, symbolTask } from "../symbol_task.ts";

const schema = () =>
  z.strictObject({
    /** That are copied; the mark, and what comes after it, are two more. */
    symbols: z.number().int().min(2).max(1024).default(16),
    /** Symbols to copy. */
    ...lengthFields({ minimum: 1, maximum: 16, length: 32 }),
  });

/** Copying what stood before a mark. */
export const task: SymbolTask = symbolTask({
  about: {
    name: "copying",
    floor: { name: "a guess among all symbols", known: "exact" },
    optimum: { name: "a copy", known: "exact" },
  },
  schema,
  questions: ({ symbols }) => ({
    vocabulary: symbols + 2,
    classes: symbols,
    positions: (length) => 2 * length,
    draws: (length) => length,
    write(length, draw, x, target) {
      for (let t = 0; t < length; t++) {
        x[t] = target[length + t] = oneOf(symbols, draw());
        x[length + t] = t === 0 ? symbols : symbols + 1;
      }
    },
    floor: () => 1 - 1 / symbols,
  }),
});
