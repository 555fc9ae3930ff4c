/** @file Derivatives of linear algebra: triangular systems and the Fourier transform. */
import type { Value } from "../graph.ts";
import type { Ops } from "./ops.ts";
import type { Cotangents, DerivativeRule } from "./rule.ts";

const matrixTranspose = (ops: Ops, x: Value) => {
  const perm = [...x.shape.keys()];
  const n = perm.length;
  return ops.transpose(x, [...perm.slice(0, n - 2), n - 1, n - 2]);
};

/** 1 on and above the diagonal `offset`, else 0. */
function upperTriangle(ops: Ops, like: Value, offset: number): Value {
  const size = like.shape.at(-1)!;
  const data = Float32Array.from(
    { length: size * size },
    (_, k) => Number(k % size - Math.floor(k / size) >= offset),
  );
  const mask = ops.graph.constant({ dtype: "float32", shape: [size, size], data });
  return ops.cast(mask, like.dtype);
}

/**
 * X of X A' = B with A upper triangular and rows of X and B the systems. With the cotangent G of X, that of B solves with the
 * transposed matrix, B' A = G, and that of A is -(B')' X on its triangle (Giles 2008, section 2.3.1).
 */

/** Solved with the transpose. */
export const triangular_solve: DerivativeRule = (
  { ops, inputs: [a], outs: [x], cotangents: [ct], params, wanted },
): Cotangents => {
  const { unitDiagonal } = params;
  const rank = a.shape.length;
  const both = [rank - 2, rank - 1];
  // The solver knows upper triangles; turned around, the transposed matrix is one.
  const turned = ops.flip(matrixTranspose(ops, a), both);
  const solved = ops.emit(
    "triangular_solve",
    [turned, ops.flip(ct!, [rank - 1])],
    { unitDiagonal },
    x.shape,
  );
  const b = ops.flip(solved, [rank - 1]);
  if (!wanted[0]) return [undefined, b];
  // sum over systems q of b[q, i] x[q, j]
  const [rows, columns] = [[...b.shape, 1], b.shape.toSpliced(-1, 0, 1)];
  const outer = ops.contract(ops.reshape(b, rows), ops.reshape(x, columns), [rank - 2]);
  const mask = upperTriangle(ops, a, unitDiagonal ? 1 : 0);
  return [ops.neg(ops.mul(outer, mask)), wanted[1] ? b : undefined];
};
/** The adjoint of a transform is the other one, up to the 1/n that the inverse carries. */
/** The other transform. */
export const fft: DerivativeRule = (
  { ops, inputs: [real], cotangents: [re, im], params, wanted },
): Cotangents => {
  const { factors, inverse } = params;
  const outs = [real, real].map(({ shape, dtype }) => ({ shape, dtype }));
  const back = ops.graph.emitMany(
    "fft",
    [re ?? ops.zeros(real), im ?? ops.zeros(real)],
    { factors, inverse: !inverse },
    outs,
  );
  const n = real.shape.at(-1)!;
  return back.map((v, i) => wanted[i] ? ops.times(v, inverse ? 1 / n : n) : undefined);
};
