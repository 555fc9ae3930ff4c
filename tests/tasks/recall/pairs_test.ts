/** @file The sequences of associative recall against what is written about them, by plain loops, and against their distribution by chi-square. */
import assert from "node:assert/strict";
import { keyOf } from "../../../lib/random/random.ts";
import { drawPairs, type Shape, valuesOf } from "../../../lib/tasks/recall/pairs.ts";
import { UNASKED } from "../../../lib/tasks/symbols.ts";

const standard: Shape = { vocabulary: 256, length: 64, pairs: 8, power: 0.01 };

interface Sequence {
  symbols: number[];
  target: number[];
}
function draw(shape: Shape, count: number, seed = 1): Sequence[] {
  const { x, target } = drawPairs(shape, keyOf(seed), count);
  for (const { dtype, shape: [n, length] } of [x, target]) {
    assert.deepEqual([dtype, n, length], ["int32", count, shape.length]);
  }
  const row = (data: ArrayLike<number>, b: number) =>
    Array.from({ length: shape.length }, (_, t) => data[b * shape.length + t]);
  return Array.from({ length: count }, (_, b) => ({
    symbols: row(x.data, b),
    target: row(target.data, b),
  }));
}
const asked = ({ target }: Sequence) =>
  target.flatMap((answer, position) => answer === UNASKED ? [] : [{ answer, position }]);

const shapes: Shape[] = [
  standard,
  { vocabulary: 17, length: 16, pairs: 4, power: 0.5 }, // as many pairs as fit, an odd vocabulary
  { vocabulary: 5, length: 4, pairs: 1, power: 1 }, // the smallest
  { vocabulary: 66, length: 64, pairs: 1, power: 0.01 },
];
for (const shape of shapes) {
  const { vocabulary, length, pairs } = shape;
  Deno.test(`${pairs} pairs of ${vocabulary} symbols in ${length}: keys with their values, then every key once, at even positions`, () => {
    const half = Math.floor(vocabulary / 2);
    for (const sequence of draw(shape, 300)) {
      const { symbols } = sequence;
      assert.ok(symbols.every((s) => Number.isInteger(s) && s >= 0 && s < vocabulary));
      const valueOf = new Map<number, number>();
      const values = new Set<number>();
      for (let pair = 0; pair < pairs; pair++) {
        const [key, value] = symbols.slice(2 * pair, 2 * pair + 2);
        assert.ok(key >= 1 && key < half, `key ${key}`);
        assert.ok(value >= half && value < vocabulary, `value ${value}`);
        valueOf.set(key, value);
        values.add(value);
      }
      assert.deepEqual([valueOf.size, values.size], [pairs, pairs], "neither repeats");
      const queries = asked(sequence);
      const keys = queries.map(({ position }) => symbols[position]);
      assert.deepEqual(keys.toSorted(), [...valueOf.keys()].sort(), "every key is asked for once");
      for (const { answer, position } of queries) {
        assert.ok(position >= 2 * pairs && position % 2 === 0, `query at ${position}`);
        assert.equal(answer, valueOf.get(symbols[position]));
      }
    }
  });
}

Deno.test("as many symbols are values as the upper half has", () => {
  assert.deepEqual([256, 5, 6].map((vocabulary) => valuesOf({ ...standard, vocabulary })), [
    128,
    3,
    3,
  ]);
});

/** One in a thousand of so many degrees of freedom is beyond it (Wilson & Hilferty 1931). */
const bound = (degrees: number) =>
  degrees * (1 - 2 / (9 * degrees) + 3.09 * Math.sqrt(2 / (9 * degrees))) ** 3;

function assertDistribution(
  values: readonly number[],
  distribution: readonly number[],
  what: string,
) {
  const counts = distribution.map(() => 0);
  for (const value of values) counts[value]++;
  const total = distribution.reduce((a, b) => a + b, 0);
  const chiSquare = distribution.reduce((sum, p, i) => {
    const expected = values.length * p / total;
    assert.ok(expected > 5, `${what}: too few to tell`);
    return sum + (counts[i] - expected) ** 2 / expected;
  }, 0);
  assert.ok(
    chiSquare < bound(distribution.length - 1),
    `${what}: chi-square ${chiSquare} of ${distribution.length - 1}`,
  );
}
const uniform = (n: number) => Array(n).fill(1);

