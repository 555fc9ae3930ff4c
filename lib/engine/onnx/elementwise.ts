/**
 * @file Elementwise kernels over views: finds one layout in which all operands line up by NumPy
 * broadcasting, moving as little as possible. Axes that every operand broadcasts stay broadcast in the
 * result.
 */
import { sizeOf } from "../types.ts";
import type { DType } from "../types.ts";
import { type Attribute, type Model, type Ref } from "./model.ts";
import { cutAxes, dense, layOut, storedSize, type View } from "./view.ts";

/** One indivisible piece of a logical axis, and the factor that stores it in each operand. */
export interface Atom {
  /** The logical axis it is a piece of. */
  readonly axis: number;
  /** How many elements of the axis it tells apart. */
  readonly size: number;
  /** For each operand, the factor index, or -1 where it is broadcast. */
  readonly factor: readonly number[];
}

/** Common refinement of two lists of sizes with equal products, or `undefined`. */
function commonCuts(a: readonly number[], b: readonly number[]): number[] | undefined {
  const cuts: number[] = [];
  let [i, j] = [0, 0];
  let [x, y] = [1, 1];
  while (i < a.length || j < b.length || x > 1 || y > 1) {
    if (x === 1) x = a[i++] ?? 1;
    if (y === 1) y = b[j++] ?? 1;
    const step = Math.min(x, y);
    if (step === 1 || x % step !== 0 || y % step !== 0) return undefined;
    cuts.push(step);
    x /= step;
    y /= step;
  }
  return cuts;
}

/**
 * Refines operands of broadcast-compatible shapes until they share one list of atoms. Operands may be
 * materialised where their factors do not nest.
 */
export function align(
  model: Model,
  operands: readonly View[],
  shape: readonly number[],
): { views: View[]; atoms: Atom[] } {
  const rank = shape.length;
  let views = operands.map((view): View => ({
    ...view,
    axes: [
      ...Array.from({ length: rank - view.axes.length }, () => ({ size: 1, parts: [] })),
      ...view.axes,
    ],
  }));
  for (let attempt = 0;; attempt++) {
    const cuts = shape.map((_, i) => {
      let common: number[] | undefined = [];
      for (const view of views) {
        const sizes = view.axes[i].parts.map((p) => view.factors[p]);
        if (sizes.length === 0) continue;
        common = common && (common.length === 0 ? sizes : commonCuts(common, sizes));
      }
      return common;
    });
    const refined = cuts.every((c) => c) ? views.map((v) => cutAxes(v, cuts as number[][])) : [];
    if (refined.length > 0 && refined.every((v) => v)) {
      views = refined as View[];
      const atoms = (cuts as number[][]).flatMap((sizes, axis) =>
        sizes.map((size, k) => ({
          axis,
          size,
          factor: views.map((v) => v.axes[axis].parts[k] ?? -1),
        }))
      );
      return { views, atoms };
    }
    if (attempt > 0) throw new Error("materialised operands must align");
    views = views.map((view) => (storedSize(view) > 1 ? dense(model, view) : view));
  }
}

/**
 * The order in which to store the result: as the largest operand stores its atoms, with the atoms it
 * lacks placed where the logical order has them.
 */
function storageOrder(atoms: readonly Atom[], operand: number): number[] {
  const own = atoms.map((_, i) => i).filter((i) => atoms[i].factor[operand] >= 0)
    .sort((a, b) => atoms[a].factor[operand] - atoms[b].factor[operand]);
  atoms.forEach((atom, i) => {
    if (atom.factor[operand] >= 0 || atom.factor.every((f) => f < 0)) return;
    // Right after the nearest earlier atom that is placed already.
    let at = 0;
    for (let before = i - 1; before >= 0; before--) {
      const found = own.indexOf(before);
      if (found >= 0) {
        at = found + 1;
        break;
      }
    }
    own.splice(at, 0, i);
  });
  return own;
}

