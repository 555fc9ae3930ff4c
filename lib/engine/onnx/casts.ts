/** @file Casts between the dtypes, and uint32 where int64 carries it. */
import { type DType, isFloat } from "../types.ts";
import { type ElementType, type Model, type Ref, typeCodes } from "./model.ts";
import type { View } from "./view.ts";

/** The same numbers in another dtype: integers saturate, NaN becomes 0. */
export function castView(model: Model, view: View, dtype: DType): View {
  const type = model.typeOf(dtype);
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
    return to === "uint32" ? wrap(model, kernel(ref, type)) : kernel(ref, type);
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
export const asDouble = (model: Model, view: View): View =>
  view.ref.type === "int64" ? castView(model, view, "float64") : view;

function wrap(model: Model, ref: Ref): Ref {
  if (ref.type !== "int64") return ref;
  return model.node("BitwiseAnd", [ref, model.ints([2 ** 32 - 1], [])], ref.shape, "int64");
}

/** Brings a uint32 that may have left its range back into it. */
export const wrapView = (model: Model, view: View): View =>
  view.dtype === "uint32" ? { ...view, ref: wrap(model, view.ref) } : view;
