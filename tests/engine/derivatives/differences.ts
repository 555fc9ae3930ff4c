/**
 * @file Derivatives of the graph's operations against central differences in float64 on engine `ort`, and against jax-js's
 * own in float64 where it has one.
 */
import { numpy as np, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import { differentiate } from "../../../lib/engine/derivatives/differentiate.ts";
import { Ops } from "../../../lib/engine/derivatives/ops.ts";
import { isFloat } from "../../../lib/engine/types.ts";
import { Graph, type Rule, type Value } from "../../../lib/engine/graph.ts";
import { type Spec, type Tensor, tensor } from "../../../lib/engine/mod.ts";
import { ortProgram } from "../../../lib/engine/ort/program.ts";
import { trace } from "../../../lib/engine/trace.ts";
import { assertClose, generator, type InputOptions, randomTensor, runJax } from "../oracle.ts";

type A = np.Array;
// deno-lint-ignore no-explicit-any
type Any = any;
export type Input = readonly [shape: readonly number[], options?: InputOptions];

export interface DerivativeCase {
  readonly name: string;
  /** The function in jax-js; its operations are traced as they stand. */
  readonly fn?: (...xs: Any[]) => A | A[];
  /** The same as a graph, where jax-js has no such operation, or writes it with others. */
  readonly build?: (ops: Ops, inputs: readonly Value[]) => readonly Value[];
  readonly inputs: readonly Input[];
  /** Of floats, float64 by default. */
  readonly dtype?: "float32" | "float64";
  /** Of the differences; a power of two, so that x + step - x is the step. */
  readonly step?: number;
  /** Between derivatives and differences. */
  readonly tolerance?: number;
  /** Why jax-js's own derivative is no oracle here. */
  readonly jaxDiffers?: string;
}

/** Weights of an output with `size` elements, none of them equal, so that no gradient vanishes by symmetry. */
export const weightsOf = (size: number, output = 0): Float64Array<ArrayBuffer> =>
  Float64Array.from({ length: size }, (_, k) => Math.sin(3 * k + 1 + 2 * output));

/** The sum of <output, its weights> in jax-js, over the outputs that are floats. */
export function weighted(outputs: A | A[]): A {
  const list = Array.isArray(outputs) ? outputs : [outputs];
  return list.flatMap((y, i) => {
    if (!isFloat(y.dtype as never)) {
      y.dispose();
      return [];
    }
    // jax-js makes no array without elements of data.
    if (y.size === 0) return [np.sum(y)];
    const weights = np.array(weightsOf(y.size, i), { shape: y.shape, dtype: np.float64 });
    return [np.sum(weights.astype(y.dtype).mul(y))];
  }).reduce((a, b) => a.add(b));
}

export function argumentsOf(
  { inputs, dtype = "float64" }: DerivativeCase,
  seed: number,
): Tensor[] {
  const random = generator(seed);
  return inputs.map(([shape, options]) =>
    randomTensor(random, shape, { ...options, dtype: options?.dtype ?? dtype })
  );
}

/** The program of a case as a graph, without any rewrites. */
export async function bodyOf(
  { fn, build }: DerivativeCase,
  specs: readonly Spec[],
): Promise<Graph> {
  if (!build) return (await trace(fn!, specs)).graph;
  const graph = new Graph([], [], true);
  const inputs = specs.map(({ shape, dtype }) => graph.input(shape, dtype));
  graph.outputs = build(new Ops(graph), inputs);
  return graph;
}

export const floatsAmong = (specs: readonly Spec[]): number[] =>
  specs.flatMap(({ dtype }, i) => isFloat(dtype) ? [i] : []);

/** The gradients of the weighted outputs of a graph by its floats, as a graph that may be differentiated again. */
export function gradientGraph(body: Graph, rules: readonly Rule[] = []): Graph {
  const graph = new Graph(rules, [], true);
  const inputs = body.inputs.map(({ shape, dtype }) => graph.input(shape, dtype));
  const { gradients } = differentiate(graph, body, inputs, {
    by: floatsAmong(body.inputs),
    cotangents: (outputs) =>
      outputs.map(({ shape, dtype }, i) => {
        if (!isFloat(dtype)) return undefined;
        const data = weightsOf(shape.reduce((a, b) => a * b, 1), i);
        return graph.constant({
          shape,
          dtype,
          data: dtype === "float64" ? data : Float32Array.from(data),
        });
      }),
  });
  graph.outputs = gradients;
  return graph;
}

export async function evaluate(graph: Graph, args: readonly Tensor[]): Promise<Tensor[]> {
  const program = await ortProgram(graph, 1);
  try {
    return await Promise.all((await program.run(args)).map((handle) => handle.read()));
  } finally {
    await program.close();
  }
}

/** Central differences of the weighted outputs of a graph by every element of every float argument. */
export async function centralDifferences(
  body: Graph,
  args: readonly Tensor[],
  step = 2 ** -17,
): Promise<Tensor[]> {
  const program = await ortProgram(body, 1);
  const outputsAt = async (args: readonly Tensor[]) =>
    await Promise.all((await program.run(args)).map((handle) => handle.read()));
  try {
    const gradients: Tensor[] = [];
    for (const i of floatsAmong(args)) {
      const { shape, data } = args[i];
      const gradient = tensor(new Float64Array(data.length), shape, "float64");
      for (let k = 0; k < data.length; k++) {
        const moved = (by: number) =>
          outputsAt(args.with(i, { ...args[i], data: data.with(k, data[k] + by) }));
        const [after, before] = [await moved(step), await moved(-step)];
        after.forEach((y, o) => {
          if (!isFloat(y.dtype)) return;
          const weights = weightsOf(y.data.length, o);
          y.data.forEach((v, j) => {
            gradient.data[k] += weights[j] * (v - before[o].data[j]) / (2 * step);
          });
        });
      }
      gradients.push(gradient);
    }
    return gradients;
  } finally {
    await program.close();
  }
}

/** jax-js's own gradients of the weighted outputs, in float64 and outside of any trace. */
export function jaxGradients(
  fn: NonNullable<DerivativeCase["fn"]>,
  args: readonly Tensor[],
): Tensor[] {
  const argnums = floatsAmong(args);
  const gradient = (jaxValueAndGrad as Any)((...xs: A[]) => weighted(fn(...xs)), { argnums });
  const [, ...gradients] = runJax(gradient, args, "float64");
  return gradients;
}

export function assertAllClose(
  got: readonly Tensor[],
  want: readonly Tensor[],
  tolerance: number,
  what: string,
): void {
  assert.equal(got.length, want.length, what);
  got.forEach((g, i) => assertClose(g, want[i], tolerance, `${what}, by float ${i}`));
}
