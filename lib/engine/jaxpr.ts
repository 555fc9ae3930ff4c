/**
 * @file The only place that knows how jax-js lays out a jaxpr.
 *
 * `makeJaxpr` is public, but the fields of a jaxpr (`inBinders`, `eqns`, `outs`, `primitive`, `params`) are a young part of its
 * types, so they are checked here, once. `tests/engine/contract_test.ts` fails when an upgrade changes them.
 */
import type { DType, Tensor } from "./types.ts";

/** Shape of the jaxpr internals we rely on. */
export interface Aval {
  /** Sizes of the axes; [] for a scalar. */
  shape: number[];
  /** Type of the elements. */
  dtype: DType;
}
/** A variable of a jaxpr; it is known by its identity. */
export interface JaxprVar {
  /** Shape and dtype of what it stands for. */
  aval: Aval;
}
/** A scalar literal where a variable could stand. */
export interface JaxprLit extends JaxprVar {
  /** The number. */
  value: number;
}
/** One operation of a jaxpr. */
export interface JaxprEquation {
  /** Name of the operation; `jit` for a call. */
  primitive: string;
  /** Operands, in order. */
  inputs: (JaxprVar | JaxprLit)[];
  /** By name; for a `jit` with its name and its own jaxpr. */
  params: Record<string, unknown>;
  /** Variables that the results are bound to. */
  outBinders: JaxprVar[];
}
/** A traced function. */
export interface Jaxpr {
  /** Constants that the function captured, then the leaves of its arguments. */
  inBinders: JaxprVar[];
  /** In the order of execution. */
  eqns: JaxprEquation[];
  /** Leaves of the result. */
  outs: (JaxprVar | JaxprLit)[];
}
/** A concrete array, as a jaxpr holds its constants. */
export interface JaxArray extends Aval {
  /** Reading consumes a reference, so take one first. */
  readonly ref: JaxArray;
  /** The elements, row-major; consumes a reference. */
  dataSync(): Tensor["data"];
}

const dtypes: readonly string[] = ["float32", "float64", "int32", "uint32", "bool"];

/**
 * A dtype of jax-js as one of ours.
 * @throws {TypeError} for those that no engine supports, such as float16.
 */
export function checkDType(dtype: string): DType {
  if (dtypes.includes(dtype)) return dtype as DType;
  throw new TypeError(`dtype ${dtype} is not supported by the engines; use ${dtypes.join(", ")}`);
}

/**
 * A constant of a jaxpr copied to the host; the array keeps its references.
 * @throws {TypeError} for a dtype that no engine supports.
 */
export function hostConstant(array: JaxArray): Tensor {
  const { shape, dtype } = array;
  return { shape, dtype: checkDType(dtype), data: array.ref.dataSync() };
}

/**
 * A jaxpr of this version of jax-js, typed.
 * @throws {Error} when it is laid out in another way.
 */
export function checkJaxpr(jaxpr: unknown): Jaxpr {
  const { inBinders, eqns, outs } = (jaxpr ?? {}) as Partial<Jaxpr>;
  const sound = Array.isArray(inBinders) && Array.isArray(eqns) && Array.isArray(outs) &&
    inBinders.every((v) => Array.isArray(v?.aval?.shape) && typeof v.aval.dtype === "string") &&
    eqns.every((e) =>
      typeof e?.primitive === "string" && Array.isArray(e.inputs) && Array.isArray(e.outBinders) &&
      typeof e.params === "object"
    );
  if (!sound) {
    throw new Error(
      "this version of @jax-js/jax lays its jaxpr out in a way the engine does not know; " +
        "pin the version named in deno.json, or adapt lib/engine/jaxpr.ts",
    );
  }
  return jaxpr as Jaxpr;
}
