/** @file Modified Kneser-Ney against the formulas written out in words, by hand, and its sums. */
import assert from "node:assert/strict";
import { keyOf, uniforms } from "../../lib/random/random.ts";
import { discountsOf, kneserNey } from "../../lib/text/kneser_ney.ts";
import { NGrams } from "../../lib/text/ngrams.ts";

const close = (a: number, b: number, within = 1e-12) =>
  assert.ok(Math.abs(a - b) <= within, `${a} and ${b}`);

/** A text in which some tokens follow others often. */
const text = (length: number, vocabulary: number) => {
  const us = uniforms(keyOf(3), length);
  const tokens: number[] = [];
  us.forEach((u, i) =>
    tokens.push(Math.floor((i && u < 0.6 ? tokens[i - 1] * 2 + 1 : u * 97) % vocabulary))
  );
  return tokens;
};

/** Chen & Goodman's recursion on texts of n-grams, with sets and sums where the product has a tree. */
function written(tokens: number[], vocabulary: number, order: number) {
  const raw = (n: number) => {
    const counts = new Map<string, number>();
    for (let i = 0; i + n <= tokens.length; i++) {
      const gram = tokens.slice(i, i + n).join(" ");
      counts.set(gram, (counts.get(gram) ?? 0) + 1);
    }
    return counts;
  };
  const countsOf = (n: number) => {
    if (n === order) return raw(n);
    const before = new Map<string, Set<string>>();
    for (const gram of raw(n + 1).keys()) {
      const [first, ...rest] = gram.split(" ");
      const known = before.get(rest.join(" ")) ?? new Set();
      before.set(rest.join(" "), known.add(first));
    }
    return new Map([...before].map(([gram, set]) => [gram, set.size]));
  };
  const tables = Array.from({ length: order }, (_, i) => countsOf(i + 1));
  const p = (past: number[], token: number): number => {
    const n = past.length + 1;
    const lower = n === 1 ? 1 / vocabulary : p(past.slice(1), token);
    const table = tables[n - 1];
    const of = (k: number) => [...table.values()].filter((c) => c === k).length;
    const D = discountsOf(of(1), of(2), of(3), of(4));
    const taken = (c: number) => c === 0 ? 0 : D[Math.min(c, 3) - 1];
    const all = Array.from(
      { length: vocabulary },
      (_, v) => table.get([...past, v].join(" ")) ?? 0,
    );
    const total = all.reduce((a, b) => a + b);
    if (total === 0) return lower;
    const spared = all.reduce((sum, c) => sum + taken(c), 0);
    return (all[token] - taken(all[token]) + spared * lower) / total;
  };
  return (past: number[], token: number) =>
    p(past.slice(Math.max(0, past.length - order + 1)), token);
}

Deno.test("every probability is that of the formulas, for orders 1 to 5", () => {
  const tokens = text(160, 6);
  for (const order of [1, 2, 3, 5]) {
    const model = kneserNey(tokens, 7, order);
    const formula = written(tokens, 7, order);
    for (
      const past of [[], [2], tokens.slice(10, 14), tokens.slice(-4), [6, 1, 3, 5], [0, 0, 0, 0]]
    ) {
      const all = Array.from({ length: 7 }, (_, token) => model.probability(past, token));
      all.forEach((p, token) => {
        close(p, formula(past, token));
        assert.ok(p > 0);
      });
      close(all.reduce((a, b) => a + b), 1);
    }
  }
});

Deno.test("a bigram by hand", () => {
  // 0 1 0 2 0 1: bigrams 01 twice, 10, 02, 20 once. There are none of three, so every discount is .5.
  // Before 1 and 2 comes 0 alone, before 0 come 1 and 2: counts 2, 1, 1 of 4.
  const model = kneserNey([0, 1, 0, 2, 0, 1], 4, 2);
  const [p0, p1, p3] = [(1.5 + 1.5 / 4) / 4, (0.5 + 1.5 / 4) / 4, 1.5 / 4 / 4];
  close(model.probability([], 0), p0);
  close(model.probability([], 3), p3);
  close(model.probability([0], 1), (1.5 + 1 * p1) / 3);
  close(model.probability([0], 0), p0 / 3);
  close(model.probability([3], 1), p1); // what was never seen tells nothing
  close(model.probability([2, 0], 1), model.probability([0], 1)); // a bigram reads one token
});

Deno.test("discounts are those of equation 26, or .5 where there are none", () => {
  // Y = 10 / 20; 1 - 2 Y 5/10, 2 - 3 Y 3/5, 3 - 4 Y 2/3
  const [one, two, more] = discountsOf(10, 5, 3, 2);
  close(one, 0.5), close(two, 1.1), close(more, 3 - 4 / 3);
  for (const [a, b, c, d] of [[0, 1, 1, 1], [3, 0, 1, 1], [3, 1, 0, 1], [1, 1, 9, 1]]) {
    assert.deepEqual(discountsOf(a, b, c, d), [0.5, 0.5, 0.5]);
  }
});

Deno.test("n-grams are counted, with what is before and after", () => {
  const grams = new NGrams([1, 2, 1, 2, 2], 3, 3);
  const at = (...tokens: number[]) => tokens.reduce((node, token) => grams.child(node, token)!, 0);
  assert.deepEqual(
    [[1], [2], [1, 2], [2, 1], [2, 2], [1, 2, 1], [1, 2, 2]].map((g) => grams.counts[at(...g)]),
    [
      ...[2, 3, 2, 1, 1, 1, 1],
    ],
  );
  assert.equal(grams.suffixes[at(1, 2, 2)], at(2, 2));
  assert.equal(grams.parents[at(1, 2, 2)], at(1, 2));
  assert.equal(grams.child(0, 0), undefined);
  assert.deepEqual(grams.contexts([0, 1, 2]), [0, at(2), at(1, 2)]);
  assert.deepEqual(grams.contexts([1, 0]), [0]);
});

Deno.test("an empty text leaves all alike, and an order below 1 is refused", () => {
  close(kneserNey([], 5, 3).probability([1, 2], 4), 0.2);
  for (const order of [0, 1.5, -1]) {
    assert.throws(() => kneserNey([1], 2, order), /expected a whole number from 1/);
  }
});
