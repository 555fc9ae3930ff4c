/**
 * @file Lowers a traced graph to ONNX: one small rule for every primitive. A rule gets its operands as
 * lazy views and returns views; the files beside this one hold the kernels.
 */
import type { Equation, Graph, Value } from "../graph.ts";
import { type DType, sizeOf } from "../types.ts";
import { contract, reduceView, sumView } from "./contraction.ts";
import { type ConvParams, convView, poolTransposeView, poolView } from "./convolution.ts";
import { elementwise, nodeKernel } from "./elementwise.ts";
import { gatherView, scatterView, sortView } from "./indexing.ts";
import { fftViews, triangularSolve } from "./linalg.ts";
import { type ElementType, elementTypeOf, Model, type Ref } from "./model.ts";
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

/** A primitive without a lowering; the message says where the model asked for it. */
export class UnsupportedPrimitive extends Error {
  override name = "UnsupportedPrimitive";
  constructor(readonly primitive: string, readonly line?: string) {
    super(
      `the ort engine has no lowering for the primitive "${primitive}"` +
        (line ? `, which the model uses at ${line}` : "") +
        '; write it with other operations, run with engine "jax", or add a rule to lib/engine/onnx/lower.ts',
    );
  }
}

interface Context {
  readonly model: Model;
  readonly equation: Equation;
  readonly shape: readonly number[];
  readonly dtype: DType;
  // deno-lint-ignore no-explicit-any
  readonly params: any;
}

type Lowering = (c: Context, ...inputs: View[]) => View | View[];

const typeCodes: Record<ElementType, number> = {
  float32: 1,
  float64: 11,
  int32: 6,
  int64: 7,
  bool: 9,
};

const isFloat = (dtype: DType) => dtype === "float32" || dtype === "float64";

function cast(model: Model, view: View, dtype: DType): View {
  const type = elementTypeOf[dtype];
  if (view.ref.type === type) return { ...view, dtype };
  // A float becomes a boolean by comparison with zero: a cast of 0.5 would be false in some kernels.
  const ref = type === "bool"
    ? model.node(
      "Not",
      [model.node("Equal", [view.ref, model.fill(0, view.ref.type)], view.ref.shape, "bool")],
      view.ref.shape,
      "bool",
    )
    : model.node("Cast", [view.ref], view.ref.shape, type, { to: typeCodes[type] });
  return { ...view, ref, dtype };
}

/** A kernel on operands of the result's type. */
const simple = (op: string): Lowering => (c, ...inputs) =>
  nodeKernel(c.model, { op }, inputs.map((v) => cast(c.model, v, c.dtype)), c.shape, c.dtype);

/** Integer kernels; uint32 is carried in int64 and wrapped. */
const wrapping = (op: string): Lowering => (c, ...inputs) => {
  const view = simple(op)(c, ...inputs) as View;
  if (c.dtype !== "uint32") return view;
  const modulus = c.model.ints([2 ** 32], []);
  return { ...view, ref: c.model.node("Mod", [view.ref, modulus], view.ref.shape, "int64") };
};

/** Booleans have no arithmetic in ONNX: use the logical kernel. */
const orLogical = (op: string, logical: string): Lowering => (c, ...inputs) =>
  (c.dtype === "bool" ? simple(logical) : wrapping(op))(c, ...inputs);

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
  return nodeKernel(c.model, { op: "Where" }, operands, c.shape, c.dtype);
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
    : extremum(model, through, axis, op === "Max" ? "ReduceMax" : "ReduceMin");
  return cast(model, reduced, c.dtype);
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

function dot(c: Context, x: View, y: View): View {
  const [a, b] = [x, y].map((v) => cast(c.model, v, c.dtype));
  const rank = c.shape.length + 1;
  const pad = (v: View): View => ({
    ...v,
    axes: [
      ...Array.from({ length: rank - v.axes.length }, () => ({ size: 1, parts: [] })),
      ...v.axes,
    ],
  });
  const inner = Math.max(x.axes.at(-1)!.size, y.axes.at(-1)!.size);
  return contract(c.model, pad(a), pad(b), [...c.shape, inner], [rank - 1], c.dtype);
}

function reshape(c: Context, x: View): View {
  return reshapeView(x, c.shape) ??
    viewOf(reshapeRef(c.model, materialize(c.model, x), c.shape), c.dtype);
}

