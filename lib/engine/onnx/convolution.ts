/** @file Convolution and pooling windows. */
import type { ConvParams } from "../graph.ts";
import { sizeOf } from "../types.ts";
import type { Model, Ref } from "./model.ts";
import {
  broadcastView,
  materialize,
  reshapeRef,
  shapeOf,
  transposeView,
  type View,
  viewOf,
} from "./view.ts";
import { gatherTrailing, padView, shrinkView } from "./movement.ts";

/**
 * General convolution, lhs [v.., N, C_in, spatial..] with rhs [v.., C_out, C_in, kernel..]. Mapped axes
 * become groups; input dilation is done by inserting zeros.
 */
export function convView(
  model: Model,
  lhs: View,
  rhs: View,
  params: ConvParams,
  shape: readonly number[],
): View {
  const v = params.vmapDims;
  const mapped = shape.slice(0, v);
  const groups = sizeOf(mapped);
  const spatial = params.strides.length;
  let input = broadcastTo(lhs, mapped);
  const kernel = broadcastTo(rhs, mapped);
  params.lhsDilation.forEach((by, i) => input = dilate(model, input, v + 2 + i, by));
  input = padView(model, input, [
    ...Array.from({ length: v + 2 }, (): [number, number] => [0, 0]),
    ...params.padding,
  ]);
  const [n, channels] = shapeOf(input).slice(v, v + 2);
  const out = shapeOf(kernel)[v];
  // A single spatial axis of size 1 stands in where there is none.
  const extra = spatial === 0 ? [1] : [];
  const inputSpatial = [...shapeOf(input).slice(v + 2), ...extra];
  const kernelSpatial = [...shapeOf(kernel).slice(v + 2), ...extra];
  const batchFirst = [v, ...range(v), ...range(spatial + 1, v + 1)];
  const x = reshapeRef(model, materialize(model, transposeView(input, batchFirst)), [
    n,
    groups * channels,
    ...inputSpatial,
  ]);
  const w = reshapeRef(model, materialize(model, kernel), [
    groups * out,
    channels,
    ...kernelSpatial,
  ]);
  const outSpatial = [...shape.slice(v + 2), ...extra];
  const result: Ref = model.node("Conv", [x, w], [n, groups * out, ...outSpatial], x.type, {
    group: groups,
    strides: spatial === 0 ? [1] : params.strides,
    dilations: spatial === 0 ? [1] : params.rhsDilation,
    kernel_shape: kernelSpatial,
  });
  const split = reshapeRef(model, result, [n, ...mapped, out, ...shape.slice(v + 2)]);
  const back = [...range(v, 1), 0, ...range(spatial + 1, v + 1)];
  return transposeView(viewOf(split, lhs.dtype), back);
}

const range = (n: number, start = 0) => Array.from({ length: n }, (_, i) => start + i);

function broadcastTo(view: View, mapped: readonly number[]): View {
  const shape = [...mapped, ...shapeOf(view).slice(mapped.length)];
  return broadcastView(view, shape, []);
}

/** Puts `by - 1` zeros between neighbours along an axis. */
function dilate(model: Model, view: View, axis: number, by: number): View {
  if (by === 1) return view;
  const shape = shapeOf(view);
  const n = shape[axis];
  const apart = viewOf(
    reshapeRef(model, materialize(model, view), shape.toSpliced(axis + 1, 0, 1)),
    view.dtype,
  );
  const none = shape.map((): [number, number] => [0, 0]);
  const padded = padView(model, apart, none.toSpliced(axis + 1, 0, [0, by - 1]));
  const joined = viewOf(
    reshapeRef(model, materialize(model, padded), shape.with(axis, n * by)),
    view.dtype,
  );
  const keep = shape.map((d): [number, number] => [0, d]);
  return shrinkView(model, joined, keep.with(axis, [0, (n - 1) * by + 1]));
}

/** Flat indices of every window's elements: shape [...outs, ...window] over the spatial axes. */
function windowIndices(
  spatial: readonly number[],
  outs: readonly number[],
  window: readonly number[],
  strides: readonly number[],
): number[] {
  let flat = [0];
  const extend = (count: number, step: number) =>
    flat = flat.flatMap((base) => range(count).map((i) => base + i * step));
  const pitch = spatial.map((_, i) => sizeOf(spatial.slice(i + 1)));
  outs.forEach((count, i) => extend(count, strides[i] * pitch[i]));
  window.forEach((count, i) => extend(count, pitch[i]));
  return flat;
}

/** jax-js `pool`: the windows of the trailing axes, [...lead, ...outs, ...window]. */
export function poolView(
  model: Model,
  view: View,
  window: readonly number[],
  strides: readonly number[],
  shape: readonly number[],
): View {
  const k = window.length;
  const spatial = shapeOf(view).slice(-k);
  const outs = shape.slice(shape.length - 2 * k, shape.length - k);
  const indices = windowIndices(spatial, outs, window, strides);
  return gatherTrailing(model, view, k, indices, [...outs, ...window]);
}

/** The transpose of {@linkcode poolView}: adds every window's elements back where they came from. */
export function poolTransposeView(
  model: Model,
  view: View,
  inShape: readonly number[],
  window: readonly number[],
  strides: readonly number[],
): View {
  const k = window.length;
  const shape = shapeOf(view);
  const outs = shape.slice(shape.length - 2 * k, shape.length - k);
  const spatial = inShape.slice(-k);
  const indices = windowIndices(spatial, outs, window, strides);
  const rows = sizeOf(inShape.slice(0, -k));
  const columns = sizeOf(spatial);
  const updates = reshapeRef(model, materialize(model, view), [rows, indices.length]);
  const type = updates.type;
  const zeros = model.node(
    "Expand",
    [model.fill(0, type), model.ints([rows, columns])],
    [rows, columns],
    type,
  );
  const at = model.node(
    "Expand",
    [model.indices(indices), model.ints([rows, indices.length])],
    [rows, indices.length],
    model.dialect.indexType,
  );
  const sums = model.node("ScatterElements", [zeros, at, updates], [rows, columns], type, {
    axis: 1,
    reduction: "add",
  });
  return viewOf(reshapeRef(model, sums, inShape), view.dtype);
}
