/**
 * @file Byte-level byte-pair encoding: a tokenizer that starts from the 256 bytes and makes one token of the pair that is most frequent,
 * again and again (Sennrich et al., arXiv 1508.07909, algorithm 1; on bytes: Radford et al. 2019, section 2.2).
 *
 * Ties go to the pair of smaller ids, so a text has one tokenizer, and that of fewer merges is the start of that of more.
 *
 * @example What is frequent becomes one token, and nothing is lost
 * ```ts
 * import assert from "node:assert/strict";
 * import { trainBytePairs } from "./byte_pairs.ts";
 *
 * const tokenizer = trainBytePairs("the cat and the dog and the bird", 262);
 * assert.equal(tokenizer.encode(" the dog").length, 5); // " the", and " dog" byte by byte
 * const bytes = Uint8Array.of(0xff, 0x20, 0xc3); // no UTF-8
 * assert.deepEqual(tokenizer.decode(tokenizer.encode(bytes)), bytes);
 * ```
 */
import { alphabet, bytesOf, writtenIn } from "./byte_alphabet.ts";
import { mergesOf, mostTokens } from "./merges.ts";
import { textOf, utf8, wordsOf } from "./words.ts";

/** Two tokens that become one, as they are written in the alphabet of bytes. */
export type Merge = readonly [left: string, right: string];

/** Tokens and merges; immutable. */
export class BytePairs {
  /** Tokens by their ids, written in the alphabet of bytes: the 256 bytes by code point, then what merges make. */
  readonly tokens: readonly string[];
  /** In the order in which they are applied. */
  readonly merges: readonly Merge[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #ranks: ReadonlyMap<string, number>;
  readonly #bytes: readonly Uint8Array[];
  readonly #known = new Map<string, readonly number[]>();

  /**
   * The tokenizer of these merges.
   * @throws {RangeError} for a merge of what is no token before it
   */
  constructor(merges: readonly Merge[]) {
    const tokens = [...alphabet];
    const ids = new Map(tokens.map((token, id) => [token, id]));
    const ranks = new Map<string, number>();
    for (const [rank, [left, right]] of merges.entries()) {
      const missing = [left, right].find((part) => !ids.has(part));
      if (missing !== undefined) {
        throw new RangeError(
          `merge ${rank}, ${JSON.stringify([left, right])}: ${
            JSON.stringify(missing)
          } is no token yet; merges must stand in the order in which they were made`,
        );
      }
      ranks.set(pairName(left, right), rank);
      // Two ways to one token are one token.
      if (!ids.has(left + right)) ids.set(left + right, tokens.push(left + right) - 1);
    }
    this.tokens = tokens;
    this.merges = merges;
    this.#ids = ids;
    this.#ranks = ranks;
    this.#bytes = tokens.map(bytesOf);
  }

  /** Ids of a text or of any bytes. */
  encode(input: string | Uint8Array): Int32Array<ArrayBuffer> {
    const text = typeof input === "string" ? input : textOf(input);
    const ids: number[] = [];
    for (const word of wordsOf(text)) {
      let known = this.#known.get(word);
      if (!known) this.#known.set(word, known = this.#encodeWord(word));
      for (const id of known) ids.push(id);
    }
    return Int32Array.from(ids);
  }

  /** The bytes of ids. @throws {RangeError} for an id that is no token's */
  decode(ids: Iterable<number>): Uint8Array<ArrayBuffer> {
    const parts = Array.from(ids, (id) => {
      const bytes = this.#bytes[id];
      if (bytes) return bytes;
      throw new RangeError(`id ${id}: expected a whole number from 0 to ${this.tokens.length - 1}`);
    });
    const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** The merge of lowest rank first, wherever it stands, until there is none. */
  #encodeWord(word: string): number[] {
    const parts = [...writtenIn(utf8(word))];
    for (;;) {
      let best = Infinity;
      let at = -1;
      for (let i = 0; i + 1 < parts.length; i++) {
        const rank = this.#ranks.get(pairName(parts[i], parts[i + 1])) ?? Infinity;
        if (rank < best) [best, at] = [rank, i];
      }
      if (at < 0) return parts.map((part) => this.#ids.get(part)!);
      parts.splice(at, 2, parts[at] + parts[at + 1]);
    }
  }
}

/**
 * A tokenizer of so many tokens, learned from a text.
 * @param vocabulary 256 to 32,768
 * @throws {RangeError} for others, and where the text has no more pairs to be merged
 */
export function trainBytePairs(text: string, vocabulary: number): BytePairs {
  const least = alphabet.length;
  if (!Number.isInteger(vocabulary) || vocabulary < least || vocabulary > mostTokens) {
    throw new RangeError(
      `vocabulary = ${vocabulary}: expected a whole number from ${least}, the number of bytes, to ${mostTokens}`,
    );
  }
  const counts = new Map<string, number>();
  for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const words = new Map([...counts].map(([word, count]) => [writtenIn(utf8(word)), count]));
  return new BytePairs(mergesOf(words, vocabulary));
}

/** No token has a space: the alphabet writes it as another character. */
const pairName = (left: string, right: string) => `${left} ${right}`;
