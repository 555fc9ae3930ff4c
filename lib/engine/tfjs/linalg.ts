/** @file Linear algebra composed of matrix products: triangular solves, Fourier transforms. */
import type { Tensor3D } from "@tensorflow/tfjs-core";
import { sizeOf } from "../types.ts";
import type { TF } from "./backend.ts";
import { materialize, reshaped, type Stretched, whole } from "./stretched.ts";

/** Discrete Fourier transform along the last axis as real matrix products; the inverse divides by n. */
export function fourier(tf: TF, real: Stretched, imag: Stretched, inverse: boolean): Stretched[] {
  const { shape } = real;
  const n = shape.at(-1)!;
  const [cos, sin] = [Math.cos, Math.sin].map((f) => {
    // The angle is reduced modulo n first: cos(2 pi j k / n) loses digits for large j k otherwise.
    const data = Float32Array.from({ length: n * n }, (_, i) => {
      const angle = (2 * Math.PI * ((Math.floor(i / n) * (i % n)) % n)) / n;
      return f(angle) / (inverse ? n : 1);
    });
    return tf.tensor2d(data, [n, n]);
  });
  const rows = [real, imag].map((x) => reshaped(tf, materialize(tf, x), [sizeOf(shape) / n, n]));
  const [re, im] = rows;
  const turn = inverse ? tf.sub : tf.add;
  const back = inverse ? tf.add : tf.sub;
  return [
    turn(tf.matMul(re, cos), tf.matMul(im, sin)),
    back(tf.matMul(im, cos), tf.matMul(re, sin)),
  ].map((y) => whole(reshaped(tf, y, shape), real.dtype));
}

/**
 * Solves A X' = B' for upper triangular A: X = B inv(A)'. The inverse is put together from those of halves,
 * inv([[P, U], [0, Q]]) = [[P', -P' U Q'], [0, Q']].
 * @param a [..., n, n]; the strict lower triangle is ignored.
 * @param b [..., q, n]
 */
export function triangularSolve(tf: TF, a: Stretched, b: Stretched, unit: boolean): Stretched {
  const n = a.shape.at(-1)!;
  const q = b.shape.at(-2)!;
  const batch = sizeOf(a.shape.slice(0, -2));
  const matrix = reshaped(tf, materialize(tf, a), [batch, n, n]) as Tensor3D;
  const block = (row: number, column: number, rows: number, columns: number) =>
    tf.slice(matrix, [0, row, column], [batch, rows, columns]);
  const inverse = (at: number, size: number): Tensor3D => {
    if (size === 1) {
      return unit ? tf.ones([batch, 1, 1]) : tf.reciprocal(block(at, at, 1, 1));
    }
    const half = size >> 1;
    const rest = size - half;
    const [p, r] = [inverse(at, half), inverse(at + half, rest)];
    const corner = tf.neg(tf.matMul(tf.matMul(p, block(at, at + half, half, rest)), r)) as Tensor3D;
    const zeros = tf.zeros([batch, rest, half]) as Tensor3D;
    return tf.concat([tf.concat([p, corner], 2), tf.concat([zeros, r], 2)], 1);
  };
  const right = reshaped(tf, materialize(tf, b), [batch, q, n]);
  const solution = tf.matMul(right, inverse(0, n), false, true);
  return whole(reshaped(tf, solution, b.shape), a.dtype);
}
