/** @file The merges of byte-pair encoding, found from words and how often each occurs. */
import { alphabet } from "./byte_alphabet.ts";

/** Tokens that there can be: a pair of ids is then one small integer, which maps find several times sooner. */
export const mostTokens = 2 ** 15;

/** A word as ids of tokens. */
interface Word {
  ids: number[];
  readonly count: number;
}

/**
 * The pairs that become tokens, most frequent first; ties go to the smaller left id, then to the smaller right one.
 * @param words in the alphabet of bytes, with their counts
 * @param vocabulary number of tokens that there are to be in the end
 * @throws {RangeError} where the words have no more pairs
 */
export function mergesOf(
  words: ReadonlyMap<string, number>,
  vocabulary: number,
): [left: string, right: string][] {
  const tokens = [...alphabet];
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const all = [...words].map(([word, count]): Word => ({
    ids: Array.from(word, (character) => idOf.get(character)!),
    count,
  }));
  const counts = new Map<number, number>();
  const places = new Map<number, Set<Word>>();
  const count = (word: Word, sign: number) => {
    for (let i = 0; i + 1 < word.ids.length; i++) {
      const pair = word.ids[i] * mostTokens + word.ids[i + 1];
      const total = (counts.get(pair) ?? 0) + sign * word.count;
      if (total > 0) counts.set(pair, total);
      else counts.delete(pair);
      const known = places.get(pair);
      if (known) known.add(word);
      else places.set(pair, new Set([word]));
    }
  };
  for (const word of all) count(word, 1);
  const merges: [string, string][] = [];
  while (tokens.length < vocabulary) {
    let [best, most] = [-1, 0];
    for (const [pair, n] of counts) {
      if (n > most || n === most && pair < best) [best, most] = [pair, n];
    }
    if (best < 0) {
      throw new RangeError(
        `vocabulary = ${vocabulary}: the text has pairs for ${tokens.length} tokens only; take a longer text or a smaller vocabulary`,
      );
    }
    const [left, right] = [Math.floor(best / mostTokens), best % mostTokens];
    const token = tokens[left] + tokens[right];
    merges.push([tokens[left], tokens[right]]);
    // Two ways to one token are one token.
    const id = idOf.get(token) ?? tokens.push(token) - 1;
    idOf.set(token, id);
    for (const word of places.get(best)!) {
      count(word, -1);
      word.ids = merged(word.ids, left, right, id);
      count(word, 1);
    }
    places.delete(best);
  }
  return merges;
}

/** From left to right, so that of three equal ids the first two are merged. */
function merged(ids: readonly number[], left: number, right: number, id: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    const both = ids[i] === left && ids[i + 1] === right;
    out.push(both ? id : ids[i]);
    if (both) i++;
  }
  return out;
}
