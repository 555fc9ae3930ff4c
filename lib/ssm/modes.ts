/**
 * @file The transition in modal form: D = diag of 2x2 rotation-scaling blocks [a -b; b a], one for
 * each pair of eigenvalues a +- bi, and one last 1x1 block [a] if the dimension is odd. D times a
 * vector then costs O(n), and D P D' costs O(n^2): this is what makes filtering and simulation
 * fast.
 */
import type { Matrix } from "../linalg/matrix.ts";
import { type Key, uniforms } from "../random/random.ts";

/** Eigenvalues a +- bi of a real matrix, one pair for each 2x2 block. */
export interface Modes {
  /** State dimension n. */
  readonly size: number;
  /** Real parts a [ceil(n/2)], one for each block. */
  readonly real: Float64Array;
  /** Imaginary parts b [ceil(n/2)]; 0 in the last block of an odd dimension. */
  readonly imaginary: Float64Array;
}

/**
 * Eigenvalues in conjugate pairs, magnitudes uniform in [lambda/2, lambda], phases uniform; in an
 * odd dimension the last eigenvalue is real, of either sign. The draws do not depend on lambda:
 * systems of one key are scaled copies.
 */
export function randomModes(key: Key, size: number, lambda: number): Modes {
  const blocks = Math.ceil(size / 2);
  const draws = uniforms(key, 2 * blocks);
  const real = new Float64Array(blocks);
  const imaginary = new Float64Array(blocks);
  for (let k = 0; k < blocks; k++) {
    const magnitude = lambda * (1 + draws[2 * k]) / 2;
    const phase = 2 * Math.PI * draws[2 * k + 1];
    const isReal = 2 * k + 1 === size;
    real[k] = magnitude * (isReal ? Math.sign(phase - Math.PI) : Math.cos(phase));
    imaginary[k] = isReal ? 0 : magnitude * Math.sin(phase);
  }
  return { size, real, imaginary };
}

/** Replaces the state z [n], found in `z` from `start` on, by D z. */
export function advance({ size, real, imaginary }: Modes, z: Float64Array, start = 0): void {
  const pairs = size >> 1;
  for (let k = 0, i = start; k < pairs; k++, i += 2) {
    const u = z[i];
    const v = z[i + 1];
    z[i] = real[k] * u - imaginary[k] * v;
    z[i + 1] = imaginary[k] * u + real[k] * v;
  }
  if (size % 2 === 1) z[start + size - 1] *= real[pairs];
}

/** Replaces P [n, n] by D P D'. */
export function conjugate(modes: Modes, P: Matrix): void {
  const n = modes.size;
  for (let row = 0; row < n; row++) advance(modes, P, row * n); // P D'
  for (let row = 0; row + 1 < n; row += 2) {
    const a = modes.real[row >> 1];
    const b = modes.imaginary[row >> 1];
    for (let i = row * n, end = i + n; i < end; i++) {
      const u = P[i];
      const v = P[i + n];
      P[i] = a * u - b * v;
      P[i + n] = b * u + a * v;
    }
  }
  if (n % 2 === 1) {
    for (let i = (n - 1) * n; i < n * n; i++) P[i] *= modes.real[n >> 1];
  }
}

/**
 * Replaces each row g of G [rows, n] by g D: rows of C A^h in modal form, from those of C A^(h-1).
 */
export function advanceRows(modes: Modes, G: Matrix): void {
  const back = { ...modes, imaginary: modes.imaginary.map((b) => -b) }; // D' turns the other way
  for (let start = 0; start < G.length; start += modes.size) advance(back, G, start);
}

/** D as a dense matrix [n, n]. */
export function dense({ size: n, real, imaginary }: Modes): Matrix {
  const D = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    D[i * n + i] = real[i >> 1];
    if (i % 2 === 1) {
      D[i * n + i - 1] = imaginary[i >> 1];
      D[(i - 1) * n + i] = -imaginary[i >> 1];
    }
  }
  return D;
}

/**
 * The stationary covariance P = D P D' + V, for V [n, n] and eigenvalues inside the unit circle.
 * Doubling: after k steps P holds the first 2^k terms of sum_i D^i V D^i' (Smith 1968), and D^(2^k)
 * is again of blocks.
 */
export function stationaryCovariance(modes: Modes, V: Matrix): Matrix {
  const P = V.slice();
  let power = modes;
  for (;;) {
    const term = P.slice();
    conjugate(power, term);
    let largest = 0;
    let change = 0;
    for (let i = 0; i < P.length; i++) {
      P[i] += term[i];
      largest = Math.max(largest, Math.abs(P[i]));
      change = Math.max(change, Math.abs(term[i]));
    }
    if (!(change > 1e-17 * largest)) return P;
    const { real, imaginary } = power;
    power = {
      size: modes.size,
      real: real.map((a, k) => a * a - imaginary[k] ** 2),
      imaginary: real.map((a, k) => 2 * a * imaginary[k]),
    };
  }
}
