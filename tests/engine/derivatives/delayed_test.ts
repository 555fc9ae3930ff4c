/**
 * @file Gradients of what every turn of a loop reads, summed in the loop or after it from stacked factors: equal to jax-js's on
 * the unrolled program, and where the sum is made.
 */
import { init, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Graph, ScanParams } from "../../../lib/engine/graph.ts";
import { valueAndGrad } from "../../../lib/engine/gradient.ts";
import { optimised } from "../../../lib/engine/rules/optimised.ts";
import { scan } from "../../../lib/engine/scan.ts";
import { trace } from "../../../lib/engine/trace.ts";
import { generator, randomTensor, runEngine, runJax } from "../oracle.ts";
import { assertAllClose } from "./differences.ts";

await init("wasm");

type A = np.Array;
interface Case {
  /** Shapes of the parameters, of the state and of a slice. */
  readonly params: readonly (readonly number[])[];
  readonly state: readonly number[];
  readonly slice: readonly number[];
  readonly cell: (params: A[], h: A, x: A) => A;
  /** States of the way back: cotangents of the state, and the sums that stay in the loop. */
  readonly carried: number;
}

const cases: Record<string, Case> = {
  "a matrix after the loop": {
    params: [[5, 5]],
    state: [2, 5],
    slice: [2, 5],
    cell: ([u], h, x) => np.tanh(np.matmul(h, u).add(x)),
    carried: 1,
  },
  "a transposed matrix after the loop": {
    params: [[5, 5]],
    state: [2, 5],
    slice: [2, 5],
    cell: ([u], h, x) => np.sin(np.matmul(h, np.transpose(u)).add(x)),
    carried: 1,
  },
  "factors that are larger than all that enters: in the loop": {
    params: [[1, 40]],
    state: [9, 1],
    slice: [9, 1],
    cell: ([u], h, x) => h.add(np.sum(np.sin(x.mul(u)), 1, { keepdims: true })),
    carried: 2,
  },
  "an outer product, which is no sum: in the loop": {
    params: [[3, 4, 4]],
    state: [3, 4],
    slice: [4],
    cell: ([u], h, x) => np.tanh(h.add(np.matmul(u, x.reshape([4, 1])).reshape([3, 4]))),
    carried: 2,
  },
  "a bias, a scale and a difference": {
    params: [[4], [4], [4, 4]],
    state: [2, 4],
    slice: [2, 4],
    cell: ([b, s, u], h, x) =>
      np.sin(h.mul(s).sub(np.matmul(x.ref, u.ref)).add(np.matmul(x, u)).sub(b)),
    carried: 1,
  },
  "the same matrix twice, once of a difference": {
    params: [[4, 4]],
    state: [2, 4],
    slice: [2, 4],
    cell: ([u], h, x) => np.tanh(np.matmul(h.ref, u.ref).add(np.matmul(x.sub(h), u))),
    carried: 1,
  },
  "products that are summed over one axis": {
    params: [[3, 1, 4]],
    state: [3, 2],
    slice: [2, 4],
    cell: ([u], h, x) => np.tanh(h.add(np.sum(u.mul(x), 2))),
    carried: 1,
  },
};

function programOf({ params, cell }: Case, reverse: boolean, segments: number) {
  const total = (...args: A[]) => {
    const [x, h] = [args.pop()!, args.pop()!];
    const turn = (p: A[], h: A, x: A): [A, A] => {
      const next = cell(p, h, x.ref);
      x.dispose();
      return [next.ref, next];
    };
    const [last, all] = scan(turn, args, h, x, { reverse, segments });
    return np.sum(np.sin(all)).add(np.sum(last.ref.mul(last)));
  };
  return valueAndGrad(total, { argnums: [...params.keys(), params.length, params.length + 1] });
}

const argumentsOf = ({ params, state, slice }: Case, length: number) => {
  const random = generator(5);
  return [...params, state, [length, ...slice]].map((shape) =>
    randomTensor(random, shape, { low: -1, high: 1, dtype: "float64" })
  );
};

/** The states of the last loop, which is the way back. */
function carriedBack(graph: Graph): number {
  const loops = graph.live().filter((e) => e.op === "scan");
  return (loops.at(-1)!.params as unknown as ScanParams).carries;
}

for (const [name, c] of Object.entries(cases)) {
  Deno.test(`summed over turns: ${name}`, async () => {
    for (const [reverse, segments] of [[false, 1], [true, 1], [false, 3]] as const) {
      const program = programOf(c, reverse, segments);
      const args = argumentsOf(c, 5);
      const got = await runEngine(program, args);
      assertAllClose(got, runJax(program, args, "float64"), 1e-10, `${reverse}, ${segments}`);
    }
    const { graph } = await trace(programOf(c, false, 1), argumentsOf(c, 5), optimised);
    assert.equal(carriedBack(graph), c.carried);
  });
}
