/** @file The graph that programs are traced into: what is shared, what is kept, what is copied into another graph. */
import assert from "node:assert/strict";
import { Graph, type Rule, type Value } from "../../lib/engine/graph.ts";
import { tensor } from "../../lib/engine/mod.ts";
import { emitLoop } from "../../lib/engine/loop.ts";
import { graphOf, runGraph } from "./graph_runner.ts";

const add = (g: Graph, a: Value, b: Value) => g.emit("add", [a, b], {}, a.shape, a.dtype);

Deno.test("equal equations are one, others are not", () => {
  const g = new Graph();
  const [x, y] = [g.input([3], "float32"), g.input([3], "float32")];
  const sum = (axis: number[], op = "Add") => g.emit("reduce", [x], { op, axis }, [], "float32");
  assert.equal(add(g, x, y), add(g, x, y));
  assert.equal(sum([0]), sum([0]));
  const others = [
    add(g, x, y),
    add(g, y, x),
    g.emit("sub", [x, y], {}, [3], "float32"),
    sum([0]),
    sum([1]),
    sum([0], "Max"),
  ];
  assert.equal(new Set(others).size, others.length);
  assert.equal(g.equations.length, others.length);
});

Deno.test("literals are rounded to their dtype, and shared where value, shape and dtype agree", () => {
  const g = new Graph();
  assert.equal(g.uniform(0.1, [], "float32").uniform, Math.fround(0.1));
  assert.equal(g.uniform(0.1, [], "float64").uniform, 0.1);
  assert.equal(g.uniform(0.1, [], "float32"), g.uniform(Math.fround(0.1), [], "float32"));
  const others = [
    g.uniform(0, [], "float32"),
    g.uniform(-0, [], "float32"),
    g.uniform(NaN, [], "float32"),
    g.uniform(0, [1], "float32"),
    g.uniform(0, [], "float64"),
    g.uniform(0, [], "int32"),
  ];
  assert.equal(new Set(others).size, others.length);
});

Deno.test("a constant of equal elements is a literal, any other keeps its elements", () => {
  const g = new Graph();
  const same = g.constant(tensor([2, 2, 2]));
  assert.deepEqual([same.uniform, same.shape, g.constants.size], [2, [3], 0]);
  assert.ok(Number.isNaN(g.constant(tensor([NaN, NaN])).uniform));
  for (const values of [[2, 2, 3], [3, 2, 2], [0, -0], []]) {
    const own = g.constant(tensor(values));
    assert.equal(own.uniform, undefined, `${values}`);
    assert.deepEqual([...g.constants.get(own)!.data], values);
  }
});

Deno.test("what no output depends on is no longer there, and the rest keeps its order", () => {
  const g = new Graph();
  const x = g.input([2], "float32");
  const a = add(g, x, x);
  const unused = g.emit("exp", [a], {}, [2], "float32");
  const [first] = g.emitMany("split", [a], { axis: 0, sizes: [1, 1] }, [
    { shape: [1], dtype: "float32" },
    { shape: [1], dtype: "float32" },
  ]);
  const last = g.emit("neg", [first], {}, [1], "float32");
  g.outputs = [last];
  assert.deepEqual(g.live().map((e) => e.op), ["add", "split", "neg"]);
  g.outputs = [last, unused];
  assert.deepEqual(g.live().map((e) => e.op), ["add", "exp", "split", "neg"]);
  g.outputs = [x];
  assert.deepEqual(g.live(), []);
});

Deno.test("a value knows the equation that made it", () => {
  const g = new Graph();
  const x = g.input([2], "float32");
  const y = g.emit("exp", [x], {}, [2], "float32");
  assert.equal(g.definition(x), undefined);
  assert.deepEqual(g.definition(y)?.inputs, [x]);
  assert.equal(g.made(y, "exp"), g.definition(y));
  assert.equal(g.made(y, "log"), undefined);
});

Deno.test("the first rule that knows an equation decides; observers see what is left", () => {
  const seen: string[] = [];
  const halve: Rule = (g, op, [x], _, out) =>
    op === "double" ? g.emit("twice", [x], {}, out.shape, out.dtype) : undefined;
  const never: Rule = (_, op) => op === "double" ? assert.fail("decided already") : undefined;
  const g = new Graph([halve, never], [(_, e) => seen.push(e.op)]);
  const x = g.input([], "float32");
  const y = g.emit("double", [x], {}, [], "float32");
  assert.equal(g.definition(y)?.op, "twice");
  g.emit("double", [x], {}, [], "float32");
  assert.deepEqual(seen, ["twice"]);
});

Deno.test("a graph is repeated in another with its literals, constants, loops and several results", async () => {
  const body = graphOf(
    [{ shape: [], dtype: "float32" }, { shape: [], dtype: "float32" }],
    (g, [s, x]) => [add(g, s, x), add(g, x, g.uniform(1, [], "float32"))],
  );
  const inner = graphOf([{ shape: [3], dtype: "float32" }], (g, [x]) => {
    const shifted = add(g, x, g.constant(tensor([1, 2, 3])));
    const [total, each] = emitLoop(g, {
      body,
      carry: [g.uniform(0, [], "float32")],
      sequences: [shifted],
      closure: [],
      length: 3,
    });
    const [head, tail] = g.emitMany("split", [shifted], { axis: 0, sizes: [1, 2] }, [
      { shape: [1], dtype: "float32" },
      { shape: [2], dtype: "float32" },
    ]);
    return [total, each, tail, head, x, g.uniform(7, [2], "float32")];
  });
  const x = tensor([10, 20, 30]);
  const [total, each, tail, head, same, seven, again] = await runGraph([x], (g, [x]) => {
    // A loop of its own first: the copied one must not be mistaken for it.
    const other = graphOf(
      [{ shape: [], dtype: "float32" }, { shape: [], dtype: "float32" }],
      (g, [s, x]) => [g.emit("sub", [s, x], {}, [], "float32"), x],
    );
    const zero = g.uniform(0, [], "float32");
    const [minus] = emitLoop(g, {
      body: other,
      carry: [zero],
      sequences: [x],
      closure: [],
      length: 3,
    });
    return [...g.inline(inner, [x]), minus];
  });
  assert.deepEqual([...total.data], [66]);
  assert.deepEqual([...each.data], [12, 23, 34]);
  assert.deepEqual([...tail.data], [22, 33]);
  assert.deepEqual([...head.data], [11]);
  assert.deepEqual([...same.data], [10, 20, 30]);
  assert.deepEqual([...seven.data], [7, 7]);
  assert.deepEqual([...again.data], [-60]);
});
