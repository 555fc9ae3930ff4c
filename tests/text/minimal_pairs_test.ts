/** @file Minimal pairs out of texts whose places are counted by hand. */
import assert from "node:assert/strict";
import { keyOf } from "../../lib/random/random.ts";
import { minimalPairs, misplaced, type WordPair } from "../../lib/text/minimal_pairs.ts";

// The word "a" is 10, "an" is 11 12; 20 and above are letters that go on with a word.
const words: WordPair[] = [[[10], [11, 12]]];
const continues = (token: number) => token >= 20;
const key = keyOf(0);

Deno.test("a place is a whole word with enough on both sides", () => {
  const text = [10, 1, 2, 10, 3, 4, 11, 12, 5, 10, 21, 6, 7, 11, 12, 8];
  const pairs = minimalPairs(text, words, continues, { before: 2, after: 2, most: 9 }, key);
  // 10 at 0 has nothing before it, 10 at 9 goes on with 21, 11 12 at 13 has one token after it.
  assert.deepEqual(pairs, [
    { before: [1, 2], written: [10], other: [11, 12], after: [3, 4] },
    { before: [3, 4], written: [11, 12], other: [10], after: [5, 10] },
  ]);
  const near = minimalPairs(text, words, continues, { before: 2, after: 1, most: 9 }, key);
  // The other word has two places now, and still as many of each are taken.
  assert.equal(near.length, 2);
  // What stands after the last word may end the text.
  const end = { before: 1, after: 1, most: 9 };
  const last = minimalPairs([1, 10, 2, 3, 11, 12, 4], words, continues, end, key);
  assert.deepEqual(last.map(({ before, after }) => [...before, ...after]), [[1, 2], [3, 4]]);
  const none = minimalPairs([1, 2, 10, 3], words, continues, { before: 1, after: 1, most: 9 }, key);
  assert.deepEqual(none, []);
});

/** Place i is written 10 or 11 12 between tokens that say which it is. */
const many = Array.from({ length: 30 }, (_, i) => [100 + i, ...(i % 3 ? [10] : [11, 12]), 200 + i])
  .flat();
const extent = { before: 1, after: 1, most: 6 };
// Numbers from 100 on say where a pair is from, and are no letters.
const all = (most: number, seed = 0) =>
  minimalPairs(many, words, () => false, { ...extent, most }, keyOf(seed));

Deno.test("as many places of each word, chosen by a key among those that there are", () => {
  for (const [most, count] of [[6, 6], [99, 10]]) {
    const pairs = all(most);
    const of = (length: number) => pairs.filter(({ written }) => written.length === length);
    assert.deepEqual([of(1).length, of(2).length], [count, count]);
    for (const { before, written, other, after } of pairs) {
      assert.equal(before[0] + 100, after[0]);
      assert.deepEqual(written, (before[0] - 100) % 3 ? [10] : [11, 12]);
      assert.notDeepEqual(other, written);
    }
    assert.equal(new Set(pairs.map(({ before }) => before[0])).size, 2 * count);
  }
  assert.deepEqual(all(6), all(6));
  assert.notDeepEqual(all(6), all(6, 1));
  // Not the first ones.
  assert.ok(all(6).some(({ before }) => before[0] > 118));
});

Deno.test("misplaced: the same words, in places of pairs of the same words", () => {
  const pairs = all(6);
  const foreign = { before: [1], written: [5], other: [6], after: [2] };
  const moved = misplaced([...pairs, foreign], key);
  assert.equal(moved.length, 13);
  const names = (of: typeof pairs) => of.map(({ written }) => written.join()).sort();
  assert.deepEqual(names(moved), names([...pairs, foreign]));
  const places = (of: typeof pairs) => of.map(({ before, after }) => `${before} ${after}`).sort();
  assert.deepEqual(places(moved), places([...pairs, foreign]));
  assert.deepEqual(moved.at(-1), foreign);
  const fitting = moved.slice(0, -1).filter(({ before, written }) =>
    ((before[0] - 100) % 3 ? 1 : 2) === written.length
  );
  assert.ok(fitting.length < 12 && fitting.length > 0, `${fitting.length}`);
});
