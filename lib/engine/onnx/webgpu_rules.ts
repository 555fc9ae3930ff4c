/**
 * @file What ONNX Runtime's WebGPU provider lacks, in terms of what it has. Not replaced, so run by the CPU provider with copies
 * between: bitwise operators, shifts and bit casts, remainders of floats, products of integer matrices, sorting of integers.
 */
import { isFloat, sizeOf } from "../types.ts";
import {
  type Dialect,
  type ElementType,
  type Model,
  type NodeRequest,
  type Ref,
  typeCodes,
} from "./model.ts";
import * as lowerings from "./lowering_table.ts";
import type { Lowerings } from "./lower.ts";
import type { Context } from "./lowering_table.ts";
import { dense, materialize, type View, viewOf } from "./view.ts";

type Replacement = (model: Model, node: NodeRequest) => readonly Ref[] | undefined;

const castTo = (model: Model, ref: Ref, type: ElementType): Ref =>
  ref.type === type ? ref : model.node("Cast", [ref], ref.shape, type, { to: typeCodes[type] });

const integers: ReadonlySet<ElementType> = new Set(["int32", "uint32"]);

/** The kernel on int32, where bool has none. */
const throughInt32: Replacement = (model, { op, inputs, outs, attributes }) => {
  if (!inputs.some((ref) => ref?.type === "bool")) return undefined;
  const wide = inputs.map((ref) => ref?.type === "bool" ? castTo(model, ref, "int32") : ref);
  const types = outs.map(({ shape, type }) => ({
    shape,
    type: op === "Equal" ? type : "int32" as const,
  }));
  const results = model.nodeMany(op, wide, types, attributes);
  return results.map((ref, i) => castTo(model, ref, outs[i].type));
};

const not = (model: Model, ref: Ref): Ref => model.node("Not", [ref], ref.shape, "bool");

/** Two operands, and the common way to make a node of their result's shape. */
function binary(model: Model, { inputs, outs: [{ shape }] }: NodeRequest) {
  const [a, b] = inputs as Ref[];
  const node = (op: string, operands: Ref[], type = a.type) =>
    model.node(op, operands, shape, type);
  return { a, b, node };
}

/** A remainder of integers: of the sign of the dividend, or with `fmod` 0 of the divisor. */
const remainder: Replacement = (model, request) => {
  const { a, b, node } = binary(model, request);
  if (!integers.has(a.type)) return undefined;
  const rest = node("Sub", [a, node("Mul", [node("Div", [a, b]), b])]);
  if (request.attributes.fmod === 1 || a.type === "uint32") return [rest];
  const zero = model.fill(0, a.type);
  const opposite = node("Less", [node("Mul", [rest, b]), zero], "bool");
  return [node("Where", [opposite, node("Add", [rest, b]), rest])];
};

/** Largest number of tensors that a kernel is sure to bind beside its input. */
const fewOutputs = 6;

/** A split into many parts as slices. */
const split: Replacement = (model, request) => {
  const { inputs: [source, sizes], outs, attributes } = request;
  if (outs.length <= fewOutputs) return throughInt32(model, request);
  let at = 0;
  return model.valuesOf(sizes!).map((size, i) => {
    const ends = [[at], [at += size], [attributes.axis as number]].map((x) => model.ints(x));
    return model.node("Slice", [source, ...ends], outs[i].shape, outs[i].type);
  });
};

/** A slice of anything but floats as gathers with constant indices. */
const slice: Replacement = (model, { inputs, outs: [out] }) => {
  const [source, ...vectors] = inputs as Ref[];
  if (source.type === "float32") return undefined;
  const [starts, , axes, steps] = vectors.map((v) => model.valuesOf(v));
  return [axes.reduce((ref, axis, i) => {
    const shape = ref.shape.with(axis, out.shape[axis]);
    const step = steps?.[i] ?? 1;
    const start = starts[i] < 0 ? starts[i] + ref.shape[axis] : starts[i];
    const indices = Array.from({ length: shape[axis] }, (_, k) => start + k * step);
    return model.node("Gather", [ref, model.indices(indices)], shape, ref.type, { axis });
  }, source)];
};

const transposed = (model: Model, ref: Ref, perm: readonly number[]): Ref =>
  model.node("Transpose", [ref], perm.map((p) => ref.shape[p]), ref.type, { perm });

/** A matrix product of transposed or scaled operands; Gemm takes them where there is no batch. */
const fusedMatMul: Replacement = (model, { inputs, outs: [{ shape, type }], attributes }) => {
  const { transA, transB, transBatchA, transBatchB } = attributes as Record<string, number>;
  const alpha = (attributes.alpha as { float: number }).float;
  const [a, b] = inputs as Ref[];
  if (shape.length === 2) {
    return [model.node("Gemm", [a, b], shape, type, { transA, transB, alpha: { float: alpha } })];
  }
  const straight = (ref: Ref, swap: number, batchInside: number) => {
    if (batchInside) return transposed(model, ref, swap ? [1, 2, 0] : [1, 0, 2]);
    return swap ? transposed(model, ref, [0, 2, 1]) : ref;
  };
  const operands = [straight(a, transA, transBatchA), straight(b, transB, transBatchB)];
  const product = model.node("MatMul", operands, shape, type);
  return [
    alpha === 1 ? product : model.node("Mul", [product, model.fill(alpha, type)], shape, type),
  ];
};

