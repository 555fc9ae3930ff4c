/** @file Reads the jaxprs of jax-js for the tests that say what the engine relies on. */
import { makeJaxpr, type numpy as np } from "@jax-js/jax";

// deno-lint-ignore no-explicit-any
type Any = any;

/** Every equation of a traced program, also those inside `jit`, outermost first. */
export function equationsOf(f: Any, ...args: np.Array[]): Any[] {
  const { jaxpr: closed } = (makeJaxpr(f) as Any)(...args);
  const walk = (jaxpr: Any): Any[] =>
    jaxpr.eqns.flatMap((e: Any) => [e, ...(e.primitive === "jit" ? walk(e.params.jaxpr) : [])]);
  return walk(closed.jaxpr);
}
