/** @file Gather, scatter and sorting with indices computed at run time. */
import type { IndexParams } from "../graph.ts";
import { sizeOf } from "../types.ts";
import { elementwise } from "./elementwise.ts";
import { type Model, type Ref, typeCodes } from "./model.ts";
import { materialize, reshapeRef, shapeOf, transposeView, type View, viewOf } from "./view.ts";

/** The indices as views of their common shape, in the type of indices. */
function wideIndices(model: Model, indices: readonly View[]): { wide: View[]; shape: number[] } {
  const rank = Math.max(...indices.map((v) => v.axes.length));
  const shape = Array.from(
    { length: rank },
    (_, i) => Math.max(...indices.map((v) => v.axes[v.axes.length - rank + i]?.size ?? 1)),
  );
  const wide = indices.map((view): View => {
    const ref = model.asIndices(view.ref);
    const missing = Array.from({ length: rank - view.axes.length }, () => ({ size: 1, parts: [] }));
    const axes = [...missing, ...view.axes].map((axis, i) => ({ ...axis, size: shape[i] }));
    return { ...view, ref, dtype: "uint32", axes };
  });
  return { wide, shape };
}

/**
 * One flat index into the product of the indexed axes.
 * @param dims sizes of the indexed axes.
 * @returns a view of the broadcast shape of the indices.
 */
function flatIndex(model: Model, indices: readonly View[], dims: readonly number[]): View {
  const { wide, shape } = wideIndices(model, indices);
  if (wide.length === 1) return wide[0];
  const kernel = (op: string, ...operands: View[]) =>
    elementwise(
      model,
      operands,
      shape,
      "uint32",
      (refs, layout) => model.node(op, refs, layout, model.dialect.indexType),
    );
  const literal = (value: number) => viewOf(model.indices([value], []), "uint32");
  // A remainder has the sign of the divisor, so negative indices count from the end of their own axis.
  return wide.map((index, i) => kernel("Mod", index, literal(dims[i])))
    .reduce((flat, index, i) => kernel("Add", kernel("Mul", flat, literal(dims[i])), index));
}

/** Permutation that moves `count` leading axes to position `to` of an array of the given rank. */
function leadingTo(rank: number, count: number, to: number): number[] {
  const rest = Array.from({ length: rank - count }, (_, i) => i + count);
  rest.splice(to, 0, ...Array.from({ length: count }, (_, i) => i));
  return rest;
}

/**
 * NumPy-style advanced indexing along `axis`; the index axes land at `outDim`. Negative indices count from the
 * end. One that is out of range stops the run with an error, where jax-js would silently read element 0 (and it
 * takes negative ones for out of range).
 */
export function gatherView(
  model: Model,
  view: View,
  indices: readonly View[],
  { axis, outDim }: IndexParams,
): View {
  const { wide, shape: indexShape } = wideIndices(model, indices);
  const viewShape = shapeOf(view);
  const rest = viewShape.map((_, i) => i).filter((i) => !axis.includes(i));
  const source = materialize(model, transposeView(view, [...axis, ...rest]));
  const shape = [...indexShape, ...rest.map((i) => viewShape[i])];
  const ref = wide.length === 1
    ? model.node("Gather", [source, materialize(model, wide[0])], shape, source.type, { axis: 0 })
    : model.node("GatherND", [source, tuples(model, wide, indexShape)], shape, source.type);
  return transposeView(viewOf(ref, view.dtype), leadingTo(shape.length, indexShape.length, outDim));
}

/** Index tuples along a new last axis, int64 as GatherND demands. */
function tuples(model: Model, wide: readonly View[], shape: readonly number[]): Ref {
  const columns = wide.map((v) => reshapeRef(model, materialize(model, v), [...shape, 1]));
  const attributes = { axis: shape.length };
  const { indexType } = model.dialect;
  const list = model.node("Concat", columns, [...shape, wide.length], indexType, attributes);
  return indexType === "int64"
    ? list
    : model.node("Cast", [list], list.shape, "int64", { to: typeCodes.int64 });
}

