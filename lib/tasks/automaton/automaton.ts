/**
 * @file Following an automaton of the literature (automata.ts): after every symbol what its state says. Symbols are uniform among
 * those that can come. Training sequences have 3 to 40 symbols, and positions 41 to 256 are scored, as of parity.
 *
 * @example The running product of permutations of three things
 * ```ts
 * import assert from "node:assert/strict";
 * import { task } from "./automaton.ts";
 *
 * const s3 = task.configure({ automaton: "s3", length: 4 });
 * assert.deepEqual(s3.signature, { kind: "tokens", vocabulary: 6, classes: 6 });
 * const { x, target } = s3.generate!(0, 1, 1);
 * assert.equal(target.data[0], x.data[0]); // the first product is the first element
 * ```
 */
import * as z from "zod";
import { UNASKED } from "../symbols.ts";
import { lengthFields, oneOf, type SymbolTask, symbolTask } from "../symbol_task.ts";
import { automata, type AutomatonName, type Made, type Sizes } from "./automata.ts";
import { allowedSymbols, type Automaton, likeliestClassError } from "./table.ts";

const defaults: Sizes = { modulus: 5, kinds: 2, depth: 4 };
/** More stacks than this are no table any more. */
const mostStates = 50_000;

const schema = () =>
  z.strictObject({
    automaton: z.enum(Object.keys(automata) as [AutomatonName, ...AutomatonName[]]).default("s3"),
    modulus: z.number().int().min(2).max(64).optional(),
    kinds: z.number().int().min(1).max(64).optional(),
    depth: z.number().int().min(1).max(64).optional(),
    ...lengthFields({ minimum: 3, maximum: 40, length: 256 }),
  });

/** @throws {RangeError} for a size that the automaton does not have, or one that makes too many states. */
function automatonOf(name: AutomatonName, given: Partial<Sizes>): Automaton {
  const { sizes, make }: Made = automata[name];
  const foreign = (Object.keys(defaults) as (keyof Sizes)[])
    .find((size) => given[size] !== undefined && !sizes.includes(size));
  if (foreign) {
    throw new RangeError(
      `automaton options: ${foreign} = ${given[foreign]} is no size of ${name}, which has ${
        sizes.join(" and ") || "none"
      }; leave it out`,
    );
  }
  const { modulus = defaults.modulus, kinds = defaults.kinds, depth = defaults.depth } = given;
  if (name === "dyck" && kinds ** depth > mostStates) {
    throw new RangeError(
      `automaton options: kinds = ${kinds} and depth = ${depth} make ${
        kinds ** depth
      } stacks of that depth; at most ` +
        `${mostStates} are supported, so lower one of them`,
    );
  }
  return make({ modulus, kinds, depth });
}

/** Following an automaton. */
export const task: SymbolTask = symbolTask({
  about: {
    name: "automaton",
    floor: { name: "the likeliest answer at every position", known: "exact" },
    optimum: { name: "the automaton", known: "exact" },
  },
  schema,
  from: 41,
  questions({ automaton: name, modulus, kinds, depth }) {
    const automaton = automatonOf(name, { modulus, kinds, depth });
    const { next, outputs } = automaton;
    const allowed = allowedSymbols(automaton);
    return {
      vocabulary: next[0].length,
      classes: 1 +
        (outputs ?? next).reduce<number>(
          (most, output, state) => Math.max(most, typeof output === "number" ? output : state),
          UNASKED,
        ),
      draws: (length) => length,
      write(length, draw, x, target) {
        for (let t = 0, state = 0; t < length; t++) {
          const symbols = allowed[state];
          x[t] = symbols[oneOf(symbols.length, draw())];
          state = next[state][x[t]]!;
          target[t] = outputs?.[state] ?? state;
        }
      },
      floor: ({ from, to }) => likeliestClassError(automaton, from, to),
    };
  },
});
