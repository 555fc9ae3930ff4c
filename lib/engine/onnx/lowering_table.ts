/**
 * @file One small rule for every primitive. A rule gets its operands as lazy views and returns views; the files
 * beside this one hold the kernels.
 */
import type { ConvParams, Equation } from "../graph.ts";
import { broadcastShape, type DType, isFloat } from "../types.ts";
import * as bits from "./bits.ts";
import * as contraction from "./contraction.ts";
import { reduceView, sumView } from "./contraction.ts";
import { convView, poolTransposeView, poolView } from "./convolution.ts";
import { elementwise, nodeKernel } from "./elementwise.ts";
import { gatherView, scatterView, sortView } from "./indexing.ts";
import { fftViews, triangularSolve } from "./linalg.ts";
import { asDouble, castView, wrapView } from "./casts.ts";
import type { Model, Ref } from "./model.ts";
import { concatViews, flipView, padView, shrinkView, splitView } from "./movement.ts";
import {
  broadcastView,
  dense,
  materialize,
  reshapeRef,
  reshapeView,
  shapeOf,
  transposeView,
  type View,
  viewOf,
} from "./view.ts";

/** What a rule knows beside its operands. */
export interface Context {
  /** Where nodes are added. */
  readonly model: Model;
  /** What is lowered. */
  readonly equation: Equation;
  /** Of its first result. */
  readonly shape: readonly number[];
  /** Of its first result. */
  readonly dtype: DType;
  /** Parameters of the equation; each rule knows its own. */
  // deno-lint-ignore no-explicit-any
  readonly params: any;
}

/** Adds the nodes of one equation. @returns its result, or a list of several. */
export type Lowering = (c: Context, ...inputs: View[]) => View | View[];

/** A kernel on operands of the result's type. */
const simple = (op: string): Lowering => (c, ...inputs) =>
  nodeKernel(c.model, { op }, inputs.map((v) => castView(c.model, v, c.dtype)), c.shape, c.dtype);

/** Arithmetic that can leave the range of uint32. */
const wrapping = (op: string): Lowering => (c, ...inputs) =>
  wrapView(c.model, simple(op)(c, ...inputs) as View);

/** Booleans have no arithmetic in ONNX: use the logical kernel. */
const orLogical = (op: string, logical: string): Lowering => (c, ...inputs) =>
  (c.dtype === "bool" ? simple(logical) : wrapping(op))(c, ...inputs);

/** The smaller or larger of two. */
const extreme = (op: "Min" | "Max", logical: string): Lowering => (c, ...inputs) => {
  if (c.dtype === "bool") return simple(logical)(c, ...inputs);
  const operands = inputs.map((v) => asDouble(c.model, castView(c.model, v, c.dtype)));
  const result = nodeKernel(c.model, { op }, operands, c.shape, operands[0].dtype);
  return castView(c.model, result, c.dtype);
};

const comparison: Record<string, string> = {
  less: "Less",
  less_equal: "LessOrEqual",
  equal: "Equal",
  not_equal: "Equal",
};

const promotion: readonly DType[] = ["bool", "uint32", "int32", "float32", "float64"];
const promoted = (views: readonly View[]) =>
  views.map((v) => v.dtype).reduce((a, b) => promotion.indexOf(a) < promotion.indexOf(b) ? b : a);

/** Which of two is larger, or whether they are equal. */
export function compare(c: Context, x: View, y: View): View {
  const op = c.params.op as string;
  let dtype = promoted([x, y]);
  if (dtype === "bool" && op !== "equal" && op !== "not_equal") dtype = "int32";
  const operands = [x, y].map((v) => castView(c.model, v, dtype));
  return elementwise(c.model, operands, c.shape, "bool", (refs, layout) => {
    const result = c.model.node(comparison[op], refs, layout, "bool");
    return op === "not_equal" ? c.model.node("Not", [result], layout, "bool") : result;
  });
}

/** x where the condition holds, else y. */
export function where(c: Context, condition: View, x: View, y: View): View {
  const operands = [condition, castView(c.model, x, c.dtype), castView(c.model, y, c.dtype)];
  if (c.dtype !== "bool") return nodeKernel(c.model, { op: "Where" }, operands, c.shape, c.dtype);
  // The kernel has no booleans: (condition and x) or (not condition and y).
  return elementwise(c.model, operands, c.shape, "bool", ([flag, yes, no], layout) => {
    const logical = (op: string, ...refs: Ref[]) => c.model.node(op, refs, layout, "bool");
    const otherwise = c.model.node("Not", [flag], flag.shape, "bool");
    return logical("Or", logical("And", flag, yes), logical("And", otherwise, no));
  });
}

/** Sum, product, maximum or minimum over axes. */
export function reduce(c: Context, x: View): View {
  const { op, axis } = c.params as { op: string; axis: number[] };
  const { model } = c;
  // Reductions of booleans and of uint32 go through a type that has the kernel.
  const through = c.dtype === "bool" ? castView(model, x, "int32") : x;
  const reduced = op === "Add"
    ? sumView(model, through, axis, false)
    : op === "Mul"
    ? productView(model, through, axis)
    : extremum(model, asDouble(model, through), axis, op === "Max" ? "ReduceMax" : "ReduceMin");
  return wrapView(model, castView(model, reduced, c.dtype));
}