const lowerings: Record<string, Lowering> = {
  add: orLogical("Add", "Or"),
  mul: orLogical("Mul", "And"),
  sub: wrapping("Sub"),
  neg: wrapping("Neg"),
  min: orLogical("Min", "And"),
  max: orLogical("Max", "Or"),
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
  compare,
  where,
  reduce,
  dot,
  conv: (c, x, y) => convView(c.model, x, y, c.params as ConvParams, c.shape),
  pool: (c, x) => poolView(c.model, x, c.params.window, c.params.strides, c.shape),
  pool_transpose: (c, x) =>
    poolTransposeView(c.model, x, c.shape, c.params.window, c.params.strides),
  concatenate: (c, ...xs) =>
    concatViews(c.model, xs.map((x) => cast(c.model, x, c.dtype)), c.params.axis, c.shape),
  split: (c, x) => splitView(c.model, x, c.params.axis, c.params.sizes),
  gather: (c, x, ...indices) => gatherView(c.model, x, indices, c.params),
  scatter: (c, x, ...indices) => scatterView(c.model, x, indices, c.params),
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

/** The primitives (of jax-js) and fused operations (of `rules/`) this engine can run. */
export const loweredPrimitives: readonly string[] = Object.keys(lowerings);

export interface Lowered {
  readonly bytes: Uint8Array;
  readonly nodes: number;
  /** Names of the inputs, in the order of the graph's; unused ones are absent. */
  readonly inputs: readonly (string | undefined)[];
  /** Names of the outputs, in the order of the graph's; equal outputs share a name. */
  readonly outputs: readonly string[];
}

/** Lowers a graph to a serialised ONNX model. */
export function lower(graph: Graph): Lowered {
  const model = new Model();
  const views = new Map<Value, View>();
  const equations = graph.live();
  const used = new Set([...equations.flatMap((e) => e.inputs), ...graph.outputs]);
  const inputs = graph.inputs.map((value, i) => {
    if (!used.has(value)) return undefined;
    const ref = model.input(`in${i}`, value.shape, elementTypeOf[value.dtype]);
    views.set(value, viewOf(ref, value.dtype));
    return ref.name;
  });
  const read = (value: Value): View => {
    let view = views.get(value);
    if (!view) views.set(value, view = constantView(model, graph, value));
    return view;
  };
  const sums = sumsOfProducts(graph, equations);
  for (const equation of equations) {
    const { op, inputs, params, outs, line } = equation;
    if (sums.skipped.has(equation)) continue;
    if (outs.every((v) => sizeOf(v.shape) === 0)) continue;
    const [{ shape, dtype }] = outs;
    const product = sums.products.get(equation);
    if (product) {
      const [x, y] = product.inputs.map((v) => read(v));
      const full = product.outs[0].shape;
      views.set(outs[0], contract(model, x, y, full, params.axis as number[], dtype));
      continue;
    }
    const lowering = lowerings[op];
    if (!lowering) throw new UnsupportedPrimitive(op, line);
    const results = lowering(
      { model, equation, shape, dtype, params },
      ...inputs.map(read),
    );
    const list = Array.isArray(results) ? results : [results];
    outs.forEach((value, i) => views.set(value, list[i]));
  }
  const refs = outputRefs(model, graph.outputs.map(read));
  const distinct = [...new Map(refs.map((ref) => [ref.name, ref])).values()];
  return {
    bytes: model.serialize(distinct),
    nodes: model.nodes,
    inputs,
    outputs: refs.map((ref) => ref.name),
  };
}

function constantView(model: Model, graph: Graph, value: Value): View {
  const { shape, dtype } = value;
  if (sizeOf(shape) === 0) return viewOf(model.fill(0, elementTypeOf[dtype], shape), dtype);
  if (value.uniform !== undefined) {
    const scalar = viewOf(model.fill(value.uniform, elementTypeOf[dtype]), dtype);
    return broadcastView(scalar, shape, [...shape.keys()]);
  }
  const tensor = graph.constants.get(value);
  if (!tensor) throw new Error("a value is read before any equation makes it");
  return viewOf(model.constant(tensor), dtype);
}

/**
 * Sums over products used nowhere else become contractions, which can be one MatMul. Only where both
 * factors vary along kept axes of their own; otherwise a product followed by a sum is as good and rounds
 * better.
 */
function sumsOfProducts(graph: Graph, equations: readonly Equation[]) {
  const uses = new Map<Value, number>();
  for (const v of [...equations.flatMap((e) => e.inputs), ...graph.outputs]) {
    uses.set(v, (uses.get(v) ?? 0) + 1);
  }
  const products = new Map<Equation, Equation>();
  const skipped = new Set<Equation>();
  for (const equation of equations) {
    if (equation.op !== "reduce" || equation.params.op !== "Add") continue;
    const product = graph.made(equation.inputs[0], "mul");
    const out = equation.outs[0];
    if (!product || uses.get(equation.inputs[0]) !== 1 || !isFloat(out.dtype)) continue;
    const [x, y] = product.inputs;
    const rank = product.outs[0].shape.length;
    const summed = new Set(equation.params.axis as number[]);
    const varies = (v: Value, other: Value, i: number) => {
      const at = i - (rank - v.shape.length);
      const otherAt = i - (rank - other.shape.length);
      return !summed.has(i) && (v.shape[at] ?? 1) !== 1 && (other.shape[otherAt] ?? 1) === 1;
    };
    const axes = [...Array(rank).keys()];
    if (!axes.some((i) => varies(x, y, i)) || !axes.some((i) => varies(y, x, i))) continue;
    products.set(equation, product);
    skipped.add(product);
  }
  return { products, skipped };
}

/** Dense results; each is made by a node, as ONNX demands of graph outputs. */
function outputRefs(model: Model, views: readonly View[]): Ref[] {
  return views.map((view) => {
    const ref = materialize(model, view);
    const shape = shapeOf(view);
    const exact = reshapeRef(model, ref, shape);
    return exact.name.startsWith("v") ? exact : model.node("Identity", [exact], shape, exact.type);
  });
}
