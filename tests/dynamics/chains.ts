/** @file Random layers and matrices, and slow sums over indices as oracles. */
import type { Chain } from "../../lib/dynamics/chain.ts";
import { type Key, keyOf, normals, split } from "../../lib/random/random.ts";

export function randomChain(seed: number, sizes: number[], spread = 0.6): Chain {
  const keys = split(keyOf(seed), sizes.length - 1);
  const layers = keys.map((key: Key, l: number) =>
    normals(key, sizes[l] * sizes[l + 1]).map((value) => spread * value)
  );
  return { sizes, layers };
}

/** a b by the definition. */
export function product(a: number[][], b: number[][]): number[][] {
  return a.map((row) =>
    b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0))
  );
}

export function rowsOf(a: Float64Array, columns: number): number[][] {
  return Array.from(
    { length: a.length / columns },
    (_, i) => [...a.subarray(i * columns, (i + 1) * columns)],
  );
}

/** The product of all layers by the definition. */
export function naiveProduct({ sizes, layers }: Chain): number[] {
  return layers.map((W, l) => rowsOf(W, sizes[l + 1])).reduce(product).flat();
}

/** Largest distance of two lists of equal length. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  return Array.from(a).reduce((max, value, i) => Math.max(max, Math.abs(value - b[i])), 0);
}
