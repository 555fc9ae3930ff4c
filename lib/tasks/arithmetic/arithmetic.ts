/**
 * @file Modular arithmetic with brackets (Delétang et al., arXiv 2207.02098): expressions of numbers with +, -, * and brackets, read
 * from the left. After every number and every closing bracket the value of the innermost open bracket so far is asked for; of a
 * bracket that just closed that is the value of what it stands in, it included. So every prefix has its answers, and no
 * sequence has to end in a whole expression. Brackets need a stack: a finite automaton follows them up to a depth only.
 *
 * @example With a depth of 0 every answer is the value of the expression so far
 * ```ts
 * import assert from "node:assert/strict";
 * import { task } from "./arithmetic.ts";
 *
 * const arithmetic = task.configure({ depth: 0, length: 5 });
 * const { x, target } = arithmetic.generate!(0, 1, 1);
 * const text = Array.from(x.data, (symbol) => "01234+-*()"[symbol]).join("");
 * assert.equal(((eval(text) % 5) + 5) % 5, target.data[4]);
 * ```
 */
import * as z from "zod";
import { constantFloor, lengthFields, oneOf, type SymbolTask, symbolTask } from "../symbol_task.ts";
import type { TypedArray } from "../../tensor/tensor.ts";

/** The inside of a bracket, as far as it was read: sum + product, where a number that comes next goes into the product. */
interface Frame {
  /** Of the products that are finished. */
  sum: number;
  /** What the next number is multiplied with: the product that is not finished, or its sign. */
  product: number;
}

const schema = () =>
  z.strictObject({
    modulus: z.number().int().min(2).max(64).default(5),
    /** Brackets that are open at most. */
    depth: z.number().int().min(0).max(64).default(3),
    ...lengthFields({ minimum: 3, maximum: 40, length: 256 }),
  });

/**
 * Writes one expression: where a number is expected a bracket opens half of the time, where there is room; where an operator is
 * expected, a bracket that is open closes half of the time.
 */
function write(
  { modulus, depth }: { modulus: number; depth: number },
  length: number,
  draw: () => number,
  x: TypedArray,
  target: TypedArray,
): void {
  const mod = (n: number) => ((n % modulus) + modulus) % modulus;
  const [opening, closing] = [modulus + 3, modulus + 4];
  const frames: Frame[] = [{ sum: 0, product: 1 }];
  let isNumberNext = true;
  for (let t = 0; t < length; t++) {
    const frame = frames.at(-1)!;
    const isBracket = draw() < 0.5;
    const u = draw();
    if (isNumberNext) {
      if (isBracket && frames.length <= depth) {
        x[t] = opening;
        frames.push({ sum: 0, product: 1 });
        continue;
      }
      x[t] = oneOf(modulus, u);
      frame.product = mod(frame.product * x[t]);
      target[t] = mod(frame.sum + frame.product);
      isNumberNext = false;
    } else if (isBracket && frames.length > 1) {
      x[t] = closing;
      frames.pop();
      const outer = frames.at(-1)!;
      outer.product = mod(outer.product * (frame.sum + frame.product));
      target[t] = mod(outer.sum + outer.product);
    } else {
      const operator = oneOf(3, u);
      x[t] = modulus + operator;
      if (operator < 2) {
        frame.sum = mod(frame.sum + frame.product);
        frame.product = operator === 0 ? 1 : -1;
      }
      isNumberNext = true;
    }
  }
}

/** Evaluating expressions with brackets. */
export const task: SymbolTask = symbolTask({
  about: {
    name: "arithmetic",
    floor: { name: "the most frequent value at all times", known: "exact" },
    optimum: { name: "evaluation with a stack", known: "exact" },
  },
  schema,
  from: 41,
  questions: (options) => ({
    vocabulary: options.modulus + 5,
    classes: options.modulus,
    draws: (length) => 2 * length,
    write: (...sequence) => write(options, ...sequence),
    floor: constantFloor,
  }),
});
