/** @file Linear algebra that ONNX lacks, composed of matrix products: triangular solves, Fourier transforms. */
import { sizeOf } from "../types.ts";
import { contract } from "./contraction.ts";
import { type Model, type Ref } from "./model.ts";
import { materialize, reshapeRef, shapeOf, type View, viewOf } from "./view.ts";

/**
 * Discrete Fourier transform along the last axis as two real matrix products; the inverse divides by n.
 * ONNX Runtime's DFT is slower and less exact for the lengths used here.
 */
export function fftViews(
  model: Model,
  real: View,
  imag: View,
  inverse: boolean,
): [View, View] {
  const shape = shapeOf(real);
  const n = shape.at(-1)!;
  const [cos, sin] = [Math.cos, Math.sin].map((f) => {
    const data = real.dtype === "float64" ? new Float64Array(n * n) : new Float32Array(n * n);
    // The angle is reduced modulo n first: cos(2 pi j k / n) loses digits for large j k otherwise.
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) {
        const angle = (2 * Math.PI * ((j * k) % n)) / n;
        data[j * n + k] = f(angle) / (inverse ? n : 1);
      }
    }
    return viewOf(model.constant({ dtype: real.dtype, shape: [n, n], data }), real.dtype);
  });
  const sign = inverse ? 1 : -1;
  const times = (x: View, matrix: View, scale: number) => {
    const wide = { ...x, axes: x.axes.toSpliced(-1, 0, { size: n, parts: [] }) };
    return contract(model, wide, matrix, [...shape, n], [shape.length], real.dtype, scale);
  };
  const combine = (a: View, b: View) =>
    viewOf(
      model.node(
        "Add",
        [materialize(model, a), materialize(model, b)],
        shape,
        model.typeOf(real.dtype),
      ),
      real.dtype,
    );
  return [
    combine(times(real, cos, 1), times(imag, sin, -sign)),
    combine(times(imag, cos, 1), times(real, sin, sign)),
  ];
}

/**
 * Solves A X' = B' for upper triangular A: X = B inv(A)'. The inverse grows from the 1 x 1 diagonal blocks
 * by doubling, inv([[P, U], [0, Q]]) = [[P', -P' U Q'], [0, Q']], so n needs log2(n) batched products.
 * @param a [..., n, n]; the strict lower triangle is ignored.
 * @param b [..., q, n]
 */
export function triangularSolve(
  model: Model,
  a: View,
  b: View,
  unitDiagonal: boolean,
): View {
  const shape = shapeOf(a);
  const n = shape.at(-1)!;
  const lead = shape.slice(0, -2);
  const batch = sizeOf(lead);
  const type = model.typeOf(a.dtype);
  let size = 1;
  while (size < n) size *= 2;
  const pad = size - n;
  // Pad to a power of two with the identity.
  let matrix = reshapeRef(model, materialize(model, a), [batch, n, n]);
  if (pad > 0) {
    const wide = model.node(
      "Pad",
      [matrix, model.ints([0, 0, 0, 0, pad, pad])],
      [batch, size, size],
      type,
    );
    const eye = new Float64Array(size * size);
    for (let i = n; i < size; i++) eye[i * size + i] = 1;
    const identity = a.dtype === "float64" ? eye : Float32Array.from(eye);
    const constant = model.constant({ dtype: a.dtype, shape: [size, size], data: identity });
    matrix = model.node("Add", [wide, constant], wide.shape, type);
  }
  const flat = reshapeRef(model, matrix, [batch, size * size]);
  const diagonalIndices = model.ints(Array.from({ length: size }, (_, i) => i * size + i));
  const diagonal = model.node("Gather", [flat, diagonalIndices], [batch, size], type, { axis: 1 });
  let inverse = unitDiagonal
    ? model.fill(1, type, [batch, size, 1, 1])
    : reshapeRef(model, model.node("Reciprocal", [diagonal], [batch, size], type), [
      batch,
      size,
      1,
      1,
    ]);
  for (let s = 1; s < size; s *= 2) {
    const pairs = size / s / 2;
    const upper: number[] = [];
    for (let p = 0; p < pairs; p++) {
      for (let i = 0; i < s; i++) {
        for (let j = 0; j < s; j++) upper.push((2 * s * p + i) * size + 2 * s * p + s + j);
      }
    }
    const block = [batch, pairs, s, s];
    const corner = model.node("Gather", [flat, model.ints(upper, [pairs, s, s])], block, type, {
      axis: 1,
    });
    const both = reshapeRef(model, inverse, [batch, pairs, 2, s, s]);
    const pick = (k: number) =>
      model.node("Gather", [both, model.ints([k], [])], block, type, { axis: 2 });
    const [p, q] = [pick(0), pick(1)];
    const product = model.node(
      "MatMul",
      [model.node("MatMul", [p, corner], block, type), q],
      block,
      type,
    );
    const minus = model.node("Neg", [product], block, type);
    const zeros = model.fill(0, type, block);
    const wide = [batch, pairs, s, 2 * s];
    const rows: Ref[] = [[p, minus], [zeros, q]].map((row) =>
      model.node("Concat", row, wide, type, { axis: 3 })
    );
    inverse = model.node("Concat", rows, [batch, pairs, 2 * s, 2 * s], type, { axis: 2 });
  }
  let result = reshapeRef(model, inverse, [batch, size, size]);
  if (pad > 0) {
    result = model.node(
      "Slice",
      [result, model.ints([0, 0]), model.ints([n, n]), model.ints([1, 2])],
      [batch, n, n],
      type,
    );
  }
  const inverted = viewOf(reshapeRef(model, result, [...lead, n, n]), a.dtype);
  const shapeB = shapeOf(b);
  const q = shapeB.at(-2)!;
  // X[p, i] = sum_j B[p, j] inv(A)[i, j]
  const left = { ...b, axes: b.axes.toSpliced(-1, 0, { size: n, parts: [] }) };
  const right = { ...inverted, axes: inverted.axes.toSpliced(-2, 0, { size: q, parts: [] }) };
  const full = [...lead, q, n, n];
  return contract(model, left, right, full, [full.length - 1], a.dtype);
}
