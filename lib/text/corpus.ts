/**
 * @file Documents as tokens: dealt to training, validation and test document by document, so that no text is in two of them, and
 * tokenized by what was learned from the training documents alone.
 */
import type { Tensor } from "../tensor/tensor.ts";
import { tensor } from "../tensor/tensor.ts";
import { type BytePairs, trainBytePairs } from "./byte_pairs.ts";

/** The parts of a corpus. */
export const parts = ["train", "validation", "test"] as const;
/** One of them. */
export type PartName = typeof parts[number];

/** One part of a corpus. */
export interface Tokens {
  /** int32 [n], document after document: symbols, see {@linkcode Corpus}. */
  readonly ids: Tensor;
  /** int32 [documents]: where each starts. */
  readonly starts: Tensor;
  /** Of their text. */
  readonly bytes: number;
}

/** A corpus and its tokenizer. */
export interface Corpus {
  /** Learned from the training documents. */
  readonly tokenizer: BytePairs;
  /**
   * int32 [V]: the tokens that occur, ascending. They are the symbols of a model, which is not asked about the bytes that no text has.
   */
  readonly symbols: Tensor;
  /** By their names. */
  readonly parts: Readonly<Record<PartName, Tokens>>;
}

/** Every ninth document of ten is for validation, every tenth for testing. */
const rounds = 10;
const partOf = (index: number): PartName =>
  index % rounds === 8 ? "validation" : index % rounds === 9 ? "test" : "train";

/** What ends a document. */
const end = "\n\n";

/**
 * Deals and tokenizes documents.
 * @param vocabulary number of tokens, at least 256
 * @throws {RangeError} for fewer than ten documents: one part would be empty; and as {@linkcode trainBytePairs}
 */
export function corpusOf(documents: readonly string[], vocabulary: number): Corpus {
  if (documents.length < rounds) {
    throw new RangeError(
      `${documents.length} documents: expected at least ${rounds}, of which one is for testing; say what separates them`,
    );
  }
  const dealt = (part: PartName) =>
    documents.filter((_, i) => partOf(i) === part).map((text) => text.trim() + end);
  const tokenizer = trainBytePairs(dealt("train").join(""), vocabulary);
  const tokensOf = (texts: readonly string[]): Tokens => {
    const each = texts.map((text) => tokenizer.encode(text));
    const ids = tensor(0, [each.reduce((sum, { length }) => sum + length, 0)], "int32");
    const starts = tensor(0, [each.length], "int32");
    let at = 0;
    for (const [i, one] of each.entries()) {
      starts.data[i] = at;
      ids.data.set(one, at);
      at += one.length;
    }
    return { ids, starts, bytes: new TextEncoder().encode(texts.join("")).length };
  };
  const [train, validation, test] = parts.map((part) => tokensOf(dealt(part)));
  const all = [train, validation, test];
  const occurring = new Set(all.flatMap(({ ids }) => [...new Set(ids.data)]));
  const symbols = [...occurring].sort((a, b) => a - b);
  const symbolOf = new Map(symbols.map((token, symbol) => [token, symbol]));
  for (const { ids: { data } } of all) data.forEach((id, i) => data[i] = symbolOf.get(id)!);
  return {
    tokenizer,
    symbols: tensor(symbols, [symbols.length], "int32"),
    parts: { train, validation, test },
  };
}

/** The documents of a text, between separators; empty ones are none. */
export function documentsOf(text: string, separator: string): string[] {
  return text.split(separator).filter((document) => document.trim() !== "");
}