/** ONNX Runtime's ReduceMax skips NaN; jax-js, like NumPy, passes it on. */
function extremum(
  model: Model,
  view: View,
  axis: readonly number[],
  op: "ReduceMax" | "ReduceMin",
): View {
  const result = reduceView(model, view, axis, false, op);
  if (!isFloat(view.dtype) || result.ref === view.ref) return result;
  const nan = model.node("IsNaN", [view.ref], view.ref.shape, "bool");
  const flags = { ...view, ref: model.node("Cast", [nan], nan.shape, "int32", { to: 6 }) };
  const some = castView(model, reduceView(model, flags, axis, false, "ReduceMax"), "bool");
  const { ref } = result;
  const operands = [some.ref, model.fill(NaN, ref.type), ref];
  return { ...result, ref: model.node("Where", operands, ref.shape, ref.type) };
}

/** Product over axes; a broadcast axis of size n is the n-th power, so it is stored first. */
function productView(model: Model, view: View, axis: readonly number[]): View {
  const stretched = axis.some((i) => view.axes[i].parts.length === 0 && view.axes[i].size !== 1);
  return reduceView(model, stretched ? dense(model, view) : view, axis, false, "ReduceProd");
}

/** ONNX Div truncates integers towards zero, as jax-js does; floats are truncated explicitly. */
export function idiv(c: Context, x: View, y: View): View {
  const quotient = simple("Div")(c, x, y) as View;
  if (!isFloat(c.dtype)) return quotient;
  const { model } = c;
  const { ref } = quotient;
  const down = model.node("Floor", [ref], ref.shape, ref.type);
  const up = model.node("Ceil", [ref], ref.shape, ref.type);
  const negative = model.node("Less", [ref, model.fill(0, ref.type)], ref.shape, "bool");
  return { ...quotient, ref: model.node("Where", [negative, up, down], ref.shape, ref.type) };
}

/** 1 - erf(x). */
export const erfc: Lowering = (c, x): View | View[] => {
  const erf = simple("Erf")(c, x) as View;
  const one = c.model.fill(1, erf.ref.type);
  return { ...erf, ref: c.model.node("Sub", [one, erf.ref], erf.ref.shape, erf.ref.type) };
};

/** Softmax over one axis; the kernel wants it last. */
export function softmax(c: Context, x: View): View {
  const axis = c.params.axis as number;
  const perm = [...c.shape.keys()].filter((i) => i !== axis).concat(axis);
  const moved = transposeView(x, perm);
  const source = materialize(c.model, moved);
  const ref = c.model.node("Softmax", [source], source.shape, source.type, { axis: -1 });
  return transposeView(viewOf(ref, c.dtype), c.shape.map((_, i) => perm.indexOf(i)));
}

/** The sum over axes of a product, seen with all axes that both factors have together; for `dot` over the last one. */
function sumOfProduct(c: Context, x: View, y: View): View {
  const [a, b] = [x, y].map((v) => castView(c.model, v, c.dtype));
  const full = broadcastShape(...[x, y].map(shapeOf));
  const axis = c.params.axis ?? [full.length - 1];
  return wrapView(c.model, contraction.contract(c.model, a, b, full, axis, c.dtype));
}

/** The same elements in another shape. */
export function reshape(c: Context, x: View): View {
  return reshapeView(x, c.shape) ??
    viewOf(reshapeRef(c.model, materialize(c.model, x), c.shape), c.dtype);
}

/** x + y; of booleans, or. */
export const add: Lowering = orLogical("Add", "Or");

/** x y; of booleans, and. */
export const mul: Lowering = orLogical("Mul", "And");

/** x - y. */
export const sub: Lowering = wrapping("Sub");

/** -x. */
export const neg: Lowering = wrapping("Neg");

/** The smaller of two; of booleans, and. */
export const min: Lowering = extreme("Min", "And");

/** The larger of two; of booleans, or. */
export const max: Lowering = extreme("Max", "Or");

/** The remainder of x / y, of the sign of x. */
export const mod: Lowering = (c, x, y): View | View[] =>
  nodeKernel(
    c.model,
    { op: "Mod", attributes: { fmod: 1 } },
    [x, y].map((v) => castView(c.model, v, c.dtype)),
    c.shape,
    c.dtype,
  );

/** 1 / x. */
export const reciprocal: Lowering = simple("Reciprocal");

/** The largest integer that is not above x. */
export const floor: Lowering = simple("Floor");

/** The smallest integer that is not below x. */
export const ceil: Lowering = simple("Ceil");

/** Sine. */
export const sin: Lowering = simple("Sin");

/** Cosine. */
export const cos: Lowering = simple("Cos");

/** Arc sine. */
export const asin: Lowering = simple("Asin");

/** Arc tangent. */
export const atan: Lowering = simple("Atan");

