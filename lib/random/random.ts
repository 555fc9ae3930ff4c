/**
 * @file Random numbers that depend on a key and a position only: the same key gives the same bits
 * on every machine, in every order of evaluation, for every batch size.
 *
 * Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1,
 * 2, 3", SC 2011), the cipher behind JAX's keys. It is written out here because a simulation needs
 * float64 normals, 67 million of them in seconds: `random.bits` of jax-js 0.1.25 (Wasm) took 70 ns a
 * 32-bit word where this takes 15 ns for 64 bits, and it has to be awaited.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fold, keyOf, normals, split } from "./random.ts";
 *
 * const [data, noise] = split(keyOf(0), 2); // independent of each other
 * assert.deepEqual(fold(keyOf(0), 1), noise);
 * assert.deepEqual(normals(data, 2), normals(data, 5).slice(0, 2)); // longer continues shorter
 * ```
 */
import { normalQuantile } from "./normal.ts";

/**
 * A 64-bit key: two unsigned 32-bit words. Never changes; derive others with {@link split} or
 * {@link fold}.
 */
export type Key = readonly [number, number];

/**
 * Counters of drawn numbers have this bit clear and those of derived keys have it set, so a key may
 * do both.
 */
const DERIVED = 0x80000000;

/**
 * The key of an integer seed.
 * @throws RangeError unless 0 <= seed <= 2^53 - 1.
 */
export function keyOf(seed: number): Key {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`Seed ${seed}: expected an integer from 0 to 2^53 - 1.`);
  }
  return [Math.floor(seed / 2 ** 32), seed >>> 0];
}

/**
 * Key number `index` (0 to 2^32 - 1) of the independent keys below `key`: `split(key, n)[i]` is
 * `fold(key, i)`.
 */
export function fold(key: Key, index: number): Key {
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** 32) {
    throw new RangeError(`Key index ${index}: expected an integer from 0 to 2^32 - 1.`);
  }
  const words = new Uint32Array(2);
  threefry2x32(key, index, DERIVED, words);
  return [words[0], words[1]];
}

/** `count` independent keys. */
export function split(key: Key, count = 2): Key[] {
  return Array.from({ length: count }, (_, index) => fold(key, index));
}

/** `count` uniform numbers of the open interval (0, 1): odd multiples of 2^-53. */
export function uniforms(key: Key, count: number): Float64Array<ArrayBuffer> {
  return fillUniforms(key, new Float64Array(count));
}

/**
 * `count` standard normal numbers by inversion of the distribution function: one uniform each, no
 * rejection.
 */
export function normals(key: Key, count: number): Float64Array<ArrayBuffer> {
  return fillNormals(key, new Float64Array(count));
}

/**
 * Overwrites `out` with standard normals; element i depends on (key, i) only, so a longer fill
 * continues a shorter.
 */
export function fillNormals<T extends Float64Array>(key: Key, out: T): T {
  fillUniforms(key, out);
  for (let i = 0; i < out.length; i++) out[i] = normalQuantile(out[i]);
  return out;
}

function fillUniforms<T extends Float64Array>(key: Key, out: T): T {
  const chunk = 1024; // 8 kB of words: stays in the first-level cache
  const words = new Uint32Array(2 * chunk);
  for (let start = 0; start < out.length; start += chunk) {
    const count = Math.min(chunk, out.length - start);
    threefry2x32(key, start, 0, count === chunk ? words : words.subarray(0, 2 * count));
    for (let i = 0; i < count; i++) {
      out[start + i] = (words[2 * i] * 2 ** 20 + (words[2 * i + 1] >>> 12) + 0.5) * 2 ** -52;
    }
  }
  return out;
}

/**
 * Fills `out` with the blocks (pairs of words) of counters (low, high), (low + 1, high), ...
 * `low` may exceed 32 bits: its upper part is added to `high`.
 */
export function threefry2x32(key: Key, low: number, high: number, out: Uint32Array): void {
  const k0 = key[0] | 0;
  const k1 = key[1] | 0;
  const k2 = k0 ^ k1 ^ 0x1bd11bda;
  for (let block = 0; 2 * block < out.length; block++) {
    const counter = low + block;
    let x = (counter + k0) | 0;
    let y = (high + Math.floor(counter / 2 ** 32) + k1) | 0;
    x = (x + y) | 0, y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0, y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0, y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0, y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + k1) | 0, y = (y + k2 + 1) | 0;
    x = (x + y) | 0, y = ((y << 17) | (y >>> 15)) ^ x;
    x = (x + y) | 0, y = ((y << 29) | (y >>> 3)) ^ x;
    x = (x + y) | 0, y = ((y << 16) | (y >>> 16)) ^ x;
    x = (x + y) | 0, y = ((y << 24) | (y >>> 8)) ^ x;
    x = (x + k2) | 0, y = (y + k0 + 2) | 0;
    x = (x + y) | 0, y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0, y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0, y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0, y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + k0) | 0, y = (y + k1 + 3) | 0;
    x = (x + y) | 0, y = ((y << 17) | (y >>> 15)) ^ x;
    x = (x + y) | 0, y = ((y << 29) | (y >>> 3)) ^ x;
    x = (x + y) | 0, y = ((y << 16) | (y >>> 16)) ^ x;
    x = (x + y) | 0, y = ((y << 24) | (y >>> 8)) ^ x;
    x = (x + k1) | 0, y = (y + k2 + 4) | 0;
    x = (x + y) | 0, y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0, y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0, y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0, y = ((y << 6) | (y >>> 26)) ^ x;
    out[2 * block] = x + k2;
    out[2 * block + 1] = y + k0 + 5;
  }
}
