/**
 * @file Parity of a stream that is not all seen: the state changes where a bit is one, and now and then by itself; with every bit comes a
 * reading of the state, which may be wrong. The optimum is the state that is likelier by the forward algorithm (Baum et al., 1970;
 * Rabiner, Proc. IEEE 77, 1989, equation 20), on the same test data; its errors are expected ones, given what was read.
 *
 * @example Where no bit is flipped and readings are right, the state is what is read
 * ```ts
 * import assert from "node:assert/strict";
 * import { task } from "./noisy_parity.ts";
 *
 * const clean = task.configure({ flip: 0, misread: 0, length: 5 });
 * const { x, target } = clean.generate!(0, 1, 1);
 * assert.deepEqual(Array.from(x.data, (symbol) => symbol % 2), [...target.data]);
 * ```
 */
import * as z from "zod";
import { lengthFields, type Scored, type SymbolTask, symbolTask } from "../symbol_task.ts";

/** What is uncertain. */
export interface Noise {
  /** Probability that the state changes by itself at a step. */
  readonly flip: number;
  /** Probability that a reading is wrong; 1/2 tells nothing. */
  readonly misread: number;
}

const probability = () => z.number().min(0).max(0.5);
const schema = () =>
  z.strictObject({
    flip: probability().default(0.02),
    misread: probability().default(0.2),
    ...lengthFields({ minimum: 3, maximum: 40, length: 256 }),
  });

/**
 * Probability of an odd state after each symbol of a sequence, of which a symbol is twice its bit plus its reading.
 * @param symbols of one sequence, from the start in the even state.
 */
export function oddProbabilities({ flip, misread }: Noise, symbols: ArrayLike<number>): number[] {
  let odd = 0;
  return Array.from(symbols, (symbol) => {
    const moved = symbol >= 2 ? 1 - odd : odd;
    const predicted = moved * (1 - flip) + (1 - moved) * flip;
    const [ifOdd, ifEven] = symbol % 2 ? [1 - misread, misread] : [misread, 1 - misread];
    const joint = predicted * ifOdd;
    return odd = joint / (joint + (1 - predicted) * ifEven);
  });
}

/** Expected error rate of the likelier state. @throws {RangeError} for symbols that the noise rules out. */
function forwardError(noise: Noise, { x, from, to }: Scored): number {
  const [sequences, length] = x.shape;
  let sum = 0;
  for (let b = 0; b < sequences; b++) {
    const odd = oddProbabilities(noise, x.data.subarray(b * length, (b + 1) * length));
    for (const p of odd.slice(from - 1, to)) sum += Math.min(p, 1 - p);
  }
  const error = sum / (sequences * (to - from + 1));
  if (Number.isFinite(error)) return error;
  throw new RangeError(
    `noisy parity: the test data cannot come with flip = ${noise.flip} and misread = ${noise.misread}; they are those of a task ` +
      `with other options`,
  );
}

/** Which state is likelier. */
export const task: SymbolTask = symbolTask({
  about: {
    name: "noisy parity",
    floor: { name: "a coin", known: "exact" },
    optimum: { name: "the forward algorithm", known: "exact" },
  },
  schema,
  from: 41,
  questions: (noise) => ({
    ...{ vocabulary: 4, classes: 2 },
    draws: (length) => 3 * length,
    write(length, draw, x, target) {
      for (let t = 0, odd = 0; t < length; t++) {
        const bit = Number(draw() < 0.5);
        odd ^= bit ^ Number(draw() < noise.flip);
        const reading = odd ^ Number(draw() < noise.misread);
        x[t] = 2 * bit + reading;
        target[t] = odd;
      }
    },
    // Bits are fair, so states are, at every position.
    floor: () => 0.5,
    optimum: (scored) => forwardError(noise, scored),
  }),
});