/** e^x. */
export const exp: Lowering = simple("Exp");

/** Natural logarithm. */
export const log: Lowering = simple("Log");

/** Square root. */
export const sqrt: Lowering = simple("Sqrt");

/** Error function. */
export const erf: Lowering = simple("Erf");

/** Hyperbolic tangent. */
export const tanh: Lowering = simple("Tanh");
// Its error is absolute, 6e-8: below -18 it is 0. The logarithm of a sigmoid is softplus by then (see rules/).
/** 1 / (1 + e^-x), to an absolute error of 6e-8: below -18 it is 0. The logarithm of a sigmoid is softplus by then. */
export const sigmoid: Lowering = simple("Sigmoid");

/** log(1 + e^x). */
export const softplus: Lowering = simple("Softplus");

/** The gelu with tanh. */
export const gelu_tanh: Lowering = (c, x): View | View[] =>
  nodeKernel(c.model, { op: "Gelu", attributes: { approximate: "tanh" } }, [x], c.shape, c.dtype);

/** The gelu with erf. */
export const gelu_erf: Lowering = simple("Gelu");

/** The operand itself. */
export const stop_gradient: Lowering = (_, x): View | View[] => x;

/** The same numbers in another dtype. */
export const cast: Lowering = (c, x): View | View[] => castView(c.model, x, c.dtype);

/** And, or, exclusive or of bits. */
export const bit_combine: Lowering = (c, x, y): View | View[] => {
  const names = c.dtype === "bool"
    ? { and: "And", or: "Or", xor: "Xor" }
    : { and: "BitwiseAnd", or: "BitwiseOr", xor: "BitwiseXor" };
  return simple(names[c.params.op as "and" | "or" | "xor"])(c, x, y);
};

/** Bits moved to the left or the right. */
export const bit_shift: Lowering = (c, x, y): View | View[] =>
  bits.bitShift(c.model, x, y, c.params.op, c.shape);

/** How many bits are set. */
export const bit_count: Lowering = (c, x): View | View[] => bits.bitCount(c.model, x);

/** The same bits as another dtype. */
export const bitcast: Lowering = (c, x): View | View[] => bits.bitcast(c.model, x, c.dtype);

/** Bits of threefry-2x32. */
export const random_bits: Lowering = (c, k0, k1): View | View[] =>
  bits.randomBits(c.model, k0, k1, c.params);

/** The sum of x y over the last axis. */
export const dot: Lowering = sumOfProduct;

/** The sum of x y over axes. */
export const contract: Lowering = sumOfProduct;

/** Convolution. */
export const conv: Lowering = (c, x, y): View | View[] =>
  convView(c.model, x, y, c.params as ConvParams, c.shape);

/** Windows as a further axis. */
export const pool: Lowering = (c, x): View | View[] =>
  poolView(c.model, x, c.params.window, c.params.strides, c.shape);

/** The sum of windows at their places. */
export const pool_transpose: Lowering = (c, x): View | View[] =>
  poolTransposeView(c.model, x, c.shape, c.params.window, c.params.strides);

/** Arrays one behind the other along an axis. */
export const concatenate: Lowering = (c, ...xs): View | View[] =>
  concatViews(c.model, xs.map((x) => castView(c.model, x, c.dtype)), c.params.axis, c.shape);

/** The parts of an array along an axis. */
export const split: Lowering = (c, x): View | View[] =>
  splitView(c.model, x, c.params.axis, c.params.sizes);

/** Elements by computed indices. */
export const gather: Lowering = (c, x, ...indices): View | View[] =>
  gatherView(c.model, x, indices, c.params);

/** Updates added at computed indices. */
export const scatter: Lowering = (c, x, ...indices): View | View[] =>
  wrapView(c.model, scatterView(c.model, x, indices, c.params));

/** Axes in another order. */
export const transpose: Lowering = (c, x): View | View[] => transposeView(x, c.params.perm);

/** Stretched along new axes. */
export const broadcast: Lowering = (c, x): View | View[] =>
  broadcastView(x, c.params.shape, c.params.axis);

/** Backwards along axes. */
export const flip: Lowering = (c, x): View | View[] => flipView(c.model, x, c.params.axis);

/** A box cut out. */
export const shrink: Lowering = (c, x): View | View[] => shrinkView(c.model, x, c.params.slice);

/** Zeros around. */
export const pad: Lowering = (c, x): View | View[] => padView(c.model, x, c.params.width);

/** Sorted along the last axis, NaN last. */
export const sort: Lowering = (c, x): View | View[] => sortView(c.model, x)[0];

/** Sorted along the last axis, and where the elements stood. */
export const argsort: Lowering = (c, x): View | View[] => sortView(c.model, x);

/** x of a x^T = b^T with an upper triangle a. */
export const triangular_solve: Lowering = (c, a, b): View | View[] =>
  triangularSolve(c.model, a, b, c.params.unitDiagonal);

/** Discrete Fourier transform along the last axis. */
export const fft: Lowering = (c, real, imag): View | View[] =>
  fftViews(c.model, real, imag, c.params.inverse);
