/**
 * @file What tests of loops are made of: programs with `scan` in them as plain functions of arrays, which any engine can run, and
 * which jax-js runs unrolled, with its own gradients, when they are called outside of a compiled function.
 */
import { numpy as np } from "@jax-js/jax";
import { isFloat } from "../../../lib/engine/types.ts";
import { valueAndGrad } from "../../../lib/engine/gradient.ts";
import type { Tensor, TracedFunction } from "../../../lib/engine/mod.ts";
import { assertAllClose, weighted } from "../derivatives/differences.ts";
import { generator, type InputOptions, randomTensor, runEngine, runJax } from "../oracle.ts";

export type A = np.Array;
// deno-lint-ignore no-explicit-any
export type Any = any;
export type Input = readonly [shape: readonly number[], options?: InputOptions];

export interface ScanCase {
  /** Arrays to a tree of arrays; it consumes its arguments. */
  readonly run: (...xs: Any[]) => Any;
  /** Of floats, float64. */
  readonly inputs: readonly Input[];
  /** Its leaves that are differentiated, of the floats among its outputs; all by default. */
  readonly loss?: (outputs: Any) => A | A[];
  /** Why a `jit` of jax-js cannot run it. */
  readonly notInJit?: string;
  /** Programs with equal oracles compute the same: jax-js is asked once. */
  readonly oracle?: string;
}

export type ScanCases = Readonly<Record<string, ScanCase>>;

export const flat = (value: Any): A[] =>
  value instanceof np.Array || (value && "aval" in value)
    ? [value]
    : Object.values(value).flatMap(flat);

/** What jax-js's `jit` does wrong where it pads or joins a literal: what is added to it reaches what was padded. */
export const paddedLiteral = "a literal that is joined to an array is written over all of it";

/** Outputs of a case, and the gradients of their weighted sum by every argument that is a float. */
export function programOf({ run, inputs, loss }: ScanCase): TracedFunction {
  const argnums = inputs.flatMap(([, options], i) =>
    isFloat(options?.dtype ?? "float64") ? [i] : []
  );
  const total = (...xs: A[]) => {
    const outputs = run(...xs);
    return weighted(flat(loss ? loss(outputs) : outputs));
  };
  const both = valueAndGrad(total, { argnums });
  return (...xs: A[]) => {
    const outputs = run(...xs.map((x) => x.ref));
    return [outputs, both(...xs)];
  };
}

export function argumentsOf({ inputs }: ScanCase): Tensor[] {
  const random = generator(inputs.length + 17);
  return inputs.map(([shape, options]) =>
    randomTensor(random, shape, { low: -1, high: 1, dtype: "float64", ...options })
  );
}

type Run = (fn: TracedFunction, args: readonly Tensor[]) => Promise<Tensor[]>;

/** What jax-js gives for the cases of a table, by their oracles. */
const unrolled = new WeakMap<ScanCases, Map<string, Tensor[]>>();

/**
 * Runs cases through an engine, and compares every output and every gradient with those of jax-js on the unrolled
 * program.
 */
export async function checkAll(
  t: Deno.TestContext,
  cases: ScanCases,
  run: Run,
  tolerance: number,
  skip: (c: ScanCase) => boolean = () => false,
): Promise<void> {
  const known = unrolled.get(cases) ?? new Map<string, Tensor[]>();
  unrolled.set(cases, known);
  for (const [name, c] of Object.entries(cases)) {
    if (skip(c)) continue;
    await t.step(name, async () => {
      const program = programOf(c);
      const args = argumentsOf(c);
      const key = c.oracle ?? name;
      let want = known.get(key);
      if (!want) known.set(key, want = runJax(program, args, "float64"));
      assertAllClose(await run(program, args), want, tolerance, "result");
    });
  }
}

/** The same on engine `jax`, which unrolls. Its exp, tanh and sin are float32 approximations in float64 too. */
export async function checkOnJax(t: Deno.TestContext, cases: ScanCases): Promise<void> {
  const run: Run = (fn, args) => runEngine(fn, args, "jax");
  await checkAll(t, cases, run, 1e-5, ({ notInJit }) => notInJit !== undefined);
}

/**
 * h <- tanh(h w + x u + b), y = sin(h) x; params { w, u, b }. Literals in cells are sums of powers of two: in a trace jax-js
 * rounds others to float32, whatever they are multiplied with.
 */
export function recurrent({ w, u, b }: Any, h: A, x: A): [A, A] {
  const next = np.tanh(np.matmul(h, w).add(np.matmul(x.ref, u)).add(b));
  return [next.ref, np.sin(next).mul(x)];
}
export const recurrentInputs = (length: number, size = 2): Input[] => [
  [[size, size]],
  [[size, size]],
  [[size]],
  [[size]],
  [[length, size]],
];
