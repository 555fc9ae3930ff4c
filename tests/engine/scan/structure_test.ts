/** @file What a loop becomes: graphs that do not grow with it, without what nobody reads, with saved states as few as asked for. */
import { init, nn, numpy as np } from "@jax-js/jax";
import onnxProto from "onnx-proto";
import assert from "node:assert/strict";
import { grad, valueAndGrad } from "../../../lib/engine/gradient.ts";
import type { Equation, Graph } from "../../../lib/engine/graph.ts";
import { type Spec, type TracedFunction } from "../../../lib/engine/mod.ts";
import { lower } from "../../../lib/engine/onnx/lower.ts";
import { optimised } from "../../../lib/engine/rules/optimised.ts";
import { scan, type ScanOptions } from "../../../lib/engine/scan.ts";
import { trace } from "../../../lib/engine/trace.ts";
import type { A, Any } from "./cases.ts";

await init("wasm");

const spec = (...shape: number[]): Spec => ({ shape, dtype: "float32" });
/** Sizes that nothing else has, so that shapes tell what they are. */
const [state, width] = [5, 7];

const recurrent = (options: ScanOptions) => ({ w, u }: Any, h: A, xs: A) =>
  scan(
    ({ w, u }: Any, h: A, x: A) => {
      const next = np.tanh(np.matmul(h, w).add(np.matmul(x, u)));
      return [next.ref, np.sin(next)];
    },
    { w, u },
    h,
    xs,
    options,
  );
const specs = (length: number) => [
  { w: spec(state, state), u: spec(width, state) },
  spec(state),
  spec(length, width),
];
const lossOf = (options: ScanOptions) => (p: Any, h: A, xs: A) => {
  const [last, ys] = recurrent(options)(p, h, xs);
  return np.sum(np.square(last)).add(np.sum(ys));
};
const gradientOf = (options: ScanOptions) => valueAndGrad(lossOf(options), { argnums: [0, 1, 2] });

const graphOf = async (fn: TracedFunction, specs: readonly Any[]) =>
  (await trace(fn, specs, optimised)).graph;

/** The loops of a graph, and those in their bodies. */
function loopsOf(graph: Graph): Equation[] {
  return graph.live().filter((e) => e.op === "scan").flatMap((e) => [
    e,
    ...loopsOf(graph.body(e.params.body as number)),
  ]);
}
const operationsIn = (graph: Graph, loop: Equation) =>
  graph.body(loop.params.body as number).live().map((e) => e.op).toSorted();

/** The `Scan` nodes of the model that a graph is lowered to. */
function scanNodes(graph: Graph) {
  const nodes: Any[] = [];
  const collect = (graph: Any) => {
    for (const node of graph.node) {
      if (node.opType === "Scan") nodes.push(node);
      for (const { g } of node.attribute) if (g) collect(g);
    }
  };
  collect(onnxProto.onnx.ModelProto.decode(lower(graph).bytes).graph);
  return nodes;
}

const programs: Record<string, (length: number) => [TracedFunction, Any[]]> = {
  "a loop": (length) => [recurrent({}), specs(length)],
  "its gradient": (length) => [gradientOf({}), specs(length)],
  "its gradient, backwards": (length) => [gradientOf({ reverse: true }), specs(length)],
  "its gradient, in 5 segments": (length) => [gradientOf({ segments: 5 }), specs(length)],
  "its gradient, in 9 segments that are not equal": (length) => [
    gradientOf({ segments: 9 }),
    specs(length),
  ],
  "the gradient of its gradient": (length) => [
    grad((p: Any, h: A, xs: A) => np.sum(np.sin(grad(lossOf({}), { argnums: 1 })(p, h, xs)))),
    specs(length),
  ],
  "a loop over layers": (length) => [
    grad((ws: A, x: A) =>
      np.sum(scan((_: Any, x: A, w: A) => [nn.silu(np.matmul(x, w)), []] as Any, [], x, ws)[0] as A)
    ),
    [spec(length, width, width), spec(3, width)],
  ],
};

