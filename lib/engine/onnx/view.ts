/**
 * @file Lazy views. Transposes, broadcasts and most reshapes are not computed: a value is a stored
 * tensor plus a description of how its logical axes read it. Kernels ask for the layout they need, and
 * only then is anything moved. Without this the gradients of a matrix product would materialise tensors
 * of n^3 elements.
 *
 * The stored tensor is seen as a product of factors (its axes, refined where needed; never of size 1).
 * A logical axis is a list of factors in row-major order; an axis with no factor is broadcast. Every
 * factor belongs to exactly one axis.
 */
import { type DType, sizeOf } from "../types.ts";
import type { Model, Ref } from "./model.ts";

/** A logical axis of a view. */
export interface Axis {
  /** Its logical size, also where it is broadcast. */
  readonly size: number;
  /** Indices into {@linkcode View.factors}; none if the axis is broadcast or of size 1. */
  readonly parts: readonly number[];
}

/** A value as it is read from a stored tensor. */
export interface View {
  /** What is stored. */
  readonly ref: Ref;
  /** Logical type: `uint32` is stored as int64, see `elementTypeOf` of model.ts. */
  readonly dtype: DType;
  /** Row-major refinement of `ref.shape` without ones. */
  readonly factors: readonly number[];
  /** Logical axes, in order; together they hold every factor once. */
  readonly axes: readonly Axis[];
}

/** The plain view of a stored tensor. */
export function viewOf(ref: Ref, dtype: DType): View {
  const factors: number[] = [];
  const axes = ref.shape.map((size) => {
    if (size === 1) return { size, parts: [] };
    factors.push(size);
    return { size, parts: [factors.length - 1] };
  });
  return { ref, dtype, factors, axes };
}

/** The logical shape. */
export function shapeOf(view: View): number[] {
  return view.axes.map((axis) => axis.size);
}

/** Number of stored elements; broadcast axes do not count. */
export function storedSize(view: View): number {
  return sizeOf(view.factors);
}

/** Axis i of the result is axis `perm[i]` of the view; nothing is moved. */
export function transposeView(view: View, perm: readonly number[]): View {
  return { ...view, axes: perm.map((p) => view.axes[p]) };
}

/** jax-js `broadcast`: inserts new axes at the positions `axis`, then stretches axes of size 1. */
export function broadcastView(
  view: View,
  shape: readonly number[],
  axis: readonly number[],
): View {
  const inserted = new Set(axis);
  let next = 0;
  const axes = shape.map((size, i) => ({
    size,
    parts: inserted.has(i) ? [] : view.axes[next++].parts,
  }));
  return { ...view, axes };
}

/** Splits factor `at` into `sizes` (row-major, product unchanged). */
function refine(view: View, at: number, sizes: readonly number[]): View {
  if (sizes.length === 1) return view;
  const factors = view.factors.toSpliced(at, 1, ...sizes);
  const shift = sizes.length - 1;
  const axes = view.axes.map(({ size, parts }) => ({
    size,
    parts: parts.flatMap((p) => p < at ? [p] : p > at ? [p + shift] : sizes.map((_, i) => at + i)),
  }));
  return { ...view, factors, axes };
}

/**
 * Refines the factors of a view so that axis `i` can be cut into pieces of sizes `cuts[i]` (row-major,
 * product equal to the axis; an empty list asks for nothing). Returns `undefined` where a factor
 * straddles a cut; the caller then materialises.
 */
export function cutAxes(view: View, cuts: readonly (readonly number[])[]): View | undefined {
  for (let i = 0; i < cuts.length; i++) {
    if (view.axes[i].parts.length === 0) continue;
    let at = 0;
    let left = view.factors[view.axes[i].parts[0]];
    let pieces: number[] = [];
    const close = () => {
      view = refine(view, view.axes[i].parts[at], pieces);
      at += pieces.length;
      pieces = [];
      left = at < view.axes[i].parts.length ? view.factors[view.axes[i].parts[at]] : 1;
    };
    for (let need of cuts[i]) {
      while (need > 1) {
        const step = Math.min(need, left);
        if (step === 1 || need % step !== 0 || left % step !== 0) return undefined;
        pieces.push(step);
        need /= step;
        left /= step;
        if (left === 1) close();
      }
    }
  }
  return view;
}