Deno.test("the place of the first pair's query follows g^(power - 1), that of the second the same distribution among the places that are left", () => {
  for (const power of [0.01, 0.4, 1]) {
    const shape = { ...standard, power, pairs: 2, length: 24 }; // ten places
    const distribution = Array.from({ length: 10 }, (_, g) => (g + 1) ** (power - 1));
    const total = distribution.reduce((a, b) => a + b);
    // The second pair's, over what the first one has taken.
    const second = distribution.map((p, g) =>
      distribution.reduce(
        (sum, q, taken) => taken === g ? sum : sum + q / total * p / (total - q),
        0,
      )
    );
    const sequences = draw(shape, 6000, 3);
    const placeOf = ({ symbols, target }: Sequence, pair: number) => {
      const query = symbols.findIndex((s, t) => target[t] !== UNASKED && s === symbols[2 * pair]);
      return (query - 4) / 2;
    };
    assertDistribution(sequences.map((s) => placeOf(s, 0)), distribution, `first, ${power}`);
    assertDistribution(sequences.map((s) => placeOf(s, 1)), second, `second, ${power}`);
  }
});

Deno.test("keys, values and the symbols between are uniform, and values do not depend on their keys", () => {
  const shape = { ...standard, vocabulary: 26, length: 20, pairs: 3 }; // keys 1 to 12, values 13 to 25
  const sequences = draw(shape, 6000, 4);
  for (let pair = 0; pair < 3; pair++) {
    assertDistribution(sequences.map((s) => s.symbols[2 * pair] - 1), uniform(12), `key ${pair}`);
    assertDistribution(
      sequences.map((s) => s.symbols[2 * pair + 1] - 13),
      uniform(13),
      `value ${pair}`,
    );
  }
  const both = sequences.map(({ symbols: [key, value] }) => (key - 1) * 13 + value - 13);
  assertDistribution(both, uniform(12 * 13), "a key and its value");
  for (const position of [6, 7, 18, 19]) {
    const free = sequences.filter(({ target }) => target[position] === UNASKED);
    assertDistribution(
      free.map(({ symbols }) => symbols[position]),
      uniform(26),
      `position ${position}`,
    );
  }
  for (const [one, other] of [[7, 19], [6, 7], [7, 8], [18, 19]]) {
    const free = sequences.filter(({ target }) =>
      target[one] === UNASKED && target[other] === UNASKED
    );
    const halves = free.map(({ symbols }) =>
      2 * Number(symbols[one] < 13) + Number(symbols[other] < 13)
    );
    assertDistribution(halves, uniform(4), `positions ${one} and ${other}`);
  }
});

Deno.test("keys, values and places of two pairs say nothing about each other", () => {
  const shape = { vocabulary: 26, length: 20, pairs: 2, power: 1 }; // 12 keys, 13 values, 8 places
  // First sequences of many batches: later ones come from pools that are shuffled already.
  const drawn = Array.from({ length: 8000 }, (_, seed) => draw(shape, 1, seed)[0]).map(
    ({ symbols, target }) => {
      const [key, value, other] = symbols;
      const place = symbols.findIndex((s, t) => target[t] !== UNASKED && s === key) / 2 - 2;
      return { key: key - 1, value: value - 13, place, other: other - 1, next: symbols[3] - 13 };
    },
  );
  const jointly = (
    a: "key" | "value" | "place",
    b: "value" | "place" | "other" | "next",
    sizes: [number, number],
  ) => {
    const codes = drawn.map((one) => one[a] * sizes[1] + one[b]);
    assertDistribution(codes, uniform(sizes[0] * sizes[1]), `${a} and ${b}`);
  };
  jointly("key", "value", [12, 13]);
  jointly("key", "place", [12, 8]);
  jointly("value", "place", [13, 8]);
  jointly("value", "other", [13, 12]);
  jointly("place", "other", [8, 12]);
  jointly("place", "next", [8, 13]);
});

Deno.test("more sequences go on where fewer end, the same key gives the same, another one others", () => {
  const [few, many] = [3, 7].map((count) => draw(standard, count));
  assert.deepEqual(many.slice(0, 3), few);
  assert.deepEqual(draw(standard, 3), few);
  const other = draw(standard, 3, 2);
  for (let b = 0; b < 3; b++) {
    for (const part of [[0, 16], [16, 64]]) {
      assert.notDeepEqual(other[b].symbols.slice(...part), few[b].symbols.slice(...part));
    }
    assert.notDeepEqual(other[b].target, few[b].target);
  }
});
