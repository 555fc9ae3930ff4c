/**
 * @file Kernels that move data: slices, pads, flips, splits and concatenations. A slice along an axis
 * that is one stored factor works on the stored layout; anything else is made dense first.
 */
import { sizeOf } from "../types.ts";
import type { Model, Ref } from "./model.ts";
import { dense, materialize, reshapeRef, shapeOf, type View, viewOf } from "./view.ts";

/**
 * Applies a kernel that works along stored axes.
 * @param axes logical axes it changes.
 * @param apply gets the tensor in its factor shape and the factor index of each changed axis (of those in
 *   `axes`, in order), and returns the new tensor.
 */
function alongAxes(
  model: Model,
  view: View,
  axes: readonly number[],
  apply: (ref: Ref, factorOf: (axis: number) => number) => Ref,
): View {
  const simple = axes.every((i) => view.axes[i].parts.length === 1);
  if (!simple) {
    const ref = materialize(model, view);
    return viewOf(apply(ref, (axis) => axis), view.dtype);
  }
  const stored = reshapeRef(model, view.ref, view.factors);
  const ref = apply(stored, (axis) => view.axes[axis].parts[0]);
  // A changed axis may have shrunk to 1, and factors are never 1.
  const kept = ref.shape.map((d, f) => (d === 1 ? -1 : f)).filter((f) => f >= 0);
  return {
    ref,
    dtype: view.dtype,
    factors: kept.map((f) => ref.shape[f]),
    axes: view.axes.map(({ size, parts }, i) => {
      const changed = axes.includes(i);
      return {
        size: changed ? ref.shape[parts[0]] : size,
        parts: parts.flatMap((p) => (kept.includes(p) ? [kept.indexOf(p)] : [])),
      };
    }),
  };
}

/** Elements `from` to `to` (exclusive) of every axis, given as [from, to]. */
export function shrinkView(
  model: Model,
  view: View,
  slice: readonly (readonly [number, number])[],
): View {
  const shape = shapeOf(view);
  // Slicing a broadcast axis only changes its size.
  const resized = {
    ...view,
    axes: view.axes.map((axis, i) =>
      axis.parts.length === 0 ? { size: slice[i][1] - slice[i][0], parts: [] } : axis
    ),
  };
  const axes = shape.map((_, i) => i).filter((i) =>
    view.axes[i].parts.length > 0 && (slice[i][0] !== 0 || slice[i][1] !== shape[i])
  );
  if (axes.length === 0) return resized;
  return alongAxes(model, resized, axes, (ref, factorOf) => {
    const out = ref.shape.slice();
    for (const i of axes) out[factorOf(i)] = slice[i][1] - slice[i][0];
    return model.node(
      "Slice",
      [
        ref,
        model.ints(axes.map((i) => slice[i][0])),
        model.ints(axes.map((i) => slice[i][1])),
        model.ints(axes.map(factorOf)),
      ],
      out,
      ref.type,
    );
  });
}

/** The elements along these axes from last to first. */
export function flipView(model: Model, view: View, flipped: readonly number[]): View {
  const axes = flipped.filter((i) => view.axes[i].parts.length > 0);
  if (axes.length === 0) return view;
  return alongAxes(model, view, axes, (ref, factorOf) =>
    model.node(
      "Slice",
      [
        ref,
        model.ints(axes.map(() => -1)),
        model.ints(axes.map(() => -(2 ** 31))),
        model.ints(axes.map(factorOf)),
        model.ints(axes.map(() => -1)),
      ],
      ref.shape,
      ref.type,
    ));
}

/** Pads with zeros; negative widths cut. */
export function padView(
  model: Model,
  view: View,
  width: readonly (readonly [number, number])[],
): View {
  const cut = width.map(([lo, hi], i): [number, number] => [
    Math.max(0, -lo),
    view.axes[i].size - Math.max(0, -hi),
  ]);
  const inner = shrinkView(model, view, cut);
  const grow = width.map(([lo, hi]) => [Math.max(0, lo), Math.max(0, hi)]);
  const axes = grow.map((_, i) => i).filter((i) => grow[i][0] > 0 || grow[i][1] > 0);
  if (axes.length === 0) return inner;
  return alongAxes(model, inner, axes, (ref, factorOf) => {
    const out = ref.shape.slice();
    for (const i of axes) out[factorOf(i)] += grow[i][0] + grow[i][1];
    return model.node(
      "Pad",
      [
        ref,
        model.ints([...axes.map((i) => grow[i][0]), ...axes.map((i) => grow[i][1])]),
        undefined,
        model.ints(axes.map(factorOf)),
      ],
      out,
      ref.type,
    );
  });
}

/** Pieces of these sizes along an axis, by at most one Split. */
export function splitView(
  model: Model,
  view: View,
  axis: number,
  sizes: readonly number[],
): View[] {
  if (view.axes[axis].parts.length === 0) {
    return sizes.map((size) => ({
      ...view,
      axes: view.axes.toSpliced(axis, 1, { size, parts: [] }),
    }));
  }
  const source = view.axes[axis].parts.length === 1 ? view : dense(model, view);
  const stored = reshapeRef(model, source.ref, source.factors);
  const at = source.axes[axis].parts[0];
  const outs = sizes.map((size) => ({
    shape: source.factors.toSpliced(at, 1, size),
    type: stored.type,
  }));
  const refs = model.nodeMany("Split", [stored, model.ints(sizes)], outs, { axis: at });
  return refs.map((ref, s) => {
    // Pieces of size 1 lose their factor.
    const gone = sizes[s] === 1;
    return {
      ref,
      dtype: view.dtype,
      factors: gone ? source.factors.toSpliced(at, 1) : source.factors.toSpliced(at, 1, sizes[s]),
      axes: source.axes.map(({ size, parts }, i) => ({
        size: i === axis ? sizes[s] : size,
        parts: i === axis && gone ? [] : parts.map((p) => (gone && p > at ? p - 1 : p)),
      })),
    };
  });
}

/**
 * Views one after the other along an axis.
 * @param shape of the result.
 */
export function concatViews(
  model: Model,
  views: readonly View[],
  axis: number,
  shape: readonly number[],
): View {
  const parts = views.filter((v) => v.axes[axis].size > 0).map((v) => materialize(model, v));
  const ref = model.node("Concat", parts, shape, parts[0].type, { axis });
  return viewOf(ref, views[0].dtype);
}

/**
 * Reads the elements `indices` (flattened over the trailing `rank` axes) of a view.
 * @returns shape [...leading, ...indexShape].
 */
export function gatherTrailing(
  model: Model,
  view: View,
  rank: number,
  indices: readonly number[],
  indexShape: readonly number[],
): View {
  const shape = shapeOf(view);
  const lead = shape.slice(0, shape.length - rank);
  const flat = reshapeRef(model, materialize(model, view), [
    ...lead,
    sizeOf(shape.slice(lead.length)),
  ]);
  const ref = model.node(
    "Gather",
    [flat, model.ints(indices, indexShape)],
    [...lead, ...indexShape],
    flat.type,
    { axis: lead.length },
  );
  return viewOf(ref, view.dtype);
}
