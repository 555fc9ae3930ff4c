/**
 * @file Programs that just match a rewrite and programs that just miss it: what is left of each, and that it computes what
 * jax-js computes eagerly.
 */
import onnxProto from "onnx-proto";
import assert from "node:assert/strict";
import type { Equation, Graph, Value } from "../../lib/engine/graph.ts";
import { sizeOf, type Tensor, type TracedFunction } from "../../lib/engine/mod.ts";
import { lower } from "../../lib/engine/onnx/lower.ts";
import { optimised } from "../../lib/engine/rules/optimised.ts";
import { trace } from "../../lib/engine/trace.ts";
import { assertClose, runEngine, runJax } from "./oracle.ts";

/** A program, its arguments, and, where it matters, the operations that the rewrites leave of it, in any order. */
export type NearMiss = readonly [fn: TracedFunction, args: readonly Tensor[], left?: string];

/** What {@linkcode trace} is given to rewrite with. */
export type Rewrites = Parameters<typeof trace>[2];

/** The operations that are left of a program, sorted. */
export async function operations(
  fn: TracedFunction,
  args: readonly Tensor[],
  rewrites: Rewrites = optimised,
): Promise<string> {
  const { graph } = await trace(fn, args, rewrites);
  graph.live().forEach(assertShape);
  return sorted(graph.live().map((e) => e.op));
}

const elementwise = new Set(
  "add sub mul min max neg exp log reciprocal compare where sigmoid tanh softplus gelu_tanh gelu_erf softmax"
    .split(" "),
);

/** That a rewrite gave the shape that follows from its operands: kernels forgive much, later rewrites do not. */
function assertShape({ op, inputs, params, outs: [{ shape }] }: Equation): void {
  const [first] = inputs.map((v) => v.shape);
  const rank = Math.max(...inputs.map((v) => v.shape.length));
  const at = (v: Value, i: number) => v.shape[v.shape.length - rank + i] ?? 1;
  if (elementwise.has(op)) {
    const wide = Array.from({ length: rank }, (_, i) => Math.max(...inputs.map((v) => at(v, i))));
    assert.deepEqual([...shape], wide, `${op} of shapes ${inputs.map((v) => `[${v.shape}]`)}`);
  } else if (op === "reduce") {
    const gone = params.axis as number[];
    assert.deepEqual([...shape], first.filter((_, i) => !gone.includes(i)), op);
  } else if (op === "transpose") {
    assert.deepEqual([...shape], (params.perm as number[]).map((p) => first[p]), op);
  } else if (op === "reshape") assert.equal(sizeOf(shape), sizeOf(first), op);
}

/** The ONNX operators that a program is lowered to, sorted. */
export async function kernels(fn: TracedFunction, args: readonly Tensor[]): Promise<string> {
  const { graph } = await trace(fn, args, optimised);
  return kernelsOf(graph);
}

export function kernelsOf(graph: Graph): string {
  const model = onnxProto.onnx.ModelProto.decode(lower(graph).bytes);
  return sorted(model.graph!.node!.map((node) => node.opType!));
}

const sorted = (names: readonly string[]) => names.toSorted().join(" ");

/** Results on engine `ort` beside those of jax-js, which computes floats in float64. */
export async function assertAgrees(
  fn: TracedFunction,
  args: readonly Tensor[],
  tolerance = 2e-6,
): Promise<void> {
  const got = await runEngine(fn, args);
  const want = runJax(fn, args, "float64");
  assert.equal(got.length, want.length);
  got.forEach((g, i) => {
    const real = (dtype: string) => dtype.startsWith("float");
    assert.ok(
      g.dtype === want[i].dtype || (real(g.dtype) && real(want[i].dtype)),
      `output ${i} is ${g.dtype}, expected ${want[i].dtype}`,
    );
    assertClose(g, want[i], real(g.dtype) ? tolerance : 0, `output ${i}`);
  });
}

/** Checks every program of a table in a step of its own. */
export async function checkAll(
  t: Deno.TestContext,
  programs: Readonly<Record<string, NearMiss>>,
  { tolerance, rewrites }: { tolerance?: number; rewrites?: Rewrites } = {},
): Promise<void> {
  for (const [name, [fn, args, left]] of Object.entries(programs)) {
    await t.step(name, async () => {
      if (left !== undefined) assert.equal(await operations(fn, args, rewrites), left);
      await assertAgrees(fn, args, tolerance);
    });
  }
}
