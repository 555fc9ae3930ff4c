/**
 * @file Modified Kneser-Ney smoothing, interpolated (Chen & Goodman, "An empirical study of smoothing techniques for language modeling",
 * Harvard TR-10-98, section 4.1.6): the strongest model of counts. What an n-gram lacks is told by the shorter one, whose counts are
 * of the different tokens that come before it.
 *
 * @example Probabilities of all tokens sum to 1, after a past that was seen and after one that was not
 * ```ts
 * import assert from "node:assert/strict";
 * import { kneserNey } from "./kneser_ney.ts";
 *
 * const model = kneserNey([0, 1, 0, 2, 0, 1, 2, 2, 0], 4, 3);
 * for (const past of [[], [0, 1], [3, 3, 0]]) {
 *   const all = [0, 1, 2, 3].map((token) => model.probability(past, token));
 *   assert.ok(Math.abs(all.reduce((a, b) => a + b) - 1) < 1e-12);
 * }
 * ```
 */
import { NGrams } from "./ngrams.ts";

/** A model of counts. */
export interface CountModel {
  /** Of a token after a past. @param past newest last, of any length; the last order - 1 tokens are read */
  probability(past: ArrayLike<number>, token: number): number;
}

/** What is taken from counts of 1, 2, and 3 or more. */
export type Discounts = readonly [one: number, two: number, more: number];

/** Where a text is too small to have n-grams of every count from 1 to 4, this is taken from each. */
const plainDiscount = 0.5;

/**
 * The discounts of Chen & Goodman, equation 26, from the number of n-grams that occur once, twice, three and four times.
 * @returns .5 each where they are not defined, or lie outside of [0, count]
 */
export function discountsOf(n1: number, n2: number, n3: number, n4: number): Discounts {
  const y = n1 / (n1 + 2 * n2);
  const found = [1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3] as const;
  const sound = found.every((discount, i) => discount >= 0 && discount <= i + 1);
  return sound ? found : [plainDiscount, plainDiscount, plainDiscount];
}

/**
 * The model of a text.
 * @param tokens ids below `vocabulary`
 * @param order n of the longest n-grams, from 1: a model of single tokens
 * @throws {RangeError} for an order that is no whole number from 1
 */
export function kneserNey(
  tokens: ArrayLike<number>,
  vocabulary: number,
  order: number,
): CountModel {
  if (!Number.isInteger(order) || order < 1) {
    throw new RangeError(`kneserNey: order ${order}; expected a whole number from 1`);
  }
  const grams = new NGrams(tokens, vocabulary, order);
  const { lengths, parents, suffixes } = grams;
  const nodes = lengths.length;
  // Of the longest n-grams how often they occur, of the others how many different tokens come before them.
  const counts = new Float64Array(nodes);
  for (let node = 1; node < nodes; node++) {
    if (lengths[node] === order) counts[node] = grams.counts[node];
    if (lengths[node] > 1) counts[suffixes[node]]++;
  }
  const countsOfCounts = Array.from({ length: order + 1 }, () => [0, 0, 0, 0, 0]);
  for (let node = 1; node < nodes; node++) {
    if (counts[node] <= 4) countsOfCounts[lengths[node]][counts[node]]++;
  }
  const discounts = countsOfCounts.map(([, n1, n2, n3, n4]) => discountsOf(n1, n2, n3, n4));
  const taken = (node: number) =>
    counts[node] === 0 ? 0 : discounts[lengths[node]][Math.min(counts[node], 3) - 1];
  // Of each context: what its continuations count together, and what was taken from them.
  const totals = new Float64Array(nodes);
  const spared = new Float64Array(nodes);
  for (let node = 1; node < nodes; node++) {
    totals[parents[node]] += counts[node];
    spared[parents[node]] += taken(node);
  }
  return {
    probability(past, token) {
      let probability = 1 / vocabulary;
      for (const context of grams.contexts(past)) {
        // Continuations that nothing comes before, as at the start of the text, count nothing.
        if (totals[context] === 0) continue;
        const node = grams.child(context, token);
        const kept = node === undefined ? 0 : counts[node] - taken(node);
        probability = (kept + spared[context] * probability) / totals[context];
      }
      return probability;
    },
  };
}
