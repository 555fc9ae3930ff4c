/**
 * @file Gradients of functions with loops in them. Inside a compiled function they are taken of our own graph (derivatives/),
 * where a `scan` has a derivative; anywhere else they are jax-js's own.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { numpy as np } from "@jax-js/jax";
 * import { valueAndGrad } from "./gradient.ts";
 * import { compile, tensor } from "./mod.ts";
 *
 * // the gradient of sum (w x)^2 by w is 2 w x^2
 * const loss = (w: np.Array, x: np.Array) => np.square(w.mul(x)).sum();
 * const program = await compile(valueAndGrad(loss), [tensor([0, 0]), tensor([0, 0])]);
 * const [value, gradient] = await program.run(tensor([1, 2]), tensor([3, 1]));
 * assert.deepEqual([...(await value.read()).data], [13]);
 * assert.deepEqual([...(await gradient.read()).data], [18, 4]);
 * await program.close();
 * ```
 */
import { tree, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import type { JaxArray } from "./arrays.ts";
import { enter, type GradientMark, mark, marked, marksInForce, placeholders } from "./marks.ts";
import type { TracedFunction } from "./types.ts";
import { isFloat } from "./types.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** By which arguments {@linkcode valueAndGrad} and {@linkcode grad} differentiate, and what the function returns. */
export interface GradientOptions {
  /** Which arguments to differentiate by; the first by default. A list gives a list of gradients. */
  readonly argnums?: number | readonly number[];
  /** The function returns [value, more], and more is passed on. */
  readonly hasAux?: boolean;
}

/**
 * A function that returns [value, gradient] of `fn`, or [[value, more], gradient] with `hasAux`.
 * @param fn pure function to a scalar; its arguments are trees of arrays, consumed.
 * @throws {TypeError} (when called) unless the value is a scalar of floats.
 * @throws {RangeError} (when called) for an argument that is not there.
 */
export function valueAndGrad(fn: TracedFunction, options: GradientOptions = {}): TracedFunction {
  const { argnums = 0, hasAux = false } = options;
  return (...args) => {
    const chosen = typeof argnums === "number" ? [argnums] : argnums;
    for (const i of chosen) {
      if (!(i in args)) {
        throw new RangeError(`gradient by argument ${i}, but there are ${args.length} arguments`);
      }
    }
    if (!marksInForce()) return outside(fn, chosen, typeof argnums === "number", hasAux, args);
    const sizes = args.map((arg) => tree.leaves(arg).length);
    const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((a, b) => a + b, 0));
    const by = chosen.flatMap((i) => Array.from({ length: sizes[i] }, (_, k) => starts[i] + k));
    const total = sizes.reduce((a, b) => a + b, 0);
    const what = { kind: "gradient", args: total, by } as const;
    const [value, more, gradients] = gradientMark(fn, what, chosen, hasAux, enter(...args));
    const result = typeof argnums === "number" ? gradients[0] : gradients;
    return hasAux ? [[value, more], result] : [value, result];
  };
}

/**
 * jax-js's own gradient. It takes arguments that are not differentiated by for constants, also for a gradient around this one;
 * what a function captures is none, so they are captured.
 */
function outside(
  fn: TracedFunction,
  chosen: readonly number[],
  single: boolean,
  hasAux: boolean,
  args: readonly Any[],
): Any {
  const by = (...given: Any[]) =>
    fn(...args.map((arg, i) => chosen.includes(i) ? given[chosen.indexOf(i)] : arg));
  const argnums = single ? 0 : chosen.map((_, k) => k);
  return (jaxValueAndGrad as Any)(by, { argnums, hasAux })(...chosen.map((i) => args[i]));
}

function gradientMark(
  fn: TracedFunction,
  what: GradientMark,
  chosen: readonly number[],
  hasAux: boolean,
  args: Any[],
): [JaxArray, Any, Any[]] {
  return mark(what, (...args) => {
    const [value, more] = marked((...args) => {
      const out = fn(...args);
      if (hasAux && !(Array.isArray(out) && out.length === 2)) {
        throw new TypeError(
          "the gradient of a function that returns no [value, more], with hasAux",
        );
      }
      const [value, more] = hasAux ? out : [out, []];
      if (value?.ndim !== 0 || !isFloat(value.dtype)) {
        const got = value?.shape
          ? `${value.dtype}[${value.shape}]`
          : Array.isArray(value)
          ? "a list"
          : typeof value;
        throw new TypeError(
          `the gradient of a function that returns ${got}; expected a scalar of floats`,
        );
      }
      return [value, more];
    })(...args.map((arg) => tree.ref(arg)));
    return [placeholders(value), placeholders(more), chosen.map((i) => placeholders(args[i]))];
  })(...args) as [JaxArray, Any, Any[]];
}

/** As {@linkcode valueAndGrad}, without the value. */
export function grad(fn: TracedFunction, options: GradientOptions = {}): TracedFunction {
  const both = valueAndGrad(fn, options);
  return (...args) => {
    const [value, gradient] = both(...args);
    if (!options.hasAux) {
      value.dispose();
      return gradient;
    }
    value[0].dispose();
    return [gradient, value[1]];
  };
}
