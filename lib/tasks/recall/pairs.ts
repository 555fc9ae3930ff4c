/** @file Sequences of multi-query associative recall, drawn as zoology/data/multiquery_ar.py of HazyResearch/zoology@d88d6f5 does. */
import { type Key, uniforms } from "../../random/random.ts";
import { emptySequences, type Sequences } from "../symbols.ts";

/** What sequences are drawn from. */
export interface Shape {
  /** Symbols; those of the lower half without 0 are keys, those of the upper half values. */
  readonly vocabulary: number;
  /** Symbols in a sequence, even. */
  readonly length: number;
  /** Pairs of a key and a value in a sequence, each asked for once. */
  readonly pairs: number;
  /** Exponent of the distribution of the queries' places. */
  readonly power: number;
}

/** How many symbols are values. */
export const valuesOf = ({ vocabulary }: Shape): number => vocabulary - Math.floor(vocabulary / 2);

/**
 * Sequences of `pairs` keys, each followed by its value, keys and values without repetition; then at every second position the place
 * of a query, or nothing. Place g = 1, 2, … after the pairs is taken with a probability proportional to g^(power - 1), pair by pair
 * among the places that are left. Whatever is free is filled with uniform symbols, which may be keys: nothing is asked there.
 */
export function drawPairs(shape: Shape, key: Key, count: number): Sequences {
  const { vocabulary, length, pairs, power } = shape;
  const values = valuesOf(shape);
  const first = vocabulary - values; // the first value
  const context = 2 * pairs;
  const places = (length - context) / 2;
  const law = Float64Array.from({ length: places }, (_, g) => (g + 1) ** (power - 1));
  const keyPool = Int32Array.from({ length: first - 1 }, (_, i) => i + 1);
  const valuePool = Int32Array.from({ length: values }, (_, i) => first + i);
  const { x, target } = emptySequences(count, length);
  const each = places + 3 * pairs;
  const drawn = uniforms(key, count * each);
  for (let b = 0; b < count; b++) {
    const start = b * length;
    let next = b * each;
    for (let t = context; t < length; t += 2) {
      // Two symbols of one number, which has 52 bits.
      const two = Math.floor(drawn[next++] * vocabulary ** 2);
      x.data[start + t] = Math.floor(two / vocabulary);
      x.data[start + t + 1] = two % vocabulary;
    }
    const free = law.slice();
    let mass = free.reduce((sum, weight) => sum + weight, 0);
    for (let pair = 0; pair < pairs; pair++) {
      const symbol = pick(keyPool, pair, drawn[next++]);
      const value = pick(valuePool, pair, drawn[next++]);
      const place = indexAt(free, drawn[next++] * mass);
      mass -= free[place];
      free[place] = 0;
      x.data[start + 2 * pair] = symbol;
      x.data[start + 2 * pair + 1] = value;
      const query = start + context + 2 * place;
      x.data[query] = symbol;
      target.data[query] = value;
    }
  }
  return { x, target };
}

/**
 * Number `taken` of a draw without repetition: one of those that were not taken yet changes places with it (Fisher & Yates). The pool
 * may be in any order before.
 */
function pick(pool: Int32Array, taken: number, u: number): number {
  const at = taken + Math.floor(u * (pool.length - taken));
  [pool[taken], pool[at]] = [pool[at], pool[taken]];
  return pool[taken];
}

/** The index at which the sum of the weights passes `level`; the last one with a weight where rounding leaves it short. */
function indexAt(weights: Float64Array, level: number): number {
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    last = i;
    level -= weights[i];
    if (level < 0) break;
  }
  return last;
}
