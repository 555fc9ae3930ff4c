/**
 * @file One small rule for every primitive. A rule gets its operands as lazy views and returns views; the files
 * beside this one hold the kernels.
 */
import type { ConvParams, Equation } from "../graph.ts";
import { broadcastShape, type DType, isFloat } from "../types.ts";
import { bitcast, bitCount, bitShift, randomBits } from "./bits.ts";
import { contract, reduceView, sumView } from "./contraction.ts";
import { convView, poolTransposeView, poolView } from "./convolution.ts";
import { elementwise, nodeKernel } from "./elementwise.ts";
import { gatherView, scatterView, sortView } from "./indexing.ts";
import { fftViews, triangularSolve } from "./linalg.ts";
import { type ElementType, elementTypeOf, type Model, type Ref, typeCodes } from "./model.ts";
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

function cast(model: Model, view: View, dtype: DType): View {
  const type = elementTypeOf[dtype];
  const { ref } = view;
  if (dtype === view.dtype) return view;
  return { ...view, dtype, ref: castRef(model, ref, view.dtype, dtype, type) };
}

function castRef(model: Model, ref: Ref, from: DType, to: DType, type: ElementType): Ref {
  const { shape } = ref;
  const kernel = (source: Ref, type: ElementType) =>
    model.node("Cast", [source], shape, type, { to: typeCodes[type] });
  if (to === "bool") {
    // By comparison with zero: a cast of 0.5 would be false in some kernels.
    const zero = model.node("Equal", [ref, model.fill(0, ref.type)], shape, "bool");
    return model.node("Not", [zero], shape, "bool");
  }
  if (isFloat(to) || from === "bool") return kernel(ref, type);
  if (!isFloat(from)) {
    return to === "uint32" ? wrap(model, kernel(ref, "int64")) : kernel(ref, type);
  }
  // As in jax-js, integers saturate and NaN becomes 0; the C cast of the kernel leaves both undefined.
  const [least, most] = to === "uint32" ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
  const isNaN = model.node("IsNaN", [ref], shape, "bool");
  const number = model.node("Where", [isNaN, model.fill(0, ref.type), ref], shape, ref.type);
  const exact = ref.type === "float64" ? number : kernel(number, "float64");
  const bounds = [least, most].map((x) => model.fill(x, "float64"));
  return kernel(model.node("Clip", [exact, ...bounds], shape, "float64"), type);
}

/**
 * ONNX Runtime compares only the low 32 bits of int64 in its Min, Max, ReduceMin and ReduceMax; double holds every
 * uint32 and compares them right.
 */
const asDouble = (model: Model, view: View): View =>
  view.dtype === "uint32" ? cast(model, view, "float64") : view;

/** uint32 is carried in int64: brings a result back into its range. */
function wrap(model: Model, ref: Ref): Ref {
  return model.node("BitwiseAnd", [ref, model.ints([2 ** 32 - 1], [])], ref.shape, "int64");
}

const wrapView = (model: Model, view: View): View =>
  view.dtype === "uint32" ? { ...view, ref: wrap(model, view.ref) } : view;

/** A kernel on operands of the result's type. */
const simple = (op: string): Lowering => (c, ...inputs) =>
  nodeKernel(c.model, { op }, inputs.map((v) => cast(c.model, v, c.dtype)), c.shape, c.dtype);

/** Arithmetic that can leave the range of uint32. */
const wrapping = (op: string): Lowering => (c, ...inputs) =>
  wrapView(c.model, simple(op)(c, ...inputs) as View);

/** Booleans have no arithmetic in ONNX: use the logical kernel. */
const orLogical = (op: string, logical: string): Lowering => (c, ...inputs) =>
  (c.dtype === "bool" ? simple(logical) : wrapping(op))(c, ...inputs);

