/**
 * @file Composition of so many permutations: `depth` permutations of `things` things, then one of the things, and where it ends is
 * asked for, once. Unlike the word problem of the group, which asks after every permutation, nothing tells what to carry along. By
 * swaps only, each symbol moves two things.
 *
 * @example Two swaps of two things are none
 * ```ts
 * import assert from "node:assert/strict";
 * import { task } from "./composition.ts";
 *
 * const twice = task.configure({ things: 2, swaps: true, length: 2 });
 * const { x, target } = twice.generate!(0, 1, 1);
 * assert.deepEqual([...x.data.slice(0, 2)], [0, 0]); // the only swap
 * assert.equal(target.data[2], x.data[2] - 1); // things come behind permutations
 * ```
 */
import * as z from "zod";
import { groupOf, type Permutation } from "../automaton/table.ts";
import { lengthFields, oneOf, type SymbolTask, symbolTask } from "../symbol_task.ts";

const schema = () =>
  z.strictObject({
    /** That are permuted. */
    things: z.number().int().min(2).max(6).default(5),
    /** Only permutations by which two things change places, instead of all. */
    swaps: z.boolean().default(false),
    /** Permutations in a sequence. */
    ...lengthFields({ minimum: 1, maximum: 8, length: 16 }),
  });

/** Swaps of two of so many things, or all permutations. */
function permutations(things: number, swaps: boolean): Permutation[] {
  const identity = Array.from({ length: things }, (_, i) => i);
  const pairs = identity.flatMap((i) =>
    identity.slice(0, i).map((j) => identity.map((k) => k === i ? j : k === j ? i : k))
  );
  return swaps ? pairs : groupOf(pairs);
}

/**
 * Probability that a thing is where it was after so many permutations; it is everywhere else with equal chances. A swap leaves it there
 * with probability 1 - 2/n, so the distance to 1/n shrinks by the second eigenvalue of that chain, 1 - 2/(n - 1); a permutation
 * drawn from all makes all places equally likely at once.
 */
function stays(things: number, swaps: boolean, depth: number): number {
  const eigenvalue = swaps ? 1 - 2 / (things - 1) : 0;
  return 1 / things + (1 - 1 / things) * eigenvalue ** depth;
}

/** Where a thing ends. */
export const task: SymbolTask = symbolTask({
  about: {
    name: "composition",
    floor: { name: "the likeliest place of the thing that is asked for", known: "exact" },
    optimum: { name: "the composition", known: "exact" },
  },
  schema,
  questions({ things, swaps }) {
    const symbols = permutations(things, swaps);
    return {
      vocabulary: symbols.length + things,
      classes: things,
      positions: (depth) => depth + 1,
      draws: (depth) => depth + 1,
      write(depth, draw, x, target) {
        const thing = oneOf(things, draw());
        let place = thing;
        for (let t = 0; t < depth; t++) {
          x[t] = oneOf(symbols.length, draw());
          place = symbols[x[t]][place];
        }
        x[depth] = symbols.length + thing;
        target[depth] = place;
      },
      floor({ x: { shape: [, across] } }) {
        const there = stays(things, swaps, across - 1);
        return 1 - Math.max(there, (1 - there) / (things - 1));
      },
    };
  },
});
