/** @file Loops in a graph against plain loops, and what is taken out of them. */
import assert from "node:assert/strict";
import { Graph, type Value } from "../../lib/engine/graph.ts";
import { bodyIn, emitLoop, type Loop, stacked } from "../../lib/engine/loop.ts";
import { type Spec, tensor } from "../../lib/engine/mod.ts";
import { graphOf, runGraph } from "./graph_runner.ts";
import { kernelsOf } from "./near_misses.ts";

const pair: Spec = { shape: [2], dtype: "float32" };
const emit = (g: Graph, op: string, ...xs: Value[]) => g.emit(op, xs, {}, xs[0].shape, xs[0].dtype);
/** A body whose rules are none, as those of the graphs in this file. */
const bodyOf = (specs: readonly Spec[], build: Parameters<typeof bodyIn>[2]) =>
  bodyIn(new Graph(), specs, build);

/** s <- s * w + x, y = s - x; with w a closure. */
const leaky = () =>
  bodyOf([pair, pair, pair], (g, [s, x, w]) => {
    const next = emit(g, "add", emit(g, "mul", s, w), x);
    return [next, emit(g, "sub", next, x)];
  });

const [start, x, w] = [tensor([1, -1]), tensor([1, 2, 3, 4, 5, 6], [3, 2]), tensor([0.5, 2])];

function leakyLoop(order: number[]) {
  let state = [...start.data];
  const outs: number[][] = [];
  for (const t of order) {
    const row = [x.data[2 * t], x.data[2 * t + 1]];
    state = state.map((s, i) => s * w.data[i] + row[i]);
    outs[t] = state.map((s, i) => s - row[i]);
  }
  return { state, outs: outs.flat() };
}

for (const reverse of [false, true]) {
  Deno.test(`a loop runs ${reverse ? "backwards" : "forwards"} and stacks in the order of its sequence`, async () => {
    const [state, outs] = await runGraph([start, x, w], (g, [s, x, w]) =>
      emitLoop(g, {
        body: leaky(),
        carry: [s],
        sequences: [x],
        closure: [w],
        length: 3,
        reverse,
      }));
    const want = leakyLoop(reverse ? [2, 1, 0] : [0, 1, 2]);
    assert.deepEqual([[...state.data], state.shape], [want.state, [2]]);
    assert.deepEqual([[...outs.data], outs.shape], [want.outs, [3, 2]]);
  });
}

Deno.test("a loop of one turn", async () => {
  const one = tensor([3, 4], [1, 2]);
  const [state, outs] = await runGraph(
    [start, one, w],
    (g, [s, x, w]) =>
      emitLoop(g, { body: leaky(), carry: [s], sequences: [x], closure: [w], length: 1 }),
  );
  assert.deepEqual([...state.data], [3.5, 2]);
  assert.deepEqual([[...outs.data], outs.shape], [[0.5, -2], [1, 2]]);
});

Deno.test("a loop of one turn is no loop", () => {
  const graph = graphOf(
    [pair, stacked(pair, 1), pair],
    (g, [s, x, w]) =>
      emitLoop(g, { body: leaky(), carry: [s], sequences: [x], closure: [w], length: 1 }),
  );
  assert.deepEqual(graph.live().map((e) => e.op), ["reshape", "mul", "add", "sub", "reshape"]);
});

Deno.test("two states, two sequences, a value returned twice and one that is ignored", async () => {
  const body = bodyOf([pair, pair, pair, pair], (g, [a, b, x]) => {
    const sum = emit(g, "add", a, x);
    return [b, sum, sum, sum];
  });
  const other = tensor([9, 9, 9, 9, 9, 9], [3, 2]);
  const zero = tensor([0, 0]);
  const [a, b, y, z] = await runGraph(
    [start, zero, x, other],
    (g, [s, t, x, y]) =>
      emitLoop(g, { body, carry: [s, t], sequences: [x, y], closure: [], length: 3 }),
  );
  // (a, b) <- (b, a + x): by hand.
  assert.deepEqual([...a.data], [3, 4]);
  assert.deepEqual([...b.data], [7, 7]);
  assert.deepEqual([...y.data], [2, 1, 3, 4, 7, 7]);
  assert.deepEqual(z.data, y.data);
});

