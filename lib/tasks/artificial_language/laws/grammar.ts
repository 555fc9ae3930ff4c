/**
 * @file A small language with a grammar: sentences whose verbs agree with their subjects over relative clauses that nest, such as "the dogs
 * that the cat that the birds see sees run .". The grammar is simple deterministic (Korenjak & Hopcroft, SWAT 1966: every rule starts
 * with a word, and no two rules of one symbol with the same), so a text has one derivation, and what may come next, and how
 * likely, is read off the top of a stack.
 */
import type { Law } from "../law.ts";

/** One way to go on from a symbol: a word, then symbols that are still to come. */
interface Rule {
  readonly word: string;
  readonly then: readonly string[];
  readonly probability: number;
}

const even = (
  ...ways: readonly (readonly [words: readonly string[], share: number, ...then: string[]])[]
) =>
  ways.flatMap(([words, share, ...then]): Rule[] =>
    words.map((word) => ({ word, then, probability: share / words.length }))
  );

const one = ["dog", "cat", "bird", "girl"];
const many = ["dogs", "cats", "birds", "girls"];

/** Sentences follow each other; relative clauses have a chance of a quarter at each noun. */
const rules: Readonly<Record<string, readonly Rule[]>> = {
  sentence: even([["the"], 1, "subject"]),
  subject: even([one, 0.5, "after one"], [many, 0.5, "after many"]),
  "after one": even([["runs", "sleeps"], 0.5, "end"], [["sees", "likes"], 0.25, "object"], [
    ["that"],
    0.25,
    "clause",
    "after one",
  ]),
  "after many": even([["run", "sleep"], 0.5, "end"], [["see", "like"], 0.25, "object"], [
    ["that"],
    0.25,
    "clause",
    "after many",
  ]),
  object: even([["the"], 1, "thing"]),
  thing: even([[...one, ...many], 1, "end"]),
  end: even([["."], 1]),
  clause: even([["the"], 1, "inner"]),
  inner: even([one, 0.5, "verb of one"], [many, 0.5, "verb of many"]),
  "verb of one": even([["sees", "likes"], 0.75], [["that"], 0.25, "clause", "verb of one"]),
  "verb of many": even([["see", "like"], 0.75], [["that"], 0.25, "clause", "verb of many"]),
};

/** Its words, in the order of their symbols. */
export const words: readonly string[] = [
  ...new Set(Object.values(rules).flatMap((of) => of.map(({ word }) => word))),
];

/** The law of this grammar. A word that it does not allow starts a new sentence: nothing that the law itself says contains one. */
export function grammarLaw(): Law {
  const tables = new Map(
    Object.entries(rules).map(([symbol, of]) => {
      const probabilities = new Float64Array(words.length);
      const next = new Map(of.map(({ word, then, probability }) => {
        const at = words.indexOf(word);
        probabilities[at] = probability;
        return [at, then];
      }));
      return [symbol, { probabilities, next }];
    }),
  );
  return {
    vocabulary: words.length,
    start() {
      let stack: string[] = [];
      const top = () => tables.get(stack.at(-1) ?? "sentence")!;
      return {
        probabilities: () => top().probabilities,
        read(symbol) {
          const then = top().next.get(symbol);
          if (then) stack.push(...(stack.pop(), then).toReversed());
          else stack = [];
        },
      };
    },
  };
}
