/**
 * @file Minimal pairs out of a text: a place where one of two words stands that grammar tells apart ("is", "are"), and the same place with
 * the other. Who knows the grammar, or the rest, gives what was written the higher probability (Linzen et al., TACL 4 (2016), section 5;
 * Warstadt et al., TACL 8 (2020)).
 *
 * Of each two words as many places of the one are taken as of the other, so that whoever knows which word is frequent, and nothing else,
 * is right half of the time.
 */
import { fold, type Key, uniforms } from "../random/random.ts";

/** The tokens of two words. */
export type WordPair = readonly [readonly number[], readonly number[]];

/** A place: what stands before the word, the two words, and what stands after it. */
export interface MinimalPair {
  /** Tokens, newest last. */
  readonly before: readonly number[];
  /** Which stands there. */
  readonly written: readonly number[];
  /** Which does not. */
  readonly other: readonly number[];
  /** Tokens after the word. */
  readonly after: readonly number[];
}

/** How many tokens are taken around a word, and how many places of a word at most. */
export interface Extent {
  /** Tokens before the word. */
  readonly before: number;
  /** Tokens after it. */
  readonly after: number;
  /** Places of a word. */
  readonly most: number;
}

/**
 * The places of words in a text.
 * @param words pairs that are tried
 * @param continues whether a token goes on with the word before it
 * @param key of the choice among more places than there may be
 */
export function minimalPairs(
  text: ArrayLike<number>,
  words: readonly WordPair[],
  continues: (token: number) => boolean,
  { before, after, most }: Extent,
  key: Key,
): MinimalPair[] {
  return words.flatMap((pair, which) => {
    const places = pair.map((word, i) =>
      drawn(placesOf(text, word, continues, before, after), fold(fold(key, which), i))
    );
    const count = Math.min(most, ...places.map(({ length }) => length));
    return places.flatMap((of, i) =>
      of.slice(0, count).map((at): MinimalPair => {
        const end = at + pair[i].length;
        return {
          before: Array.from({ length: before }, (_, k) => text[at - before + k]),
          ...{ written: pair[i], other: pair[1 - i] },
          after: Array.from({ length: after }, (_, k) => text[end + k]),
        };
      })
    );
  });
}

/**
 * The same words in places of others: before and after are those of another pair, so that nothing of the place is told and a preference
 * is right half of the time.
 */
export function misplaced(pairs: readonly MinimalPair[], key: Key): MinimalPair[] {
  const groups = new Map<string, MinimalPair[]>();
  for (const pair of pairs) {
    const name = [pair.written, pair.other].map(String).sort().join("|");
    groups.set(name, [...groups.get(name) ?? [], pair]);
  }
  return [...groups.values()].flatMap((group, i) => {
    const others = drawn(group, fold(key, i));
    return group.map((pair, k) => ({
      ...{ before: others[k].before, after: others[k].after },
      ...{ written: pair.written, other: pair.other },
    }));
  });
}

/** Where a whole word stands with enough before and after it. */
function placesOf(
  text: ArrayLike<number>,
  word: readonly number[],
  continues: (token: number) => boolean,
  before: number,
  after: number,
): number[] {
  const found: number[] = [];
  for (let at = before; at + word.length + after <= text.length; at++) {
    const next = at + word.length;
    if (!word.every((token, k) => text[at + k] === token)) continue;
    if (next < text.length && continues(text[next])) continue;
    found.push(at);
  }
  return found;
}

/** All of them, in an order that a key decides (Fisher & Yates). */
function drawn<T>(all: readonly T[], key: Key): T[] {
  const order = [...all];
  uniforms(key, order.length).forEach((u, i) => {
    const other = i + Math.floor(u * (order.length - i));
    [order[i], order[other]] = [order[other], order[i]];
  });
  return order;
}
