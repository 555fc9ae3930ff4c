/** @file Tokens of a corpus as sequences of one length, in either of two layouts. */
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { emptySequences, type Sequences } from "../symbols.ts";

/**
 * `packed`: document after document, cut wherever a sequence is full. `aligned`: one sequence for each document, from its start, so that
 * a position of the sequence is one of the document; what is left of short ones asks nothing.
 */
export const layouts = ["packed", "aligned"] as const;
/** One of them. */
export type Layout = typeof layouts[number];

/** Tokens of a part of a corpus, as stage tokenize leaves them. */
export interface Part {
  /** int32 [n] */
  readonly ids: Tensor;
  /** int32 [documents] */
  readonly starts: Tensor;
}

/**
 * Sequences of so many tokens, each with the next one as its target.
 * @throws {RangeError} where there are too few tokens for one
 */
export function sequencesIn({ ids, starts }: Part, length: number, layout: Layout): Sequences {
  const { data } = ids;
  if (layout === "packed") {
    const count = Math.floor((data.length - 1) / length);
    if (count < 1) throw new RangeError(tooFew(data.length, length + 1));
    const shape = [count, length];
    return {
      x: tensor(data.slice(0, count * length), shape, "int32"),
      target: tensor(data.slice(1, count * length + 1), shape, "int32"),
    };
  }
  const ends = [...Array.from(starts.data).slice(1), data.length];
  const long = ends.map((end, i) => ({ from: starts.data[i], end }))
    .filter(({ from, end }) => end - from >= 2);
  if (long.length === 0) throw new RangeError(tooFew(data.length, 2));
  const sequences = emptySequences(long.length, length);
  for (const [i, { from, end }] of long.entries()) {
    const asked = Math.min(length, end - from - 1);
    sequences.x.data.set(data.subarray(from, from + asked), i * length);
    sequences.target.data.set(data.subarray(from + 1, from + asked + 1), i * length);
  }
  return sequences;
}

const tooFew = (there: number, needed: number) =>
  `language: ${there} tokens; a sequence needs ${needed}. Take more text, or shorter sequences`;