/** A reshape without moving data, or `undefined` if it needs a copy. */
export function reshapeView(view: View, shape: readonly number[]): View | undefined {
  // Walk both shapes at once; equal running products delimit groups that map to each other.
  const axes: Axis[] = [];
  let from = 0;
  let current = view;
  for (let to = 0; to < shape.length;) {
    if (shape[to] === 1) {
      axes.push({ size: 1, parts: [] });
      to++;
      continue;
    }
    while (from < current.axes.length && current.axes[from].size === 1) from++;
    let [fromEnd, toEnd] = [from + 1, to + 1];
    let [fromSize, toSize] = [current.axes[from]?.size ?? 0, shape[to]];
    while (fromSize !== toSize) {
      if (fromSize < toSize) {
        if (fromEnd >= current.axes.length) return undefined;
        fromSize *= current.axes[fromEnd++].size;
      } else {
        if (toEnd >= shape.length) return undefined;
        toSize *= shape[toEnd++];
      }
    }
    const group = current.axes.slice(from, fromEnd).filter((axis) => axis.size !== 1);
    const sizes = shape.slice(to, toEnd);
    if (group.every((axis) => axis.parts.length === 0)) {
      axes.push(...sizes.map((size) => ({ size, parts: [] })));
    } else if (group.length === 1 || group.every((axis) => axis.parts.length > 0)) {
      // Merge the group into one axis, then cut it as the new shape wants.
      const merged = { size: fromSize, parts: group.flatMap((axis) => axis.parts) };
      const cut = cutAxes({ ...current, axes: [merged] }, [sizes]);
      if (!cut) return undefined;
      // Refining renumbers factors: bring the other axes along with the same cut.
      const all = cutAxes({ ...current, axes: [merged, ...axes, ...current.axes] }, [
        sizes,
        ...[...axes, ...current.axes].map(() => []),
      ])!;
      const done = all.axes.slice(1, 1 + axes.length);
      current = { ...all, axes: all.axes.slice(1 + axes.length) };
      axes.splice(0, axes.length, ...done);
      let k = 0;
      const parts = all.axes[0].parts;
      for (const size of sizes) {
        const mine: number[] = [];
        for (let left = size; left > 1; left /= all.factors[parts[k++]]) mine.push(parts[k]);
        axes.push({ size, parts: mine });
      }
    } else return undefined;
    from = fromEnd;
    to = toEnd;
  }
  return { ...current, axes };
}

/** The stored tensor reshaped, sharing its memory. */
export function reshapeRef(model: Model, ref: Ref, shape: readonly number[]): Ref {
  if (ref.shape.length === shape.length && ref.shape.every((d, i) => d === shape[i])) return ref;
  return model.node("Reshape", [ref, model.ints(shape)], shape, ref.type, { allowzero: 1 });
}

/**
 * Lays the factors out in the given order (each factor once) and groups them into axes of the given
 * sizes. Emits at most one Transpose and one or two Reshapes.
 */
export function layOut(
  model: Model,
  view: View,
  order: readonly number[],
  shape: readonly number[],
): Ref {
  // Factors that stay together move as one axis.
  const runs: number[][] = [];
  for (const f of order) {
    const last = runs.at(-1);
    if (last && last.at(-1) === f - 1) last.push(f);
    else runs.push([f]);
  }
  if (runs.length <= 1) return reshapeRef(model, view.ref, shape);
  const sorted = runs.toSorted((a, b) => a[0] - b[0]);
  const sizes = sorted.map((run) => sizeOf(run.map((f) => view.factors[f])));
  const perm = runs.map((run) => sorted.indexOf(run));
  const source = reshapeRef(model, view.ref, sizes);
  const moved = model.node("Transpose", [source], perm.map((p) => sizes[p]), view.ref.type, {
    perm,
  });
  return reshapeRef(model, moved, shape);
}

/** The dense row-major tensor a view stands for. */
export function materialize(model: Model, view: View): Ref {
  const shape = shapeOf(view);
  if (sizeOf(shape) === 0) return model.fill(0, view.ref.type, shape);
  const order = view.axes.flatMap((axis) => axis.parts);
  const kept = view.axes.map((axis) => (axis.parts.length > 0 ? axis.size : 1));
  const dense = layOut(model, view, order, kept);
  if (kept.every((d, i) => d === shape[i])) return dense;
  return model.node("Expand", [dense, model.ints(shape)], shape, view.ref.type);
}

/** The same values with every axis stored, so that any later cut or reshape succeeds. */
export function dense(model: Model, view: View): View {
  return viewOf(materialize(model, view), view.dtype);
}
