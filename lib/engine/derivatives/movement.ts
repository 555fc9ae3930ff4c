/** @file Derivatives of operations that move elements: their adjoints move them back. */
import type { Value } from "../graph.ts";
import { sizeOf } from "../types.ts";
import type { Ops } from "./ops.ts";
import { type Cotangents, type DerivativeRule, unary } from "./rule.ts";

/** The places of `index` along the last axis of an array of `shape`, as the indices of a gather. */
function alongLast(ops: Ops, index: Value, shape: readonly number[]): Value[] {
  const places = shape.slice(0, -1).map((size, axis) => {
    const at = shape.map((_, i) => (i === axis ? size : 1));
    const data = Int32Array.from({ length: size }, (_, i) => i);
    return ops.graph.constant({ dtype: "int32", shape: at, data });
  });
  return [...places, index];
}

/** A sorted array's cotangent at the places where its elements came from. */
function unsort(ops: Ops, ct: Value, index: Value): Value {
  const { shape } = ct;
  const axis = [...shape.keys()];
  const params = { op: "add", shape, axis, outDim: 0, uniqueIndices: true };
  return ops.emit("scatter", [ct, ...alongLast(ops, index, shape)], params, shape);
}

/** Reshaped back. */
export const reshape: DerivativeRule = unary((ops, ct, x) => ops.reshape(ct, x.shape));

/** The axes back. */
export const transpose: DerivativeRule = unary((ops, ct, _x, _y, { perm }) =>
  ops.transpose(ct, perm.map((_: number, i: number) => perm.indexOf(i)))
);

/** Summed over what was stretched. */
export const broadcast: DerivativeRule = unary((ops, ct, x, _y, { axis }) => {
  const summed = ops.sum(ct, axis);
  return ops.unbroadcast(summed, x.shape);
});

/** Flipped back. */
export const flip: DerivativeRule = unary((ops, ct, _x, _y, { axis }) => ops.flip(ct, axis));

/** Zeros around. */
export const shrink: DerivativeRule = unary((ops, ct, x, _y, { slice }) =>
  ops.pad(ct, slice.map(([from, to]: number[], i: number) => [from, x.shape[i] - to]))
);

/** What was within. */
export const pad: DerivativeRule = unary((ops, ct, x, _y, { width }) =>
  ops.shrink(ct, width.map(([before]: number[], i: number) => [before, before + x.shape[i]]))
);

/** split. */
export const concatenate: DerivativeRule = (
  { ops, inputs, cotangents: [ct], params: { axis }, wanted },
): Cotangents => {
  if (!wanted.includes(false)) {
    const sizes = inputs.map((x) => x.shape[axis]);
    const outs = inputs.map(({ shape, dtype }) => ({ shape, dtype }));
    return ops.graph.emitMany("split", [ct!], { axis, sizes }, outs);
  }
  let at = 0;
  return inputs.map((x, i) => {
    const from = at;
    at += x.shape[axis];
    return wanted[i] ? ops.slice(ct!, axis, from, at) : undefined;
  });
};

/** concatenate. */
export const split: DerivativeRule = ({ ops, outs, cotangents, params: { axis } }): Cotangents => [
  ops.concatenate(outs.map((y, i) => cotangents[i] ?? ops.zeros(y)), axis),
];

/** scatter. */
export const gather: DerivativeRule = (
  { ops, inputs: [x, ...indices], cotangents: [ct], params },
): Cotangents => {
  const { axis, outDim, uniqueIndices } = params;
  const back = { op: "add", shape: x.shape, axis, outDim, uniqueIndices };
  return [ops.emit("scatter", [ct!, ...indices], back, x.shape)];
};

/** gather. */
export const scatter: DerivativeRule = (
  { ops, inputs: [x, ...indices], cotangents: [ct], params },
): Cotangents => {
  const { axis, outDim, uniqueIndices } = params;
  return [ops.emit("gather", [ct!, ...indices], { axis, outDim, uniqueIndices }, x.shape)];
};

/** Each to where it stood. */
export const sort: DerivativeRule = ({ ops, inputs: [x], cotangents: [ct] }): Cotangents => {
  const outs = [{ shape: x.shape, dtype: x.dtype }, { shape: x.shape, dtype: "int32" } as const];
  const [, index] = ops.graph.emitMany("argsort", [x], {}, outs);
  return [sizeOf(x.shape) === 0 ? undefined : unsort(ops, ct!, index)];
};

/** Each to where it stood. */
export const argsort: DerivativeRule = (
  { ops, outs: [, index], cotangents: [ct] },
): Cotangents => [ct && unsort(ops, ct, index)];