Deno.test("a program does not grow with the length of its loops", async (t) => {
  for (const [name, program] of Object.entries(programs)) {
    await t.step(name, async () => {
      // Neither divides by 9 without a remainder; a segment of one turn would be no loop.
      const [short, long] = await Promise.all([31, 3001].map(async (length) => {
        const graph = await graphOf(...program(length));
        return { equations: graph.live().length, ...lower(graph) };
      }));
      assert.equal(long.equations, short.equations);
      assert.equal(long.nodes, short.nodes);
      // Numbers with more digits, nothing else.
      const growth = long.bytes.length - short.bytes.length;
      assert.ok(growth < short.bytes.length / 20, `${short.bytes.length} bytes and ${growth} more`);
    });
  }
});

Deno.test("results that nobody reads are not made", async () => {
  const cell = (_: Any, { s, t }: Any, x: A): Any => [
    { s: s.add(x.ref), t: t.mul(x.ref) },
    { a: np.exp(x.ref), b: np.sin(x) },
  ];
  const outputs = async (read: (last: Any, y: Any) => Any) => {
    const fn = (s: A, t: A, xs: A) => {
      const [last, y] = scan(cell, [], { s, t }, xs) as Any;
      return read(last, y);
    };
    const [node, ...more] = scanNodes(await graphOf(fn, [spec(2), spec(2), spec(9, 2)]));
    assert.equal(more.length, 0);
    const operations = node.attribute.find(({ name }: Any) => name === "body").g.node;
    return [node.output.length, operations.map((n: Any) => n.opType).toSorted().join(" ")];
  };
  const count = async (read: (last: Any, y: Any) => Any) => (await outputs(read))[0];
  assert.equal(await count((last, y) => [last, y]), 4);
  assert.equal(await count((last) => last), 2);
  assert.equal(await count((last) => last.t), 1);
  assert.equal(await count((last, y) => [last.s, y.b]), 2);
  assert.deepEqual(await outputs((_, y) => y.b), [1, "Sin"]);
});

Deno.test("states are saved only where a derivative reads them", async () => {
  // Linear in the state, with constant gains: the way back needs none of it.
  const linear = (w: A, s: A, xs: A) =>
    np.sum(scan((w: A, s: A, x: A) => [s.mul(w).add(x), []] as Any, w, s, xs)[0] as A);
  const stacks = async (argnums: number[]) => {
    const graph = await graphOf(grad(linear, { argnums }), [spec(3), spec(3), spec(9, 3)]);
    // Stacked results of all loops, as they are made.
    return scanNodes(graph).map((node) => {
      const scans = node.attribute.find(({ name }: Any) => name === "scan_output_directions");
      return scans?.ints.length ?? 0;
    });
  };
  assert.deepEqual(await stacks([1]), [0]);
  // By the sequence: their cotangents, stacked on the way back.
  assert.deepEqual(await stacks([2]), [1]);
  // By the gains: a way forward that saves, and a way back that sums.
  assert.deepEqual(await stacks([0]), [1, 0]);
});

Deno.test("sequences that no turn reads are not handed in", async () => {
  const fn = (s: A, xs: A, ys: A) =>
    scan((_: Any, s: A, [x]: Any) => [s.add(x), []] as Any, [], s, [xs, ys])[0];
  const graph = await graphOf(fn, [spec(2), spec(9, 2), spec(9, 4)]);
  const [loop] = loopsOf(graph);
  assert.deepEqual(loop.inputs.map((v) => v.shape), [[2], [9, 2]]);
  assert.equal(lower(graph).inputs[2], undefined);
  // Nor are those whose elements are all one number: it goes into the body.
  const zeros = (s: A, w: A) =>
    scan((w: A, s: A, x: A) => [s.mul(w).add(np.sin(x)), []] as Any, w, s, np.zeros([9, 2]))[0];
  const [second] = loopsOf(await graphOf(zeros, [spec(2), spec(2)]));
  assert.deepEqual(second.inputs.map((v) => v.shape), [[2], [2]]);
});

