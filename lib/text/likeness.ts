/** @file How like a text is to others of its kind, without anybody who judges its grammar: shares that a text and its shuffled tokens differ in. */
import type { NGrams } from "./ngrams.ts";

/** Tokens of a text. */
export type Text = ArrayLike<number>;

/** The n-grams of texts, each within its text. */
function* gramsOf(texts: readonly Text[], n: number): Generator<number[]> {
  for (const text of texts) {
    for (let i = 0; i + n <= text.length; i++) {
      yield Array.from({ length: n }, (_, k) => text[i + k]);
    }
  }
}

/** Share of the n-grams for which something holds; NaN where there is none. */
function share(texts: readonly Text[], n: number, holds: (gram: number[]) => boolean): number {
  let [all, held] = [0, 0];
  for (const gram of gramsOf(texts, n)) {
    all++;
    if (holds(gram)) held++;
  }
  return held / all;
}

/** Share of the n-grams of texts that another text has. @param grams of that text, of order n at least */
export function seenShare(texts: readonly Text[], n: number, grams: NGrams): number {
  return share(texts, n, (gram) => {
    let node: number | undefined = 0;
    for (const token of gram) node = node === undefined ? undefined : grams.child(node, token);
    return node !== undefined;
  });
}

/** Share of the n-grams of texts that are different from each other. */
export function distinctShare(texts: readonly Text[], n: number): number {
  const known = new Set<string>();
  return share(texts, n, (gram) => {
    const name = gram.join(" ");
    return !known.has(name) && known.add(name) !== undefined;
  });
}

/** Share of the n-grams of texts that the same text has had before. */
export function repeatedShare(texts: readonly Text[], n: number): number {
  let [all, again] = [0, 0];
  for (const text of texts) {
    const known = new Set<string>();
    for (const gram of gramsOf([text], n)) {
      const name = gram.join(" ");
      all++;
      if (known.has(name)) again++;
      known.add(name);
    }
  }
  return again / all;
}

/**
 * Tokens of the longest span of any of the texts that stands in another text, too.
 * @param source tokens below 65,536
 */
export function longestCopied(texts: readonly Text[], source: Text): number {
  // A character a token: what looks for a string looks for a span.
  const written = (text: Text) => {
    let out = "";
    for (let i = 0; i < text.length; i++) out += String.fromCharCode(text[i]);
    return out;
  };
  const all = written(source);
  let longest = 0;
  for (const text of texts.map(written)) {
    for (let i = 0; i + longest < text.length; i++) {
      while (i + longest < text.length && all.includes(text.slice(i, i + longest + 1))) longest++;
    }
  }
  return longest;
}

/** Words of a text, as letters in a row; those that the ends of the text may have cut are left out. */
export function wholeWords(text: string): string[] {
  return text.replace(/^\p{L}+/u, "").replace(/\p{L}+$/u, "").match(/\p{L}+/gu) ?? [];
}
