/** @file Derivatives of what sums: reductions, contractions, convolutions, windows. */
import type { ConvParams, Value } from "../graph.ts";
import { broadcastShape } from "../types.ts";
import type { Ops } from "./ops.ts";
import { type Cotangents, type DerivativeRule, type Pullback, unary } from "./rule.ts";

/** The cotangent of a reduction, spread over what was reduced. */
const spread = (ops: Ops, ct: Value, shape: readonly number[], axis: readonly number[]) =>
  ops.broadcastTo(ops.keep(ct, shape, axis), shape);

/**
 * Products of all other elements along the last axis, by halves: exact where elements are zero, unlike the product over
 * the element, and a polynomial, so that it may be differentiated again.
 */
function productOfOthers(ops: Ops, x: Value): Value {
  const axis = x.shape.length - 1;
  const size = x.shape[axis];
  if (size === 1) return ops.graph.uniform(1, x.shape, x.dtype);
  const half = Math.ceil(size / 2);
  const one = ops.graph.uniform(1, x.shape.with(axis, 1), x.dtype);
  const even = size % 2 === 0 ? x : ops.concatenate([x, one], axis);
  const left = ops.slice(even, axis, 0, half);
  const right = ops.slice(even, axis, half, 2 * half);
  const outer = productOfOthers(ops, ops.mul(left, right));
  const both = ops.concatenate([ops.mul(outer, right), ops.mul(outer, left)], axis);
  return ops.slice(both, axis, 0, size);
}

/** Of a sum to every summand; of a product the others; of an extremum to those that attain it. */
export const reduce: DerivativeRule = unary((ops, ct, x, y, { op, axis }) => {
  const { shape } = x;
  const wide = spread(ops, ct, shape, axis);
  if (op === "Add") return wide;
  if (op === "Mul") {
    const kept = [...shape.keys()].filter((i) => !axis.includes(i));
    const perm = [...kept, ...axis];
    const moved = ops.transpose(x, perm);
    const flat = ops.reshape(moved, [
      ...kept.map((i) => shape[i]),
      axis.reduce((n: number, i: number) => n * shape[i], 1),
    ]);
    const others = ops.reshape(productOfOthers(ops, flat), moved.shape);
    return ops.mul(wide, ops.transpose(others, perm.map((_, i) => perm.indexOf(i))));
  }
  // The extreme elements share the cotangent.
  const one = ops.literal(1, x);
  const extreme = ops.compare("equal", x, spread(ops, y, shape, axis));
  const hits = ops.where(extreme, one, ops.literal(0, x));
  const share = ops.mul(ct, ops.reciprocal(ops.sum(hits, axis)));
  return ops.mul(hits, spread(ops, share, shape, axis));
});

/** The sum over `axis` of the elementwise product of x and y, seen with as many axes as both have together. */
function contraction({ ops, inputs, cotangents: [ct], wanted }: Pullback, axis: readonly number[]) {
  const full = broadcastShape(...inputs.map((v) => v.shape));
  const wide = ops.keep(ct!, full, axis);
  return inputs.map((v, i) => {
    if (!wanted[i]) return undefined;
    const other = inputs[1 - i];
    const sizeOfAxis = (k: number) => v.shape[v.shape.length - full.length + k] ?? 1;
    const stretched = [...full.keys()].filter((k) => sizeOfAxis(k) === 1 && full[k] !== 1);
    const product = stretched.length === 0
      ? ops.mul(wide, other)
      : ops.contract(wide, other, stretched);
    const kept = broadcastShape(wide.shape, other.shape).map((d, k) =>
      stretched.includes(k) ? 1 : d
    );
    // Where neither the cotangent nor the other factor varies, all elements get the same.
    const aligned = ops.reshape(product, kept);
    const shape = full.map((_, k) => sizeOfAxis(k));
    return ops.reshape(ops.broadcastTo(aligned, shape), v.shape);
  });
}

/** As contract. */
export const dot: DerivativeRule = (p): Cotangents =>
  contraction(p, [broadcastShape(...p.inputs.map((v) => v.shape)).length - 1]);

/** Swaps the batch and channel axes of a convolution's operand. */
function swapChannels(ops: Ops, x: Value, v: number): Value {
  const perm = [...x.shape.keys()];
  [perm[v], perm[v + 1]] = [v + 1, v];
  return ops.transpose(x, perm);
}

/** The extent of `size` taps that lie `dilation` apart. */
const extent = (size: number, dilation: number) => (size - 1) * dilation + 1;

/**
 * With x the input, w the kernel and y the output, all correlations (no flip): the cotangent of x is ct, spread by the
 * strides, correlated with w flipped and its channels swapped; that of w is x correlated with ct.
 */
export const conv: DerivativeRule = (
  { ops, inputs: [x, w], cotangents: [ct], params, wanted },
): Cotangents => {
  const { vmapDims: v, strides, padding, lhsDilation, rhsDilation } =
    params as unknown as ConvParams;
  const spatial = (value: Value, i: number) => value.shape[v + 2 + i];
  const emit = (lhs: Value, rhs: Value, shape: readonly number[], p: ConvParams) =>
    ops.emit("conv", [lhs, rhs], { ...p }, shape);
  const byInput = () => {
    const axes = [...w.shape.keys()].slice(v + 2);
    const kernel = ops.flip(swapChannels(ops, w, v), axes);
    return emit(ct!, kernel, x.shape, {
      vmapDims: v,
      strides: lhsDilation,
      padding: padding.map(([before], i) => {
        const reach = extent(spatial(w, i), rhsDilation[i]) - 1;
        const given = extent(spatial(ct!, i), strides[i]);
        const asked = extent(spatial(x, i), lhsDilation[i]);
        return [reach - before, asked - given + before] as const;
      }),
      lhsDilation: strides,
      rhsDilation,
    });
  };
  const byKernel = () => {
    const shape = swapChannels(ops, w, v).shape;
    const result = emit(swapChannels(ops, x, v), swapChannels(ops, ct!, v), shape, {
      vmapDims: v,
      strides: rhsDilation,
      padding: padding.map(([before], i) => {
        const given = extent(spatial(x, i), lhsDilation[i]) + before;
        const used = extent(spatial(ct!, i), strides[i]) + extent(spatial(w, i), rhsDilation[i]) -
          1;
        return [before, used - given] as const;
      }),
      lhsDilation,
      rhsDilation: strides,
    });
    return swapChannels(ops, result, v);
  };
  return [wanted[0] ? byInput() : undefined, wanted[1] ? byKernel() : undefined];
};

/** Products with the other operand. */
export const contract: DerivativeRule = (p): Cotangents => contraction(p, p.params.axis);

/** pool_transpose. */
export const pool: DerivativeRule = unary((ops, ct, x, _y, { window, strides }) =>
  ops.emit("pool_transpose", [ct], { inShape: x.shape, window, strides }, x.shape)
);

/** pool. */
export const pool_transpose: DerivativeRule = unary((ops, ct, x, _y, { window, strides }) =>
  ops.emit("pool", [ct], { window, strides }, x.shape)
);
