/**
 * @file Sums of products as matrix products. jax-js's `dot` is `sum(x * y, axis = -1)` with NumPy broadcasting;
 * its gradients are dots over stretched operands. Every atom of the index space is a batch index (in both
 * operands), a row (left only), a column (right only) or summed; one MatMul computes the rest.
 */
import { type DType, sizeOf } from "../types.ts";
import { align, type Atom, elementwise, viewByOrder } from "./elementwise.ts";
import { type Model, type Ref } from "./model.ts";
import { broadcastView, layOut, reshapeRef, storedSize, type View, viewOf } from "./view.ts";

/**
 * `scale * sum(x * y)` over the axes `summed`.
 * @param shape the broadcast shape of `x` and `y`.
 * @returns a view of `shape` without the summed axes.
 */
export function contract(
  model: Model,
  x: View,
  y: View,
  shape: readonly number[],
  summed: readonly number[],
  dtype: DType,
  scale = 1,
): View {
  const isSummed = new Set(summed);
  const kept = shape.filter((_, i) => !isSummed.has(i));
  if (sizeOf(shape) === 0) {
    const nothing = viewOf(model.fill(0, model.typeOf(dtype)), dtype);
    return broadcastView(nothing, kept, [...kept.keys()]);
  }
  const { views, atoms } = align(model, [x, y], shape);
  const keptAxis = new Map(
    shape.map((_, i) => i).filter((i) => !isSummed.has(i)).map((axis, i) => [axis, i]),
  );
  const select = (inX: boolean, inY: boolean, sum: boolean) =>
    atoms.filter((a) =>
      (a.factor[0] >= 0) === inX && (a.factor[1] >= 0) === inY && isSummed.has(a.axis) === sum
    );
  const [lonelyX, lonelyY] = [select(true, false, true), select(false, true, true)];
  if (lonelyX.length > 0 || lonelyY.length > 0) {
    // Something only one operand varies over is summed: reduce that operand first.
    const axesX = [...new Set(lonelyX.map((a) => a.axis))];
    const axesY = [...new Set(lonelyY.map((a) => a.axis))];
    return contract(
      model,
      axesX.length > 0 ? sumView(model, views[0], axesX, true) : views[0],
      axesY.length > 0 ? sumView(model, views[1], axesY, true) : views[1],
      shape.map((d, i) => (axesX.includes(i) || axesY.includes(i) ? 1 : d)),
      summed,
      dtype,
      scale,
    );
  }
  const batch = select(true, true, false);
  const rows = select(true, false, false);
  const columns = select(false, true, false);
  const inner = select(true, true, true);

  // The kernel stores rows before columns: let the rows be those that come first in the result, so that it need not be moved.
  const firstAxis = (list: readonly Atom[]) => Math.min(...list.map((a) => a.axis));
  if (rows.length > 0 && firstAxis(columns) < firstAxis(rows)) {
    return contract(model, y, x, shape, summed, dtype, scale);
  }

  if (inner.length === 0 || (rows.length === 0 && columns.length === 0)) {
    let product = elementwise(
      model,
      views,
      shape,
      dtype,
      (refs, layout) => model.node("Mul", refs, layout, model.typeOf(dtype)),
    );
    product = sumView(model, product, summed, false);
    return scale === 1 ? product : scaleView(model, product, scale);
  }
  // A summed axis that both operands broadcast is a plain factor (sumView counts it by itself).
  let factor = scale;
  for (const axis of summed) {
    if (views.every((v) => v.axes[axis].parts.length === 0)) factor *= shape[axis];
  }

  // Put the larger operand's own order first, so that it is the one that need not move.
  const larger = storedSize(views[0]) >= storedSize(views[1]) ? 0 : 1;
  const sortBy = (list: Atom[], k: number) => list.sort((a, b) => a.factor[k] - b.factor[k]);
  sortBy(batch, larger);
  sortBy(inner, larger);
  sortBy(rows, 0);
  sortBy(columns, 1);
  const [b, m, n, k] = [batch, rows, columns, inner].map((l) => sizeOf(l.map((a) => a.size)));
  const left = operand(model, views[0], 0, batch, rows, inner, [b, m, k]);
  const right = operand(model, views[1], 1, batch, inner, columns, [b, k, n]);
  const lead = batch.length > 0 ? [b] : [];
  const type = model.typeOf(dtype);
  const outShape = [...lead, m, n];
  const moved = [left, right].some(({ transposed, batchInside }) => transposed || batchInside);
  const product = (!moved && factor === 1) || dtype !== "float32"
    ? multiply(model, left, right, outShape, type)
    : model.node("FusedMatMul", [left.ref, right.ref], outShape, type, {
      transA: Number(left.transposed),
      transB: Number(right.transposed),
      transBatchA: Number(left.batchInside),
      transBatchB: Number(right.batchInside),
      alpha: { float: factor },
    });
  const stored = [...batch, ...rows, ...columns];
  const remaining = atoms.filter((a) => !isSummed.has(a.axis));
  const keptAtoms = remaining.map((a) => ({ ...a, axis: keptAxis.get(a.axis)! }));
  const position = remaining.map((a) => stored.indexOf(a));
  const orderOfKept = [...position.keys()].filter((i) => position[i] >= 0)
    .sort((i, j) => position[i] - position[j]);
  const view = viewByOrder(product, dtype, kept, keptAtoms, orderOfKept);
  return dtype !== "float32" && factor !== 1 ? scaleView(model, view, factor) : view;
}