/** Groups consecutive atoms (given in storage order) that every operand has or lacks alike. */
function groupAtoms(
  order: readonly number[],
  atoms: readonly Atom[],
  boundaries: ReadonlySet<number>,
): number[][] {
  const groups: number[][] = [];
  order.forEach((a, position) => {
    const last = groups.at(-1);
    const before = last?.at(-1);
    const alike = before !== undefined && !boundaries.has(position) &&
      atoms[a].factor.every((f, k) => (f < 0) === (atoms[before].factor[k] < 0));
    if (alike) last!.push(a);
    else groups.push([a]);
  });
  return groups;
}

/** Positions in the storage order at which the main operand's stored shape has an axis boundary. */
function storedBoundaries(view: View, order: readonly number[], atoms: readonly Atom[], k: number) {
  const ends = new Set<number>();
  let running = 1;
  for (const d of view.ref.shape) ends.add(running *= d);
  const boundaries = new Set<number>();
  let product = 1;
  order.forEach((a, position) => {
    if (atoms[a].factor[k] >= 0) {
      if (ends.has(product) && product > 1) boundaries.add(position);
      product *= atoms[a].size;
    }
  });
  return boundaries;
}

/** An elementwise ONNX operator. */
export interface Kernel {
  /** Name of the operator, such as `Add`. */
  readonly op: string;
  /** Attributes of the node, by name. */
  readonly attributes?: Record<string, Attribute>;
}

/**
 * Emits one elementwise kernel.
 * @param operands views, broadcast-compatible with `shape`.
 * @param emit makes the node(s) from tensors that line up by NumPy broadcasting.
 */
export function elementwise(
  model: Model,
  operands: readonly View[],
  shape: readonly number[],
  dtype: DType,
  emit: (refs: readonly Ref[], shape: readonly number[]) => Ref,
): View {
  const { views, atoms } = align(model, operands, shape);
  const sizes = views.map(storedSize);
  const main = sizes.indexOf(Math.max(...sizes));
  const order = storageOrder(atoms, main);
  const groups = groupAtoms(order, atoms, storedBoundaries(views[main], order, atoms, main));
  const groupSizes = groups.map((g) => sizeOf(g.map((a) => atoms[a].size)));
  const refs = views.map((view, k) => {
    const layout = groups.map((g, i) => (atoms[g[0]].factor[k] >= 0 ? groupSizes[i] : 1));
    while (layout[0] === 1) layout.shift();
    const factors = order.map((a) => atoms[a].factor[k]).filter((f) => f >= 0);
    // Axes of size 1 in front are harmless: keep the stored shape if it differs only by them.
    const leading = view.ref.shape.findIndex((d) => d !== 1);
    const stored = leading < 0 ? [] : view.ref.shape.slice(leading);
    const inOrder = factors.every((f, i) => i === 0 || factors[i - 1] < f);
    if (
      inOrder && stored.length === layout.length && stored.every((d, i) => d === layout[i]) &&
      view.ref.shape.length <= Math.max(1, groups.length)
    ) return view.ref;
    return layOut(model, view, factors, layout);
  });
  const rank = Math.max(groupSizes.length, ...refs.map((r) => r.shape.length));
  const result = emit(refs, [
    ...Array.from({ length: rank - groupSizes.length }, () => 1),
    ...groupSizes,
  ]);
  return viewByOrder(result, dtype, shape, atoms, order);
}

/** The view of a tensor whose factors are the given atoms in the given order. */
export function viewByOrder(
  ref: Ref,
  dtype: DType,
  shape: readonly number[],
  atoms: readonly Atom[],
  order: readonly number[],
): View {
  const axes = shape.map((size, axis) => ({
    size,
    parts: atoms.flatMap((atom, a) => (atom.axis === axis && order.includes(a) ? [a] : []))
      .map((a) => order.indexOf(a)),
  }));
  return { ref, dtype, factors: order.map((a) => atoms[a].size), axes };
}

/** A one-node elementwise kernel whose operands and result share the result's type. */
export function nodeKernel(
  model: Model,
  kernel: Kernel,
  operands: readonly View[],
  shape: readonly number[],
  dtype: DType,
): View {
  return elementwise(
    model,
    operands,
    shape,
    dtype,
    (refs, layout) =>
      model.node(kernel.op, refs, layout, model.typeOf(dtype), kernel.attributes ?? {}),
  );
}
