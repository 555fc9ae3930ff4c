/**
 * @file Sums of products as matrix products. Every axis of the index space is a batch axis (both operands vary
 * along it), a row (only the left one), a column (only the right one), or summed.
 */
import { type DType, sizeOf } from "../types.ts";
import type { TF, TfTensor } from "./backend.ts";
import {
  elementwise,
  permuted,
  raised,
  range,
  reduce,
  reshaped,
  stored,
  type Stretched,
} from "./stretched.ts";

/**
 * `sum(x * y)` over the axes `summed`.
 * @param shape the broadcast shape of `x` and `y`.
 * @returns a value of `shape` without the summed axes.
 */
export function contract(
  tf: TF,
  x: Stretched,
  y: Stretched,
  shape: readonly number[],
  summed: readonly number[],
  dtype: DType,
): Stretched {
  const gone = new Set(summed);
  let [a, b] = [x, y].map((v) => raised(tf, v, shape.length));
  const varies = (v: Stretched, i: number) => stored(v)[i] !== 1;
  // Neither operand varies along these summed axes: a plain factor.
  const factor = sizeOf(summed.filter((i) => !varies(a, i) && !varies(b, i)).map((i) => shape[i]));
  // Only one operand varies along others: it is summed first.
  const lonely = (v: Stretched, other: Stretched) => {
    const axes = summed.filter((i) => varies(v, i) && !varies(other, i));
    if (axes.length === 0) return v;
    const total = reduce(tf, v, axes, "Add");
    const small = stored(v).map((d, i) => (axes.includes(i) ? 1 : d));
    return { ...total, tensor: reshaped(tf, total.tensor, small), shape: small };
  };
  [a, b] = [lonely(a, b), lonely(b, a)];

  const axes = range(shape.length);
  const select = (inA: boolean, inB: boolean, sum: boolean) =>
    axes.filter((i) => varies(a, i) === inA && varies(b, i) === inB && gone.has(i) === sum);
  const batch = select(true, true, false);
  const rows = select(true, false, false);
  const columns = select(false, true, false);
  const inner = select(true, true, true);
  const kept = axes.filter((i) => !gone.has(i));
  const small = kept.map((i) => Math.max(stored(a)[i], stored(b)[i]));

  let tensor: TfTensor;
  const empty = sizeOf(stored(a)) === 0 || sizeOf(stored(b)) === 0;
  if (
    inner.length === 0 || (rows.length === 0 && columns.length === 0) || dtype !== "float32" ||
    empty
  ) {
    const wide = axes.map((i) => (varies(a, i) ? stored(a)[i] : stored(b)[i]));
    const product = elementwise(tf, [a, b], wide, dtype, tf.mul);
    tensor = reduce(tf, product, summed, "Add").tensor;
  } else {
    const size = (list: readonly number[]) =>
      sizeOf(list.map((i) => Math.max(stored(a)[i], stored(b)[i])));
    const [g, m, n, k] = [batch, rows, columns, inner].map(size);
    const left = operand(tf, a.tensor, [batch, rows, inner], [g, m, k]);
    const right = operand(tf, b.tensor, [batch, inner, columns], [g, k, n]);
    const product = tf.matMul(left.tensor, right.tensor, left.swapped, right.swapped);
    const placed = [...batch, ...rows, ...columns];
    const apart = reshaped(tf, product, placed.map((i) => size([i])));
    const order = range(placed.length).sort((p, q) => placed[p] - placed[q]);
    tensor = reshaped(tf, permuted(tf, apart, order), small);
  }
  if (factor !== 1) {
    tensor = tf.mul(tensor, tf.scalar(factor, dtype === "float32" ? "float32" : "int32"));
  }
  return { tensor: reshaped(tf, tensor, small), shape: kept.map((i) => shape[i]), dtype };
}

/** Lays an operand out as [batch, first, second], or as it is with the last two swapped where that moves nothing. */
function operand(
  tf: TF,
  tensor: TfTensor,
  [batch, first, second]: readonly (readonly number[])[],
  [g, p, q]: readonly number[],
): { tensor: TfTensor; swapped: boolean } {
  const sorted = (order: readonly number[]) =>
    order.every((axis, i) => i === 0 || order[i - 1] < axis);
  const straight = [...batch, ...first, ...second];
  if (!sorted(straight) && sorted([...batch, ...second, ...first])) {
    return { tensor: reshaped(tf, tensor, [g, q, p]), swapped: true };
  }
  return { tensor: reshaped(tf, permuted(tf, tensor, straight), [g, p, q]), swapped: false };
}
