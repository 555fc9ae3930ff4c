/**
 * @file Following an automaton and being asked once, after the last symbol, as Grazzi et al. (arXiv 2411.12537, appendix E.1) ask: nothing tells what to
 * carry along on the way. Where no answer can follow the last symbol (an operator), the question is at the one before.
 *
 * @example One question a sequence
 * ```ts
 * import assert from "node:assert/strict";
 * import { task } from "./automaton_at_end.ts";
 *
 * const parity = task.configure({ automaton: "parity", length: 9 });
 * const { x, target } = parity.generate!(0, 1, 1);
 * const ones = Array.from(x.data).filter((bit) => bit === 1).length;
 * assert.deepEqual([...target.data.slice(7)], [-1, ones % 2]);
 * ```
 */
import * as z from "zod";
import { automata, type Made } from "../automaton/automata.ts";
import { allowedSymbols, type Automaton, likeliestClassError } from "../automaton/table.ts";
import { UNASKED } from "../symbols.ts";
import { lengthFields, oneOf, type SymbolTask, symbolTask } from "../symbol_task.ts";

const schema = () =>
  z.strictObject({
    automaton: z.enum(["parity", "modular_arithmetic"]).default("parity"),
    /** Of arithmetic. */
    modulus: z.number().int().min(2).max(64).default(5),
    ...lengthFields({ minimum: 3, maximum: 40, length: 256 }),
  });

/** Following an automaton to the end. */
export const task: SymbolTask = symbolTask({
  about: {
    name: "automaton, asked at the end",
    floor: { name: "the likeliest answer at the end", known: "exact" },
    optimum: { name: "the automaton", known: "exact" },
  },
  schema,
  questions({ automaton: name, modulus, length }) {
    const made: Made = automata[name];
    const automaton = made.make({ modulus, kinds: 1, depth: 1 });
    const { next, outputs } = automaton;
    const allowed = allowedSymbols(automaton);
    const answerOf = (state: number) => outputs?.[state] ?? state;
    return {
      vocabulary: next[0].length,
      classes: 1 + Math.max(...next.map((_, state) => answerOf(state))),
      draws: (length) => length,
      write(length, draw, x, target) {
        let [last, answer] = [0, UNASKED];
        for (let t = 0, state = 0; t < length; t++) {
          const symbols = allowed[state];
          x[t] = symbols[oneOf(symbols.length, draw())];
          state = next[state][x[t]]!;
          if (answerOf(state) !== UNASKED) [last, answer] = [t, answerOf(state)];
        }
        target[last] = answer;
      },
      floor: () => {
        const last = lastAsked(automaton, length);
        return likeliestClassError(automaton, last, last);
      },
    };
  },
});

/** The last of so many positions, counted from 1, at which a state has an answer; in these automata whether it has one depends on the position alone. */
function lastAsked({ next, outputs }: Automaton, length: number): number {
  let [last, state] = [1, 0];
  for (let position = 1; position <= length; position++) {
    state = next[state].find((to) => to !== undefined)!;
    if ((outputs?.[state] ?? state) !== UNASKED) last = position;
  }
  return last;
}