Deno.test("what is the same in every turn is computed once, outside", async () => {
  const loop = (): Omit<Loop, "carry" | "sequences" | "closure"> => ({
    length: 3,
    body: bodyOf([pair, pair, pair], (g, [s, x, w]) => {
      const constant = g.constant(tensor([1, 3]));
      const gain = emit(g, "exp", emit(g, "mul", w, constant));
      const shift = emit(g, "add", gain, g.uniform(1, [2], "float32"));
      const next = emit(g, "add", emit(g, "mul", s, gain), x);
      return [next, emit(g, "mul", shift, x)];
    }),
  });
  const graph = graphOf(
    [pair, stacked(pair, 3), pair],
    (g, [s, x, w]) => emitLoop(g, { ...loop(), carry: [s], sequences: [x], closure: [w] }),
  );
  assert.deepEqual(graph.live().map((e) => e.op), ["mul", "exp", "add", "scan"]);
  assert.equal(kernelsOf(graph), "Add Exp Mul Scan");
  const body = graph.body(0);
  assert.deepEqual(body.live().map((e) => e.op).toSorted(), ["add", "mul", "mul"]);

  const small = tensor([0, Math.log(2) / 3]);
  const [state, outs] = await runGraph(
    [start, x, small],
    (g, [s, x, w]) => emitLoop(g, { ...loop(), carry: [s], sequences: [x], closure: [w] }),
  );
  let want = [...start.data];
  const gain = [1, 2];
  for (let t = 0; t < 3; t++) want = want.map((s, i) => s * gain[i] + x.data[2 * t + i]);
  state.data.forEach((v, i) => assert.ok(Math.abs(v - want[i]) < 1e-5));
  outs.data.forEach((v, i) => assert.ok(Math.abs(v - (gain[i % 2] + 1) * x.data[i]) < 1e-5));
});

Deno.test("a closure that only the results read, and literals as results", async () => {
  const body = bodyOf([pair, pair, pair], (g, [s, _, w]) => [
    s,
    emit(g, "neg", w),
    g.uniform(4, [2], "float32"),
    w,
  ]);
  const [state, minus, four, same] = await runGraph(
    [start, x, w],
    (g, [s, x, w]) => emitLoop(g, { body, carry: [s], sequences: [x], closure: [w], length: 3 }),
  );
  assert.deepEqual([...state.data], [1, -1]);
  assert.deepEqual([...minus.data], [-0.5, -2, -0.5, -2, -0.5, -2]);
  assert.deepEqual([...four.data], [4, 4, 4, 4, 4, 4]);
  assert.deepEqual([...same.data], [0.5, 2, 0.5, 2, 0.5, 2]);
});

Deno.test("a loop in a loop", async () => {
  // Inner: sum of the row plus w; outer: adds up the inner sums.
  const scalar: Spec = { shape: [], dtype: "float32" };
  const inner = bodyOf([scalar, scalar, scalar], (g, [s, x, w]) => [
    emit(g, "add", emit(g, "add", s, x), emit(g, "exp", w)),
  ]);
  const outer = bodyOf([scalar, pair, scalar], (g, [s, row, w]) => {
    const zero = g.uniform(0, [], "float32");
    const [total] = emitLoop(g, {
      body: inner,
      carry: [zero],
      sequences: [row],
      closure: [w],
      length: 2,
    });
    return [emit(g, "add", s, total), total];
  });
  const [sum, rows] = await runGraph(
    [tensor(0), x, tensor(0)],
    (g, [s, x, w]) =>
      emitLoop(g, { body: outer, carry: [s], sequences: [x], closure: [w], length: 3 }),
  );
  assert.deepEqual([...sum.data], [27]);
  assert.deepEqual([...rows.data], [5, 9, 13]);
});
