/**
 * @file Selective copying (Gu & Dao, arXiv 2312.00752, section 4.1): some symbols at random places among blanks, then marks, one for
 * each symbol, at which they are asked for in their order. What is kept has to depend on what comes in: a linear map that does not
 * change with its input mixes symbols with the distances between them.
 *
 * @example Two symbols among six places
 * ```ts
 * import assert from "node:assert/strict";
 * import { task } from "./selective_copying.ts";
 *
 * const selective = task.configure({ symbols: 4, kept: 2, minimum: 6, maximum: 6, length: 6 });
 * const { x, target } = selective.generate!(0, 1, 1);
 * const [blank, mark] = [4, 5];
 * assert.deepEqual([...x.data.slice(6)], [mark, mark]);
 * assert.deepEqual([...x.data.slice(0, 6)].filter((symbol) => symbol !== blank), [...target.data.slice(6)]);
 * ```
 */
import * as z from "zod";
import { lengthFields, oneOf, type SymbolTask, symbolTask } from "../symbol_task.ts";

const schema = () =>
  z.strictObject({
    /** That are kept; the blank and the mark are two more. */
    symbols: z.number().int().min(2).max(1024).default(14),
    /** Symbols in a sequence. */
    kept: z.number().int().min(1).default(4),
    /** Places of symbols and blanks, before the marks. */
    ...lengthFields({ minimum: 32, maximum: 32, length: 32 }),
  });

/** Copying what is no blank. */
export const task: SymbolTask = symbolTask({
  about: {
    name: "selective copying",
    floor: { name: "a guess among all symbols", known: "exact" },
    optimum: { name: "a copy of what is no blank", known: "exact" },
  },
  schema,
  questions({ symbols, kept, minimum, length }) {
    if (kept > Math.min(minimum, length)) {
      throw new RangeError(
        `selective copying options: kept = ${kept} symbols do not fit into ${
          Math.min(minimum, length)
        } places; raise minimum and length, or keep fewer`,
      );
    }
    return {
      vocabulary: symbols + 2,
      classes: symbols,
      positions: (places) => places + kept,
      draws: (places) => places + kept,
      write(places, draw, x, target) {
        let left = kept;
        for (let t = 0; t < places; t++) {
          // Each set of places is as likely as the others: of what is left, each place has an equal share.
          if (draw() * (places - t) >= left) {
            x[t] = symbols;
            continue;
          }
          x[t] = target[places + kept - left] = oneOf(symbols, draw());
          left--;
        }
        x.fill(symbols + 1, places, places + kept);
      },
      floor: () => 1 - 1 / symbols,
    };
  },
});