interface Operand {
  readonly ref: Ref;
  readonly transposed: boolean;
  /** Stored as [first, batch, second], or with `transposed` [second, batch, first]. */
  readonly batchInside: boolean;
}

/**
 * An operand as [batch, first, second], or as it is where the kernel can read it: with the last two swapped, and in float32 with
 * the batch between them.
 */
function operand(
  model: Model,
  view: View,
  k: number,
  batch: readonly Atom[],
  first: readonly Atom[],
  second: readonly Atom[],
  [b, rows, columns]: readonly number[],
): Operand {
  const factors = (...lists: (readonly Atom[])[]) => lists.flat().map((a) => a.factor[k]);
  const straight = factors(batch, first, second);
  const swapped = factors(batch, second, first);
  const sorted = (list: readonly number[]) => list.every((f, i) => i === 0 || list[i - 1] < f);
  const lead = batch.length > 0 ? [b] : [];
  const stored = (shape: readonly number[], transposed: boolean, batchInside: boolean) => ({
    ref: reshapeRef(model, view.ref, shape),
    transposed,
    batchInside,
  });
  if (!sorted(straight)) {
    if (sorted(swapped)) return stored([...lead, columns, rows], true, false);
    if (view.dtype === "float32" && batch.length > 0) {
      if (sorted(factors(first, batch, second))) return stored([rows, b, columns], false, true);
      if (sorted(factors(second, batch, first))) return stored([columns, b, rows], true, true);
    }
  }
  const ref = layOut(model, view, straight, [...lead, rows, columns]);
  return { ref, transposed: false, batchInside: false };
}

/** MatMul for types FusedMatMul does not know: transposes are made explicit. */
function multiply(
  model: Model,
  left: Operand,
  right: Operand,
  shape: readonly number[],
  type: Ref["type"],
): Ref {
  const straight = ({ ref, transposed }: Operand) => {
    if (!transposed) return ref;
    const rank = ref.shape.length;
    const perm = [...Array(rank - 2).keys(), rank - 1, rank - 2];
    return model.node("Transpose", [ref], perm.map((p) => ref.shape[p]), type, { perm });
  };
  return model.node("MatMul", [straight(left), straight(right)], shape, type);
}

function scaleView(model: Model, view: View, factor: number): View {
  const scalar = model.fill(factor, model.typeOf(view.dtype));
  const ref = model.node("Mul", [view.ref, scalar], view.ref.shape, view.ref.type);
  return { ...view, ref };
}

/**
 * Sum, or sum of squares, over logical axes. Axes that are broadcast multiply the result by their size.
 * @param keep leave the summed axes with size 1 instead of dropping them.
 */
export function sumView(
  model: Model,
  view: View,
  axes: readonly number[],
  keep: boolean,
  op: "ReduceSum" | "ReduceSumSquare" = "ReduceSum",
): View {
  let factor = 1;
  for (const i of axes) if (view.axes[i].parts.length === 0) factor *= view.axes[i].size;
  const everywhere = axes.every((i) => view.axes[i].parts.length === 0);
  // Nothing that is stored is summed, so nothing is squared by a reduction.
  const reduced = op === "ReduceSumSquare" && everywhere
    ? reduceView(model, square(model, view), axes, keep, "ReduceSum")
    : reduceView(model, view, axes, keep, op);
  return factor === 1 ? reduced : scaleView(model, reduced, factor);
}

function square(model: Model, view: View): View {
  return { ...view, ref: model.node("Mul", [view.ref, view.ref], view.ref.shape, view.ref.type) };
}

/** Any reduction over stored factors; broadcast axes are dropped without effect. */
export function reduceView(
  model: Model,
  view: View,
  axes: readonly number[],
  keep: boolean,
  op: "ReduceSum" | "ReduceSumSquare" | "ReduceMax" | "ReduceMin" | "ReduceProd",
): View {
  const gone = new Set(axes.flatMap((i) => view.axes[i].parts));
  const drop = new Set(axes);
  let ref = view.ref;
  if (gone.size > 0) {
    // Neighbouring factors that share a fate are one axis for the kernel.
    const shape: number[] = [];
    const summed: number[] = [];
    view.factors.forEach((size, f) => {
      if (f > 0 && gone.has(f) === gone.has(f - 1)) shape[shape.length - 1] *= size;
      else {
        if (gone.has(f)) summed.push(shape.length);
        shape.push(size);
      }
    });
    const stored = reshapeRef(model, ref, shape);
    const rest = shape.filter((_, i) => !summed.includes(i));
    const reduced = (source: Ref) =>
      model.node(op, [source, model.ints(summed)], rest, source.type, { keepdims: 0 });
    if (
      model.dialect.saturates && ref.type === "int32" && (op === "ReduceSum" || op === "ReduceProd")
    ) {
      // These two saturate in int32; in int64 they are exact up to 2^53, and the cast back wraps around.
      const wide = model.node("Cast", [stored], shape, "int64", { to: 7 });
      ref = model.node("Cast", [reduced(wide)], rest, "int32", { to: 6 });
    } else ref = reduced(stored);
  }
  const kept = view.factors.map((_, f) => f).filter((f) => !gone.has(f));
  const renumber = new Map(kept.map((f, i) => [f, i]));
  const newAxes = view.axes.flatMap((axis, i) =>
    drop.has(i)
      ? (keep ? [{ size: 1, parts: [] }] : [])
      : [{ size: axis.size, parts: axis.parts.map((p) => renumber.get(p)!) }]
  );
  return { ref, dtype: view.dtype, factors: kept.map((f) => view.factors[f]), axes: newAxes };
}
