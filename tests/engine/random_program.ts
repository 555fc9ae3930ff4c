/** @file A program as a list of operations on a pool of values: as a jax function, with gradients, as text. */
import { grad, numpy as np } from "@jax-js/jax";
import type { TracedFunction } from "../../lib/engine/mod.ts";

export type A = np.Array;
export type Shape = readonly number[];

/** One operation of a random program; the arguments are positions in the pool of values. */
export interface Step {
  readonly args: readonly number[];
  readonly shape: Shape;
  /** How the listing shows it, with `$0`, `$1` for the arguments. */
  readonly text: string;
  readonly run: (...xs: A[]) => A;
}

export interface RandomProgram {
  readonly inputs: readonly Shape[];
  readonly steps: readonly Step[];
  /** The values nobody used. */
  readonly outputs: readonly number[];
  readonly differentiate: boolean;
}

/** The program as a jax-js function; every use of a value but its last takes a reference. */
export function functionOf({ inputs, steps, outputs }: RandomProgram): (...xs: A[]) => A[] {
  return (...xs) => {
    const uses = [...inputs, ...steps].map(() => 0);
    for (const i of [...steps.flatMap((s) => s.args), ...outputs]) uses[i]++;
    const pool = [...xs];
    const use = (i: number) => (--uses[i] > 0 ? pool[i].ref : pool[i]);
    for (const { args, run } of steps) pool.push(run(...args.map(use)));
    return outputs.map(use);
  };
}

/**
 * Outputs, and with `differentiate` the gradients of their weighted sum by every input.
 * @param gradientOf jax-js's own by default.
 */
export function withGradients(
  program: RandomProgram,
  // deno-lint-ignore no-explicit-any
  gradientOf: (fn: TracedFunction, options: { argnums: number[] }) => TracedFunction = grad as any,
): TracedFunction {
  const forward = functionOf(program);
  if (!program.differentiate) return forward;
  const loss = (...xs: A[]) =>
    forward(...xs).map((y) => {
      const weights = Float32Array.from({ length: y.size }, (_, k) => Math.sin(3 * k + 1));
      return np.sum(np.array(weights, { shape: y.shape }).astype(y.dtype).mul(y));
    }).reduce((a, b) => a.add(b));
  const argnums = program.inputs.map((_, i) => i);
  const gradient = gradientOf(loss, { argnums });
  return (...xs: A[]) => [...forward(...xs.map((x) => x.ref)), ...gradient(...xs)];
}

export function listing(
  seed: number,
  { inputs, steps, outputs, differentiate }: RandomProgram,
): string {
  const name = (i: number) => (i < inputs.length ? `x${i}` : `t${i - inputs.length}`);
  return [
    `seed ${seed}${differentiate ? ", with gradients" : ""}`,
    ...inputs.map((shape, i) => `x${i}: [${shape}]`),
    ...steps.map(({ args, shape, text }, i) =>
      `t${i} = ${text.replace(/\$(\d)/g, (_, k) => name(args[k]))}  // [${shape}]`
    ),
    `return ${outputs.map(name)}`,
  ].join("\n");
}
