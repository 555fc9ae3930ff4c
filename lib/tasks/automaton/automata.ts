/**
 * @file The automata of the literature on state tracking, as data: groups by their generators, and tables. Those of the Chomsky
 * hierarchy are Delétang et al.'s (arXiv 2207.02098); word problems of groups Merrill et al.'s (arXiv 2404.08819); S5 by
 * swaps only Grazzi et al.'s (arXiv 2411.12537).
 */
import { UNASKED } from "../symbols.ts";
import { type Automaton, groupOf, type Permutation, wordProblem } from "./table.ts";

/** Sizes that some automata have. */
export interface Sizes {
  /** Of counting: how many values there are. */
  readonly modulus: number;
  /** Of brackets. */
  readonly kinds: number;
  /** How many brackets are open at most. */
  readonly depth: number;
}

/** One automaton, and the sizes that it has. */
export interface Made {
  /** Their names. */
  readonly sizes: readonly (keyof Sizes)[];
  /** Its table at these sizes, of which it reads its own. */
  make(sizes: Sizes): Automaton;
}

/** One thing after the other, the last one to the first place. */
const cycle = (n: number): Permutation => Array.from({ length: n }, (_, i) => (i + 1) % n);
/** Two of n things change places. */
const swap = (n: number, i: number, j: number): Permutation =>
  Array.from({ length: n }, (_, k) => k === i ? j : k === j ? i : k);
const identity = (n: number) => Array.from({ length: n }, (_, i) => i);

const group = (...generators: Permutation[]): Made => ({
  sizes: [],
  make: () => wordProblem(groupOf(generators)),
});
/** Words of the symmetric group of which every symbol is the identity or a swap. */
const bySwaps = (n: number): Made => {
  const swaps = identity(n).flatMap((i) => identity(i).map((j) => swap(n, i, j)));
  return {
    sizes: [],
    make: () => wordProblem(groupOf(swaps), [identity(n), ...swaps]),
  };
};
/** Steps on a circle. @param steps how far each symbol goes. */
const circle = (steps: (modulus: number) => number[]): Made => ({
  sizes: ["modulus"],
  make: ({ modulus: m }) => ({
    next: identity(m).map((state) => steps(m).map((step) => (state + step + m) % m)),
  }),
});

/** By their names. */
export const automata = {
  /** A one changes between two states. */
  parity: group([1, 0]),
  /** Whether the first symbol is the last: an even number of places at which neighbours differ. States: none yet, then first and last. */
  even_pairs: {
    sizes: [],
    make: () => ({
      next: [[1, 4], [1, 2], [1, 2], [3, 4], [3, 4]],
      outputs: [UNASKED, 1, 0, 0, 1],
    }),
  },
  /** Stay, one step on, one step back. */
  cycle_navigation: circle(() => [0, 1, -1]),
  /** Numbers are added. */
  sum: circle(identity),
  /** Something is counted now and then. */
  counter: circle(() => [0, 1]),
  modular_arithmetic: {
    sizes: ["modulus"],
    make: ({ modulus }) => arithmetic(modulus),
  },
  s3: group(cycle(3), swap(3, 0, 1)),
  s4: group(cycle(4), swap(4, 0, 1)),
  a5: group([1, 2, 0, 3, 4], cycle(5)),
  s5: group(cycle(5), swap(5, 0, 1)),
  /** At most two things change places: the identity and three swaps, or ten. */
  s3_swaps: bySwaps(3),
  s5_swaps: bySwaps(5),
  dyck: { sizes: ["kinds", "depth"], make: brackets },
} satisfies Record<string, Made>;

/** One of them. */
export type AutomatonName = keyof typeof automata;

/**
 * Expressions of numbers modulo m with +, - and *, which binds more tightly, without brackets; symbols m, m + 1 and m + 2. After every number
 * the value of the expression so far is asked for. A state is what is added up already and the product that is not finished; and the
 * operator that was read last, which of + and - is part of the new product's sign.
 */
function arithmetic(m: number): Automaton {
  const [plus, minus, times] = [0, m, 2 * m];
  // Before a number: the sum with the sign of the next product, or the sum and the product that the next number goes into.
  const before = (sum: number, negative: boolean) => sum + (negative ? minus : plus);
  const within = (sum: number, product: number) => times + sum * m + product;
  const open = times + m * m;
  const after = (sum: number, product: number) => open + sum * m + product;
  const pairs = identity(m * m).map((i) => [Math.floor(i / m), i % m]);
  const none = Array<undefined>(3).fill(undefined);
  const digits = (of: (digit: number) => number) => [
    ...identity(m).map((digit) => of(digit)),
    ...none,
  ];
  const mod = (n: number) => ((n % m) + m) % m;
  return {
    next: [
      ...identity(m).map((sum) => digits((digit) => after(sum, digit))),
      ...identity(m).map((sum) => digits((digit) => after(sum, mod(-digit)))),
      ...pairs.map(([sum, product]) => digits((digit) => after(sum, mod(product * digit)))),
      ...pairs.map(([sum, product]) => [
        ...Array<undefined>(m).fill(undefined),
        before(mod(sum + product), false),
        before(mod(sum + product), true),
        within(sum, product),
      ]),
    ],
    outputs: [
      ...Array(open).fill(UNASKED),
      ...pairs.map(([sum, product]) => mod(sum + product)),
    ],
  };
}

/**
 * Brackets of some kinds, at most so many open at a time; symbols are the opening ones, then the closing ones. Asked for is the kind
 * that may be closed next, or `kinds` where none is open. States are the stacks, shorter ones first: a stack is a number in base
 * `kinds` behind all shorter ones, its top the last digit.
 */
function brackets({ kinds, depth }: Sizes): Automaton {
  const next: (number | undefined)[][] = [];
  const outputs: number[] = [];
  let first = 0;
  for (let height = 0; height <= depth; height++) {
    const count = kinds ** height;
    for (let stack = 0; stack < count; stack++) {
      const top = height === 0 ? kinds : stack % kinds;
      const below = first - kinds ** (height - 1) + Math.floor(stack / kinds);
      next.push([
        ...identity(kinds).map((kind) =>
          height < depth ? first + count + stack * kinds + kind : undefined
        ),
        ...identity(kinds).map((kind) => kind === top ? below : undefined),
      ]);
      outputs.push(top);
    }
    first += count;
  }
  return { next, outputs };
}