const replacements: Readonly<Record<string, Replacement>> = {
  FusedMatMul: fusedMatMul,
  Split: split,
  Slice: slice,
  Transpose: throughInt32,
  Pad: throughInt32,
  Concat: throughInt32,
  GatherND: throughInt32,
  ScatterElements: throughInt32,
  Equal: throughInt32,
  Mod: remainder,
  Neg: (model, { inputs: [x], outs: [{ shape }] }) =>
    integers.has(x!.type)
      ? [model.node("Sub", [model.fill(0, x!.type), x], shape, x!.type)]
      : undefined,
  // Two bindings of one buffer: no compiler can take them for equal.
  IsNaN: (model, { inputs: [x], outs: [{ shape }] }) => [
    not(model, model.node("Equal", [x, x], shape, "bool")),
  ],
  Or: (model, request) => {
    const { a, b, node } = binary(model, request);
    return [not(model, node("And", [not(model, a), not(model, b)]))];
  },
  Xor: (model, request) => {
    const { a, b, node } = binary(model, request);
    return [not(model, node("Equal", [a, b]))];
  },
  // The kernel has no booleans.
  Identity: (model, { inputs: [x], outs: [{ shape }] }) =>
    x!.type === "bool"
      ? [model.node("Reshape", [x, model.ints(shape)], shape, "bool", { allowzero: 1 })]
      : undefined,
};

/** Integers saturate and NaN becomes 0; the cast of the kernel ends at the largest float below the limit, and leaves NaN open. */
function cast(c: Context, x: View): View | View[] {
  if (!isFloat(x.dtype) || isFloat(c.dtype) || c.dtype === "bool") return lowerings.cast(c, x);
  const { model } = c;
  const { ref } = x;
  const type = model.typeOf(c.dtype);
  const [end, most] = type === "uint32" ? [2 ** 32, 2 ** 32 - 1] : [2 ** 31, 2 ** 31 - 1];
  const node = (op: string, operands: Ref[], type: ElementType) =>
    model.node(op, operands, ref.shape, type);
  const tooLarge = node("GreaterOrEqual", [ref, model.fill(end, "float32")], "bool");
  const number = node("Equal", [ref, ref], "bool");
  const inRange = type === "uint32" ? node("Max", [ref, model.fill(0, "float32")], "float32") : ref;
  const whole = node("Where", [number, castTo(model, inRange, type), model.fill(0, type)], type);
  return {
    ...x,
    dtype: c.dtype,
    ref: node("Where", [tooLarge, model.fill(most, type), whole], type),
  };
}

/** Below the largest float, which TopK pads with. */
const largest = 3.4028232635611926e38;

/** As sortView of indexing.ts; TopK's int64 can only be used as indices, so positions are gathered from their list in float32. */
function sort(c: Context, x: View): [View, View] {
  const { model } = c;
  const source = materialize(model, x);
  const { shape } = source;
  const n = shape.at(-1)!;
  const axis = shape.length - 1;
  const order = (keys: Ref): Ref => {
    const outs = [{ shape, type: keys.type }, { shape, type: "int64" as const }];
    const attributes = { axis, largest: 0, sorted: 1 };
    return model.nodeMany("TopK", [keys, model.ints([n])], outs, attributes)[1];
  };
  const pick = (from: Ref, indices: Ref) =>
    model.node("GatherElements", [from, indices], shape, from.type, { axis });
  const positions = dense(
    model,
    {
      ...viewOf(
        model.constant({
          dtype: "float32",
          shape: [n],
          data: Float32Array.from({ length: n }, (_, i) => i),
        }),
        "float32",
      ),
      axes: shape.map((size, i) => ({ size, parts: i === axis && n > 1 ? [0] : [] })),
    },
  ).ref;
  const node = (op: string, operands: Ref[], type = source.type) =>
    model.node(op, operands, shape, type);
  const limit = (x: number) => model.fill(x, "float32");
  const flag = (bool: Ref, weight: number) =>
    node("Mul", [castTo(model, bool, "float32"), limit(weight)]);
  const number = node("Equal", [source, source], "bool");
  const finite = node("Clip", [
    node("Where", [number, source, limit(largest)]),
    limit(-largest),
    limit(largest),
  ]);
  const first = order(finite);
  // Those that tie there: -Infinity before all, then finite ones, Infinity, and NaN last.
  const last = [
    flag(node("Equal", [source, limit(Infinity)], "bool"), 1),
    flag(node("Equal", [source, limit(-Infinity)], "bool"), -1),
  ].reduce((a, b) => node("Add", [a, b]), flag(not(model, number), 2));
  const second = order(pick(last, first));
  const both = castTo(model, pick(pick(positions, first), second), "int32");
  return [viewOf(pick(source, both), x.dtype), viewOf(both, "int32")];
}

/** The WebGPU provider of ONNX Runtime 1.30. */
export const webgpuKernels: Dialect = {
  types: { float32: "float32", int32: "int32", uint32: "uint32", bool: "bool" },
  indexType: "int32",
  saturates: false,
  replace: (model, node) =>
    node.outs.some(({ shape }) => sizeOf(shape) === 0)
      ? undefined
      : replacements[node.op]?.(model, node),
};

/** Rules for it in place of the table's. */
export const webgpuLowerings: Lowerings = {
  cast,
  sort: (c, x) => isFloat(x.dtype) ? sort(c, x)[0] : lowerings.sort(c, x),
  argsort: (c, x) => isFloat(x.dtype) ? sort(c, x) : lowerings.argsort(c, x),
};
