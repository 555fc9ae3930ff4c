/**
 * @file A correction of jax-js. Its `vmap` is wrong at two operations where the mapped axis is not the first one: at a broadcast that
 * adds axes before it, and at a gather whose indices have another rank than there are indexed axes; silently, where sizes happen to
 * agree. A mapped axis need not be anybody's choice, a matrix product leaves it last. While a program is traced, it is moved
 * in front of these operations. `tests/engine/contract_test.ts` says when jax-js no longer needs it.
 */
import { numpy as np, vmap } from "@jax-js/jax";

interface BatchTracer {
  readonly val: np.Array;
  readonly batchDim: number | null;
  readonly _trace: BatchTrace;
}
interface BatchTrace {
  processPrimitive(op: string, tracers: BatchTracer[], params: unknown): BatchTracer[];
}

const corrected: readonly string[] = ["broadcast", "gather"];

/** The class behind every `vmap`. */
function batchTraces(): BatchTrace {
  let prototype: BatchTrace | undefined;
  vmap((x: np.Array) => {
    prototype = Object.getPrototypeOf((x as unknown as BatchTracer)._trace);
    return x;
  })(np.zeros([1])).dispose();
  if (typeof prototype?.processPrimitive !== "function") {
    throw new Error(
      "this version of @jax-js/jax maps functions in a way the engine does not know; " +
        "pin the version named in deno.json, or adapt lib/engine/mapped_axes.ts",
    );
  }
  return prototype;
}

/** Runs `run` with the correction in force. */
export function withMappedAxesInFront<T>(run: () => T): T {
  const prototype = batchTraces();
  const original = prototype.processPrimitive;
  prototype.processPrimitive = function (op, tracers, params) {
    const inFront = corrected.includes(op)
      ? tracers.map((x) => {
        if (!x.batchDim) return x;
        const Tracer = x.constructor as new (...args: unknown[]) => BatchTracer;
        return new Tracer(this, np.moveaxis(x.val, x.batchDim, 0), 0);
      })
      : tracers;
    return original.call(this, op, inFront, params);
  };
  try {
    return run();
  } finally {
    prototype.processPrimitive = original;
  }
}
