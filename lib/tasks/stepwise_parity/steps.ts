/**
 * @file What is written down between the bits and their parity. A step that is a linear threshold of tokens that stand there already
 * can be found by adding logits; an exclusive or of two tokens cannot, and a conjunction before it makes it one that can.
 */

/** Symbols: 0 and 1 are bits, 2 and 3 say even and odd, those from 4 on belong to the steps. */
export const PARITY = 2;
const OWN = 4;

/** Steps of so many bits. */
interface Steps {
  /** Symbols from 4 on. */
  symbols(bits: number): number;
  /** What follows the bits; the last symbol is the answer. */
  chain(bits: readonly number[]): number[];
}

/** Parities of the first 1, 2, ... bits. */
const parities = (bits: readonly number[]) => {
  let odd = 0;
  return bits.map((bit) => odd ^= bit);
};

const table: Record<StepKind, Steps> = {
  /** The answer at once. */
  none: {
    symbols: () => 0,
    chain: (bits) => [PARITY + parities(bits).at(-1)!],
  },
  /** After every bit the parity so far: p_t = p_{t-1} xor x_t. */
  parity: {
    symbols: () => 0,
    chain: (bits) => parities(bits).map((odd) => PARITY + odd),
  },
  /** Before every such parity the conjunction c_t = p_{t-1} and x_t: then p_t = p_{t-1} + x_t - 2 c_t. */
  carry: {
    symbols: () => 2,
    chain: (bits) => {
      const odd = parities(bits);
      return odd.flatMap((p, t) =>
        t === 0 ? [PARITY + p] : [OWN + (odd[t - 1] & bits[t]), PARITY + p]
      );
    },
  },
  /** After every bit the number of ones so far, of which n + 1 are possible; at last whether it is odd. */
  count: {
    symbols: (bits) => bits + 1,
    chain: (bits) => {
      let ones = 0;
      const counts = bits.map((bit) => OWN + (ones += bit));
      return [...counts, PARITY + ones % 2];
    },
  },
};

/** Which steps. */
export type StepKind = "none" | "parity" | "carry" | "count";
/** All of them. */
export const stepKinds = Object.keys(table) as StepKind[];

/** What follows the bits of a sequence; the last symbol is the answer. */
export const chainOf = (kind: StepKind, bits: readonly number[]): number[] =>
  table[kind].chain(bits);

/** V of sequences of so many bits with such steps. */
export const vocabularyOf = (kind: StepKind, bits: number): number =>
  OWN + table[kind].symbols(bits);
