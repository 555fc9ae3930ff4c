/** @file Numbers of texts that are counted by hand. */
import assert from "node:assert/strict";
import {
  distinctShare,
  longestCopied,
  repeatedShare,
  seenShare,
  wholeWords,
} from "../../lib/text/likeness.ts";
import { NGrams } from "../../lib/text/ngrams.ts";

const source = [0, 1, 2, 3, 0, 1];

Deno.test("n-grams that another text has, within each text", () => {
  const grams = new NGrams(source, 5, 3);
  // 01 12 | 30 04: three of four; over the border 2, 3 would be one more.
  assert.equal(seenShare([[0, 1, 2], [3, 0, 4]], 2, grams), 3 / 4);
  assert.equal(seenShare([[0, 1, 2], [3, 0, 4]], 3, grams), 1 / 2);
  assert.equal(seenShare([[0, 1, 2, 3, 0, 1]], 3, grams), 1);
  // 1, 0 is not there although 1 and 0 are, in the other order.
  assert.equal(seenShare([[1, 0]], 2, grams), 0);
  assert.ok(Number.isNaN(seenShare([[1]], 2, grams)));
});

Deno.test("n-grams that are different, over all texts, and those that a text repeats", () => {
  const texts = [[7, 8, 7, 8], [7, 8, 9]];
  // 78 87 78 | 78 89
  assert.equal(distinctShare(texts, 2), 3 / 5);
  assert.equal(repeatedShare(texts, 2), 1 / 5);
  assert.equal(repeatedShare([[1, 1, 1, 1]], 1), 3 / 4);
  // Numbers are not digits in a row: 1, 12 is not 11, 2.
  assert.equal(distinctShare([[1, 12], [11, 2]], 2), 1);
});

Deno.test("the longest span that another text has, wherever it stands in either", () => {
  assert.equal(longestCopied([[9, 2, 3, 0, 9, 0, 1]], source), 3);
  assert.equal(longestCopied([[4], [9, 0, 1]], source), 2);
  assert.equal(longestCopied([source], source), 6);
  assert.equal(longestCopied([[5, 5]], source), 0);
  assert.equal(longestCopied([[]], source), 0);
  // It does not reach over the end of a text.
  assert.equal(longestCopied([[0, 1], [2, 3]], source), 2);
});

Deno.test("whole words: letters in a row, without those that the ends may have cut", () => {
  assert.deepEqual(wholeWords("ress, we don't dare a"), ["we", "don", "t", "dare"]);
  assert.deepEqual(wholeWords(" the Größe."), ["the", "Größe"]);
  assert.deepEqual(wholeWords("one"), []);
  assert.deepEqual(wholeWords(""), []);
});