/**
 * The transpose of {@linkcode gatherView}: adds (or writes) updates into zeros; duplicates are summed in order.
 * Its indices are those of a gather, which has checked them.
 */
export function scatterView(
  model: Model,
  updates: View,
  indices: readonly View[],
  { axis, outDim, shape, op }: IndexParams & { shape: readonly number[]; op: string },
): View {
  const index = flatIndex(model, indices, axis.map((i) => shape[i]));
  const indexShape = shapeOf(index);
  const count = sizeOf(indexShape);
  const rest = shape.map((_, i) => i).filter((i) => !axis.includes(i));
  const restSize = sizeOf(rest.map((i) => shape[i]));
  const back = leadingTo(updates.axes.length, indexShape.length, outDim);
  const forward = back.map((_, i) => back.indexOf(i));
  const flatUpdates = reshapeRef(model, materialize(model, transposeView(updates, forward)), [
    count,
    restSize,
  ]);
  const rows = reshapeRef(model, materialize(model, index), [count, 1]);
  const wide = model.node(
    "Expand",
    [rows, model.ints([count, restSize])],
    [count, restSize],
    model.dialect.indexType,
  );
  const size = sizeOf(axis.map((i) => shape[i]));
  const target = [size, restSize];
  const zeros = model.node(
    "Expand",
    [model.fill(0, flatUpdates.type), model.ints(target)],
    target,
    flatUpdates.type,
  );
  // ScatterElements adds duplicates one after the other; ScatterND may race.
  const ref = model.node("ScatterElements", [zeros, wide, flatUpdates], target, flatUpdates.type, {
    axis: 0,
    ...(op === "add" ? { reduction: "add" } : {}),
  });
  const order = [...axis, ...rest];
  const full = viewOf(reshapeRef(model, ref, order.map((i) => shape[i])), updates.dtype);
  return transposeView(full, shape.map((_, i) => order.indexOf(i)));
}

/** Ascending along the last axis, with the stable permutation. NaN sorts last, as in NumPy. */
export function sortView(model: Model, view: View): [View, View] {
  const source = materialize(model, view);
  const { shape } = source;
  const n = shape.at(-1)!;
  const float = source.type === "float32" || source.type === "float64";
  const outs = (type: Ref["type"]) => [{ shape, type }, { shape, type: "int64" as const }];
  const attributes = { axis: shape.length - 1, largest: 0, sorted: 1 };
  if (!float) {
    const [values, order] = model.nodeMany(
      "TopK",
      [source, model.ints([n])],
      outs(source.type),
      attributes,
    );
    return [viewOf(values, view.dtype), viewOf(toInt32(model, order), "int32")];
  }
  // TopK leaves the place of NaN open: sort by a key in which NaN is the largest.
  const isNaN = model.node("IsNaN", [source], shape, "bool");
  const infinity = model.fill(Infinity, source.type);
  const key = model.node("Where", [isNaN, infinity, source], shape, source.type);
  const [, first] = model.nodeMany("TopK", [key, model.ints([n])], outs(source.type), attributes);
  const flags = model.node("Cast", [isNaN], shape, "int32", { to: 6 });
  // Infinities and NaN tie in the key; a second stable sort by the flag puts NaN behind them.
  const flagsSorted = model.node("GatherElements", [flags, first], shape, "int32", {
    axis: shape.length - 1,
  });
  const [, second] = model.nodeMany(
    "TopK",
    [flagsSorted, model.ints([n])],
    outs("int32"),
    attributes,
  );
  const order = model.node("GatherElements", [first, second], shape, "int64", {
    axis: shape.length - 1,
  });
  const values = model.node("GatherElements", [source, order], shape, source.type, {
    axis: shape.length - 1,
  });
  return [viewOf(values, view.dtype), viewOf(toInt32(model, order), "int32")];
}

function toInt32(model: Model, ref: Ref): Ref {
  return model.node("Cast", [ref], ref.shape, "int32", { to: 6 });
}
