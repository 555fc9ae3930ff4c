/** @file Finite automata as tables, the law of their states under random symbols, and groups as automata. */
import { UNASKED } from "../symbols.ts";

/** A deterministic automaton that starts in state 0. */
export interface Automaton {
  /** Entry [state][symbol] is the next state; undefined where the symbol cannot come. */
  readonly next: readonly (readonly (number | undefined)[])[];
  /** What is asked on arrival in each state: a class, or {@linkcode UNASKED}. The state itself where this is left out. */
  readonly outputs?: readonly number[];
}

/** The symbols that can come in each state. @throws {RangeError} for a state without any, or a table that is none. */
export function allowedSymbols({ next, outputs }: Automaton): number[][] {
  if (outputs && outputs.length !== next.length) {
    throw new RangeError(`an automaton of ${next.length} states has ${outputs.length} outputs`);
  }
  return next.map((row, state) => {
    const allowed = row.flatMap((to, symbol) => to === undefined ? [] : [symbol]);
    if (row.length !== next[0].length || allowed.length === 0) {
      throw new RangeError(
        `state ${state} of an automaton has ${allowed.length} of ${
          next[0].length
        } symbols; expected one at least, ` +
          `and a column for each`,
      );
    }
    const wild = allowed.find((symbol) => !(row[symbol]! in next));
    if (wild === undefined) return allowed;
    throw new RangeError(
      `symbol ${wild} leads from state ${state} to ${
        row[wild]
      }; an automaton of ${next.length} states has 0 to ${next.length - 1}`,
    );
  });
}

/**
 * Error rate of naming the likeliest class at every position, counted from 1, where every symbol that can come is as likely as the
 * others: wrong answers that are expected over questions that are expected.
 */
export function likeliestClassError(automaton: Automaton, from: number, to: number): number {
  const { next, outputs } = automaton;
  const allowed = allowedSymbols(automaton);
  let probabilities = Float64Array.from(next, (_, state) => Number(state === 0));
  let [wrong, asked] = [0, 0];
  for (let position = 1; position <= to; position++) {
    const after = new Float64Array(next.length);
    allowed.forEach((symbols, state) => {
      const share = probabilities[state] / symbols.length;
      if (share > 0) { for (const symbol of symbols) after[next[state][symbol]!] += share; }
    });
    probabilities = after;
    if (position < from) continue;
    const classes = new Float64Array(next.length);
    after.forEach((p, state) => {
      const output = outputs?.[state] ?? state;
      if (output !== UNASKED) classes[output] += p;
    });
    const sum = classes.reduce((sum, p) => sum + p, 0);
    asked += sum;
    wrong += sum - Math.max(...classes);
  }
  return wrong / asked;
}

/** Entry i is where i goes. */
export type Permutation = readonly number[];

/** First p, then q. */
export const after = (p: Permutation, q: Permutation): Permutation => p.map((i) => q[i]);

/**
 * The permutations that generators make, the identity first, nearer ones before those of longer words.
 * @throws {RangeError} for a generator that is no permutation of as many things as the others.
 */
export function groupOf(generators: readonly Permutation[]): Permutation[] {
  const [{ length }] = generators;
  const identity = Array.from({ length }, (_, i) => i);
  for (const generator of generators) {
    if (`${generator.toSorted((a, b) => a - b)}` === `${identity}`) continue;
    throw new RangeError(`[${generator}] is no permutation of 0 to ${length - 1}`);
  }
  const found = new Map<string, Permutation>([[`${identity}`, identity]]);
  // A map hands out what is added while it is gone through.
  for (const element of found.values()) {
    for (const generator of generators) {
      const product = after(element, generator);
      if (!found.has(`${product}`)) found.set(`${product}`, product);
    }
  }
  return [...found.values()];
}

/**
 * The word problem of a group: symbols are elements, the state is their product so far.
 * @param symbols elements of the group; all of them where this is left out.
 */
export function wordProblem(
  group: readonly Permutation[],
  symbols: readonly Permutation[] = group,
): Automaton {
  const numbers = new Map(group.map((element, state) => [`${element}`, state]));
  return {
    next: group.map((element) => symbols.map((symbol) => numbers.get(`${after(element, symbol)}`))),
  };
}
