/**
 * @file The only place that knows how jax-js lays out a jaxpr.
 *
 * `makeJaxpr` is public, but the fields of a jaxpr (`inBinders`, `eqns`, `outs`, `primitive`, `params`) are a young part of its
 * types, so they are checked here, once. `tests/engine/contract_test.ts` fails when an upgrade changes them.
 */
import type { DType, Tensor } from "./types.ts";

/** Shape of the jaxpr internals we rely on. */
export interface Aval {
  shape: number[];
  dtype: DType;
}
export interface JaxprVar {
  aval: Aval;
}
export interface JaxprLit extends JaxprVar {
  value: number;
}
export interface JaxprEquation {
  primitive: string;
  inputs: (JaxprVar | JaxprLit)[];
  params: Record<string, unknown>;
  outBinders: JaxprVar[];
}
export interface Jaxpr {
  inBinders: JaxprVar[];
  eqns: JaxprEquation[];
  outs: (JaxprVar | JaxprLit)[];
}
export interface JaxArray extends Aval {
  /** Reading consumes a reference, so take one first. */
  readonly ref: JaxArray;
  dataSync(): Tensor["data"];
}

const dtypes: readonly string[] = ["float32", "float64", "int32", "uint32", "bool"];

export function checkDType(dtype: string): DType {
  if (dtypes.includes(dtype)) return dtype as DType;
  throw new TypeError(`dtype ${dtype} is not supported by the engines; use ${dtypes.join(", ")}`);
}

export function hostConstant(array: JaxArray): Tensor {
  const { shape, dtype } = array;
  return { shape, dtype: checkDType(dtype), data: array.ref.dataSync() };
}

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