Deno.test("what is the same in every turn is outside of the loop, on both ways", async () => {
  const fn = (w: A, s: A, xs: A) => {
    const cell = (w: A, s: A, x: A): Any => {
      const gate = nn.sigmoid(np.matmul(w.ref, np.exp(w)));
      return [np.matmul(s, gate).add(x), []];
    };
    return np.sum(np.sin(scan(cell, w, s, xs)[0] as A));
  };
  const forward = await graphOf(fn, [spec(3, 3), spec(3), spec(9, 3)]);
  assert.deepEqual(operationsIn(forward, loopsOf(forward)[0]).filter((op) => op !== "reshape"), [
    "add",
    "dot",
  ]);
  const both = await graphOf(grad(fn), [spec(3, 3), spec(3), spec(9, 3)]);
  const loops = loopsOf(both);
  assert.equal(loops.length, 2);
  for (const loop of loops) {
    const inside = operationsIn(both, loop);
    for (const op of ["exp", "sigmoid", "reciprocal"]) assert.ok(!inside.includes(op), `${inside}`);
  }
});

Deno.test("with segments the states before each segment are saved, and no others", async () => {
  const length = 60;
  const shapesOf = async (options: ScanOptions) => {
    const graph = await graphOf(gradientOf(options), specs(length));
    const top = graph.live().filter((e) => e.op === "scan");
    const lengthwise = (loops: Equation[]) =>
      loops.flatMap((e) => e.outs.slice(e.params.carries as number).map((v) => `${v.shape}`));
    return { top: lengthwise(top), all: lengthwise(loopsOf(graph)) };
  };
  const saved = `${length},${state}`;
  const one = await shapesOf({});
  assert.ok(one.top.includes(saved));
  const parts = await shapesOf({ segments: 4 });
  assert.ok(parts.top.includes(`4,${state}`), "before each of 4 segments");
  assert.ok(parts.all.includes(`15,${state}`), "inside of a segment, one at a time");
  // What is stacked over the whole length are outputs and gradients of sequences, by segments.
  assert.ok(!parts.all.includes(saved), `${parts.all}`);
  const uneven = await shapesOf({ segments: 7 });
  assert.ok(uneven.top.includes(`4,${state}`) && uneven.top.includes(`3,${state}`));
  assert.ok(!uneven.all.includes(saved));
});

Deno.test("a loop whose turns all stand alone saves nothing", async () => {
  const fn = grad((w: A, xs: A) =>
    np.sum(scan((w: A, _: Any, x: A) => [[], np.sin(x.mul(w))] as Any, w, [], xs)[1] as A)
  );
  const graph = await graphOf(fn, [spec(3), spec(9, 3)]);
  // The way forward is read by nobody.
  assert.equal(scanNodes(graph).length, 1);
});

Deno.test("results of a loop that depend on nothing differentiated need no derivative", async () => {
  const fn = (w: A, a: A, b: A, xs: A) => {
    const cell = (w: A, { a, b }: Any, x: A): Any => {
      const next = np.sin(b.add(x.ref));
      return [{ a: np.tanh(a.mul(w)).add(x), b: next.ref }, next];
    };
    const [last, ys] = scan(cell, w, { a, b }, xs) as Any;
    // It has none.
    const factor = (x: A) => np.sum(np.linalg.cholesky(np.matmul(x.ref, np.transpose(x))));
    return np.sum(last.a).mul(factor(ys)).mul(factor(np.stack([last.b.ref, last.b])));
  };
  const given = [spec(3), spec(3), spec(3), spec(9, 3)];
  await graphOf(grad(fn, { argnums: [0, 1] }), given);
  for (const argnums of [2, 3]) {
    await assert.rejects(graphOf(grad(fn, { argnums }), given), { name: "NotDifferentiable" });
  }
});
