/** @file Losses of a predictor of symbols: their mean, by position in the sequence, and by block of the test, in nats. */

/** What is told of losses. */
export interface Losses {
  /** Mean over what is asked. */
  readonly nats: number;
  /** What is asked. */
  readonly tokens: number;
  /** Means of consecutive parts of the test, for intervals. */
  readonly blocks: readonly number[];
  /** Means of positions `from` to `to`, counted from 1: a range is as long as all before it. */
  readonly positions: readonly {
    readonly from: number;
    readonly to: number;
    readonly nats: number;
  }[];
}

/** Most blocks that a test is cut into. */
const mostBlocks = 20;

/** Adds losses up. */
export class Ledger {
  readonly #length: number;
  readonly #positions: { sum: number; count: number }[];
  readonly #blocks: { sum: number; count: number }[];
  readonly #sequences: number;

  /**
   * An empty one.
   * @param sequences number of them @param length tokens in one
   */
  constructor(sequences: number, length: number) {
    this.#sequences = sequences;
    this.#length = length;
    const tallies = (count: number) => Array.from({ length: count }, () => ({ sum: 0, count: 0 }));
    this.#positions = tallies(rangeOf(length - 1) + 1);
    this.#blocks = tallies(Math.min(mostBlocks, sequences));
  }

  /** The loss of one answer. */
  add(sequence: number, position: number, nats: number) {
    const block = Math.floor(sequence * this.#blocks.length / this.#sequences);
    for (const tally of [this.#positions[rangeOf(position)], this.#blocks[block]]) {
      tally.sum += nats;
      tally.count++;
    }
  }

  /** What was added; blocks and positions of which nothing was asked are left out. */
  losses(): Losses {
    const all = this.#blocks.reduce((a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }));
    return {
      nats: all.sum / all.count,
      tokens: all.count,
      blocks: this.#blocks.filter(({ count }) => count > 0).map(({ sum, count }) => sum / count),
      positions: this.#positions.flatMap(({ sum, count }, range) => {
        const to = Math.min(2 ** range, this.#length);
        const from = range === 0 ? 1 : 2 ** (range - 1) + 1;
        return count > 0 ? [{ from, to, nats: sum / count }] : [];
      }),
    };
  }
}

/** Positions 1, 2, 3 to 4, 5 to 8, …, by numbers from 0. */
const rangeOf = (position: number) => position === 0 ? 0 : 32 - Math.clz32(position);

/**
 * Logarithms of a softmax.
 * @param logits of `out.length` classes from index `at`
 * @param out filled
 */
export function logSoftmax(logits: ArrayLike<number>, at: number, out: Float64Array): void {
  let largest = -Infinity;
  for (let v = 0; v < out.length; v++) largest = Math.max(largest, logits[at + v]);
  let sum = 0;
  for (let v = 0; v < out.length; v++) sum += Math.exp(logits[at + v] - largest);
  const total = largest + Math.log(sum);
  for (let v = 0; v < out.length; v++) out[v] = logits[at + v] - total;
}