/** The smaller or larger of two. */
const extreme = (op: "Min" | "Max", logical: string): Lowering => (c, ...inputs) => {
  if (c.dtype === "bool") return simple(logical)(c, ...inputs);
  const operands = inputs.map((v) => asDouble(c.model, cast(c.model, v, c.dtype)));
  const result = nodeKernel(c.model, { op }, operands, c.shape, operands[0].dtype);
  return cast(c.model, result, c.dtype);
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

function compare(c: Context, x: View, y: View): View {
  const op = c.params.op as string;
  let dtype = promoted([x, y]);
  if (dtype === "bool" && op !== "equal" && op !== "not_equal") dtype = "int32";
  const operands = [x, y].map((v) => cast(c.model, v, dtype));
  return elementwise(c.model, operands, c.shape, "bool", (refs, layout) => {
    const result = c.model.node(comparison[op], refs, layout, "bool");
    return op === "not_equal" ? c.model.node("Not", [result], layout, "bool") : result;
  });
}

function where(c: Context, condition: View, x: View, y: View): View {
  const operands = [condition, cast(c.model, x, c.dtype), cast(c.model, y, c.dtype)];
  if (c.dtype !== "bool") return nodeKernel(c.model, { op: "Where" }, operands, c.shape, c.dtype);
  // The kernel has no booleans: (condition and x) or (not condition and y).
  return elementwise(c.model, operands, c.shape, "bool", ([flag, yes, no], layout) => {
    const logical = (op: string, ...refs: Ref[]) => c.model.node(op, refs, layout, "bool");
    const otherwise = c.model.node("Not", [flag], flag.shape, "bool");
    return logical("Or", logical("And", flag, yes), logical("And", otherwise, no));
  });
}

function reduce(c: Context, x: View): View {
  const { op, axis } = c.params as { op: string; axis: number[] };
  const { model } = c;
  // Reductions of booleans and of uint32 go through a type that has the kernel.
  const through = c.dtype === "bool" ? cast(model, x, "int32") : x;
  const reduced = op === "Add"
    ? sumView(model, through, axis, false)
    : op === "Mul"
    ? productView(model, through, axis)
    : extremum(model, asDouble(model, through), axis, op === "Max" ? "ReduceMax" : "ReduceMin");
  return wrapView(model, cast(model, reduced, c.dtype));
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
  const some = cast(model, reduceView(model, flags, axis, false, "ReduceMax"), "bool");
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
function idiv(c: Context, x: View, y: View): View {
  const quotient = simple("Div")(c, x, y) as View;
  if (!isFloat(c.dtype)) return quotient;
  const { model } = c;
  const { ref } = quotient;
  const down = model.node("Floor", [ref], ref.shape, ref.type);
  const up = model.node("Ceil", [ref], ref.shape, ref.type);
  const negative = model.node("Less", [ref, model.fill(0, ref.type)], ref.shape, "bool");
  return { ...quotient, ref: model.node("Where", [negative, up, down], ref.shape, ref.type) };
}

const erfc: Lowering = (c, x) => {
  const erf = simple("Erf")(c, x) as View;
  const one = c.model.fill(1, erf.ref.type);
  return { ...erf, ref: c.model.node("Sub", [one, erf.ref], erf.ref.shape, erf.ref.type) };
};

/** Softmax over one axis; the kernel wants it last. */
function softmax(c: Context, x: View): View {
  const axis = c.params.axis as number;
  const perm = [...c.shape.keys()].filter((i) => i !== axis).concat(axis);
  const moved = transposeView(x, perm);
  const source = materialize(c.model, moved);
  const ref = c.model.node("Softmax", [source], source.shape, source.type, { axis: -1 });
  return transposeView(viewOf(ref, c.dtype), c.shape.map((_, i) => perm.indexOf(i)));
}

/** The sum over axes of a product, seen with all axes that both factors have together; for `dot` over the last one. */
function contraction(c: Context, x: View, y: View): View {
  const [a, b] = [x, y].map((v) => cast(c.model, v, c.dtype));
  const full = broadcastShape(...[x, y].map(shapeOf));
  const axis = c.params.axis ?? [full.length - 1];
  return wrapView(c.model, contract(c.model, a, b, full, axis, c.dtype));
}

function reshape(c: Context, x: View): View {
  return reshapeView(x, c.shape) ??
    viewOf(reshapeRef(c.model, materialize(c.model, x), c.shape), c.dtype);
}

/** The rules, by primitive of jax-js or fused operation of `rules/`. */
export const lowerings: Record<string, Lowering> = {
  add: orLogical("Add", "Or"),
  mul: orLogical("Mul", "And"),
  sub: wrapping("Sub"),
  neg: wrapping("Neg"),
  min: extreme("Min", "And"),
  max: extreme("Max", "Or"),
  idiv,
  mod: (c, x, y) =>
    nodeKernel(
      c.model,
      { op: "Mod", attributes: { fmod: 1 } },
      [x, y].map((v) => cast(c.model, v, c.dtype)),
      c.shape,
      c.dtype,
    ),
  reciprocal: simple("Reciprocal"),
  floor: simple("Floor"),
  ceil: simple("Ceil"),
  sin: simple("Sin"),
  cos: simple("Cos"),
  asin: simple("Asin"),
  atan: simple("Atan"),
  exp: simple("Exp"),
  log: simple("Log"),
  sqrt: simple("Sqrt"),
  erf: simple("Erf"),
  erfc,
  tanh: simple("Tanh"),
  // Its error is absolute, 6e-8: below -18 it is 0. The logarithm of a sigmoid is softplus by then (see rules/).
  sigmoid: simple("Sigmoid"),
  softplus: simple("Softplus"),
  gelu_tanh: (c, x) =>
    nodeKernel(c.model, { op: "Gelu", attributes: { approximate: "tanh" } }, [x], c.shape, c.dtype),
  gelu_erf: simple("Gelu"),
  softmax,
  stop_gradient: (_, x) => x,
  cast: (c, x) => cast(c.model, x, c.dtype),
  bit_combine: (c, x, y) => {
    const names = c.dtype === "bool"
      ? { and: "And", or: "Or", xor: "Xor" }
      : { and: "BitwiseAnd", or: "BitwiseOr", xor: "BitwiseXor" };
    return simple(names[c.params.op as "and" | "or" | "xor"])(c, x, y);
  },
  bit_shift: (c, x, y) => bitShift(c.model, x, y, c.params.op, c.shape),
  bit_count: (c, x) => bitCount(c.model, x),
  bitcast: (c, x) => bitcast(c.model, x, c.dtype),
  random_bits: (c, k0, k1) => randomBits(c.model, k0, k1, c.params),
  compare,
  where,
  reduce,
  dot: contraction,
  contract: contraction,
  conv: (c, x, y) => convView(c.model, x, y, c.params as ConvParams, c.shape),
  pool: (c, x) => poolView(c.model, x, c.params.window, c.params.strides, c.shape),
  pool_transpose: (c, x) =>
    poolTransposeView(c.model, x, c.shape, c.params.window, c.params.strides),
  concatenate: (c, ...xs) =>
    concatViews(c.model, xs.map((x) => cast(c.model, x, c.dtype)), c.params.axis, c.shape),
  split: (c, x) => splitView(c.model, x, c.params.axis, c.params.sizes),
  gather: (c, x, ...indices) => gatherView(c.model, x, indices, c.params),
  scatter: (c, x, ...indices) => wrapView(c.model, scatterView(c.model, x, indices, c.params)),
  transpose: (c, x) => transposeView(x, c.params.perm),
  broadcast: (c, x) => broadcastView(x, c.params.shape, c.params.axis),
  reshape,
  flip: (c, x) => flipView(c.model, x, c.params.axis),
  shrink: (c, x) => shrinkView(c.model, x, c.params.slice),
  pad: (c, x) => padView(c.model, x, c.params.width),
  sort: (c, x) => sortView(c.model, x)[0],
  argsort: (c, x) => sortView(c.model, x),
  triangular_solve: (c, a, b) => triangularSolve(c.model, a, b, c.params.unitDiagonal),
  fft: (c, real, imag) => fftViews(c.model, real, imag, c.params.inverse),
};
