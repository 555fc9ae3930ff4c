/** @file Gather, scatter and sorting with indices computed at run time. */
import { sizeOf } from "../types.ts";
import { nodeKernel } from "./elementwise.ts";
import type { Model, Ref } from "./model.ts";
import { materialize, reshapeRef, shapeOf, transposeView, type View, viewOf } from "./view.ts";

interface IndexParams {
  readonly axis: readonly number[];
  readonly outDim: number;
}

/**
 * One flat int64 index into the product of the indexed axes.
 * @param dims sizes of the indexed axes.
 * @returns a view of the broadcast shape of the indices.
 */
function flatIndex(model: Model, indices: readonly View[], dims: readonly number[]): View {
  const rank = Math.max(...indices.map((v) => v.axes.length));
  const shape = Array.from(
    { length: rank },
    (_, i) => Math.max(...indices.map((v) => v.axes[v.axes.length - rank + i]?.size ?? 1)),
  );
  const wide = indices.map((v): View => ({
    ...v,
    dtype: "uint32",
    ref: v.ref.type === "int64" ? v.ref : model.node("Cast", [v.ref], v.ref.shape, "int64", {
      to: 7,
    }),
  }));
  let flat: View | undefined;
  wide.forEach((index, i) => {
    if (flat) {
      const scale = viewOf(model.ints([dims[i]], []), "uint32");
      const scaled = nodeKernel(model, { op: "Mul" }, [flat, scale], shape, "uint32");
      flat = nodeKernel(model, { op: "Add" }, [scaled, index], shape, "uint32");
    } else {flat = nodeKernel(
        model,
        { op: "Add" },
        [index, viewOf(model.ints([0], []), "uint32")],
        shape,
        "uint32",
      );}
  });
  const axes = flat!.axes.map((axis, i) => ({ ...axis, size: shape[i] }));
  return { ...flat!, axes };
}

/** The indexed axes first, merged; then the others. */
function indexedFirst(model: Model, view: View, axis: readonly number[]): Ref {
  const shape = shapeOf(view);
  const rest = shape.map((_, i) => i).filter((i) => !axis.includes(i));
  const moved = materialize(model, transposeView(view, [...axis, ...rest]));
  return reshapeRef(model, moved, [
    sizeOf(axis.map((i) => shape[i])),
    ...rest.map((i) => shape[i]),
  ]);
}

/** Permutation that moves `count` leading axes to position `to` of an array of the given rank. */
function leadingTo(rank: number, count: number, to: number): number[] {
  const rest = Array.from({ length: rank - count }, (_, i) => i + count);
  rest.splice(to, 0, ...Array.from({ length: count }, (_, i) => i));
  return rest;
}

/** NumPy-style advanced indexing along `axis`; the index axes land at `outDim`. */
export function gatherView(
  model: Model,
  view: View,
  indices: readonly View[],
  { axis, outDim }: IndexParams,
): View {
  const shape = shapeOf(view);
  const index = flatIndex(model, indices, axis.map((i) => shape[i]));
  const source = indexedFirst(model, view, axis);
  const indexShape = shapeOf(index);
  const ref = model.node(
    "Gather",
    [source, materialize(model, index)],
    [...indexShape, ...source.shape.slice(1)],
    source.type,
    { axis: 0 },
  );
  const rank = ref.shape.length;
  return transposeView(viewOf(ref, view.dtype), leadingTo(rank, indexShape.length, outDim));
}

/** The transpose of {@linkcode gatherView}: adds (or writes) updates into zeros; duplicates are summed in order. */
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
    "int64",
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
