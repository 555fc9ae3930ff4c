/** @file Graphs as ONNX models: constants of every dtype, what is shared, inputs and outputs. */
import onnxProto from "onnx-proto";
import assert from "node:assert/strict";
import { Graph, type Value } from "../../../lib/engine/graph.ts";
import { bodyIn, emitLoop } from "../../../lib/engine/loop.ts";
import { type DType, type Spec, type Tensor, tensor } from "../../../lib/engine/mod.ts";
import { lower } from "../../../lib/engine/onnx/lower.ts";
import { Model } from "../../../lib/engine/onnx/model.ts";
import { graphOf, runGraph } from "../graph_runner.ts";
import { kernelsOf } from "../near_misses.ts";

const spec = (...shape: number[]): Spec => ({ shape, dtype: "float32" });
const decoded = (graph: Graph) => onnxProto.onnx.ModelProto.decode(lower(graph).bytes).graph!;
const emit = (g: Graph, op: string, ...xs: Value[]) => g.emit(op, xs, {}, xs[0].shape, xs[0].dtype);

Deno.test("constants of every dtype keep their elements", async () => {
  const constants: Tensor[] = [
    tensor([1.5, NaN, -Infinity, -0], [2, 2]),
    tensor([0.1, 1e300, NaN], [3], "float64"),
    tensor([-(2 ** 31), 2 ** 31 - 1, 0], [3], "int32"),
    tensor([0, 2 ** 31, 2 ** 32 - 1], [3], "uint32"),
    tensor([0, 1, 1], [3], "bool"),
    // A part of a larger buffer.
    { dtype: "float32", shape: [2], data: Float32Array.of(9, 1, 2, 9).subarray(1, 3) },
    // Long ones are compared by a hash.
    tensor(Array.from({ length: 100 }, (_, i) => i)),
    tensor(Array.from({ length: 100 }, (_, i) => i % 99)),
  ];
  const got = await runGraph([], (g) => constants.map((c) => g.constant(c)));
  constants.forEach((c, i) => {
    assert.deepEqual([got[i].dtype, got[i].shape], [c.dtype, c.shape]);
    assert.deepEqual([...got[i].data], [...c.data]);
  });
});

Deno.test("literals of every dtype fill their shape", async () => {
  const literals: [number, number[], DType][] = [
    [0.1, [2, 3], "float32"],
    [0.1, [1], "float64"],
    [-7, [], "int32"],
    [2 ** 32 - 1, [3], "uint32"],
    [1, [2], "bool"],
    [0, [2], "bool"],
    [5, [2, 0], "float32"],
  ];
  const got = await runGraph([], (g) => literals.map((l) => g.uniform(...l)));
  literals.forEach(([value, shape, dtype], i) => {
    assert.deepEqual([got[i].dtype, got[i].shape], [dtype, shape]);
    const want = tensor(value, shape, dtype);
    assert.deepEqual([...got[i].data], [...want.data]);
  });
});

Deno.test("equal constants are stored once, those of another shape or dtype are not", () => {
  const constants = (...list: Tensor[]) =>
    decoded(graphOf([], (g) => list.map((c) => g.constant(c)))).initializer!.length;
  const [a, b] = [tensor([0, 1]), tensor([0, 1])];
  assert.equal(constants(a, b), 1);
  assert.equal(constants(a, tensor([0, 1], [1, 2])), 2);
  assert.equal(constants(tensor([0, 1], [2], "int32"), tensor([0, 1], [2], "float32")), 2);
  const long = Array.from({ length: 100 }, (_, i) => i);
  assert.equal(constants(tensor(long), tensor(long)), 1);
  assert.equal(constants(tensor(long), tensor(long.with(99, 0))), 2);
});

Deno.test("equal nodes are one, nodes that differ in an attribute or a shape are not", () => {
  const model = new Model();
  const x = model.input("x", [2, 2], "float32");
  const turned = model.node("Transpose", [x], [2, 2], "float32", { perm: [1, 0] });
  assert.equal(model.node("Transpose", [x], [2, 2], "float32", { perm: [1, 0] }), turned);
  const others = [
    turned,
    model.node("Transpose", [x], [2, 2], "float32", { perm: [0, 1] }),
    model.node("Identity", [x], [2, 2], "float32"),
    model.node("Transpose", [turned], [2, 2], "float32", { perm: [1, 0] }),
    model.node("Expand", [x], [3, 2, 2], "float32"),
    model.node("Expand", [x], [1, 2, 2], "float32"),
  ];
  assert.equal(new Set(others.map((ref) => ref.name)).size, others.length);
  assert.equal(model.nodes, others.length);
  assert.ok(model.makes(turned) && !model.makes(x));
});

Deno.test("inputs that nothing reads are not declared, the others keep their places", async () => {
  const build = (g: Graph, [, b, c]: Value[]) => [emit(g, "sub", c, b)];
  const graph = graphOf([spec(2), spec(2), spec(2)], build);
  assert.deepEqual(lower(graph).inputs, [undefined, "in1", "in2"]);
  assert.equal(decoded(graph).input!.length, 2);
  const [y] = await runGraph([tensor([9, 9]), tensor([1, 2]), tensor([5, 7])], build);
  assert.deepEqual([...y.data], [4, 5]);
});

Deno.test("inputs, literals and equal values as outputs", async () => {
  const build = (g: Graph, [x]: Value[]) => {
    const y = emit(g, "exp", x);
    return [x, y, y, x, g.uniform(2, [2], "float32"), g.uniform(2, [2], "float32")];
  };
  const outputs = await runGraph([tensor([0, 0])], build);
  assert.deepEqual(
    outputs.map((t) => [...t.data]),
    [[0, 0], [1, 1], [1, 1], [0, 0], [2, 2], [2, 2]],
  );
  // What an output shares is returned once.
  const { outputs: names } = lower(graphOf([spec(2)], build));
  assert.equal(names[1], names[2]);
});

Deno.test("a graph without outputs that need computing has nodes for its outputs alone", () => {
  assert.equal(kernelsOf(graphOf([spec(2)], (_, [x]) => [x])), "Identity");
  const unused = graphOf([spec(2)], (g, [x]) => {
    emit(g, "exp", x);
    return [emit(g, "neg", x)];
  });
  assert.equal(kernelsOf(unused), "Neg");
});

Deno.test("a loop carries and stacks values of every dtype", async () => {
  const slices: Spec[] = [
    { shape: [], dtype: "uint32" },
    { shape: [2], dtype: "float64" },
    { shape: [], dtype: "bool" },
    { shape: [2], dtype: "int32" },
  ];
  const body = bodyIn(new Graph(), slices, (g, [n, x, flag, k]) => [
    g.emit("add", [n, g.uniform(2 ** 32 - 1, [], "uint32")], {}, [], "uint32"),
    g.emit("add", [x, k], {}, [2], "float64"),
    flag,
    g.emit("neg", [k], {}, [2], "int32"),
  ]);
  const flags = tensor([1, 0, 1], [3], "bool");
  const ks = tensor([1, 2, 3, 4, 5, 6], [3, 2], "int32");
  const start = [tensor(1, [], "uint32"), tensor([0.1, -0.1], [2], "float64")];
  const build = (reverse: boolean) => (g: Graph, [n, x, flags, ks]: Value[]) =>
    emitLoop(g, { body, carry: [n, x], sequences: [flags, ks], closure: [], length: 3, reverse });
  for (const reverse of [false, true]) {
    const [n, x, same, minus] = await runGraph([...start, flags, ks], build(reverse));
    assert.deepEqual([n, x, same, minus].map((t) => t.dtype), [
      "uint32",
      "float64",
      "bool",
      "int32",
    ]);
    assert.deepEqual([...n.data], [2 ** 32 - 2]);
    [9.1, 11.9].forEach((want, i) => assert.ok(Math.abs(x.data[i] - want) < 1e-12));
    assert.deepEqual([...same.data], [1, 0, 1]);
    assert.deepEqual([...minus.data], [-1, -2, -3, -4, -5, -6]);
  }
});

Deno.test("arrays without elements cost no kernel and have their shape", async () => {
  const build = (g: Graph, [x]: Value[]) => [
    emit(g, "exp", x),
    g.emit("reduce", [x], { op: "Add", axis: [0] }, [3], "float32"),
    g.emit("reduce", [x], { op: "Add", axis: [1] }, [0], "float32"),
    g.emit("concatenate", [x, g.uniform(4, [1, 3], "float32"), x], { axis: 0 }, [1, 3], "float32"),
    g.emit("pad", [x], { width: [[1, 1], [0, 0]] }, [2, 3], "float32"),
    g.emit("reshape", [x], { shape: [3, 0] }, [3, 0], "float32"),
  ];
  const got = await runGraph([tensor([], [0, 3])], build);
  assert.deepEqual(got.map((t) => t.shape), [[0, 3], [3], [0], [1, 3], [2, 3], [3, 0]]);
  assert.deepEqual(
    got.map((t) => [...t.data]),
    [[], [0, 0, 0], [], [4, 4, 4], [0, 0, 0, 0, 0, 0], []],
  );
});

Deno.test("elementwise kernels read stretched operands as they are stored", () => {
  const row = (g: Graph, x: Value) =>
    g.emit("broadcast", [x], { shape: [3, 4], axis: [0] }, [3, 4], "float32");
  const both = [spec(3, 4), spec(4)];
  const sum = graphOf(both, (g, [x, y]) => [emit(g, "add", x, row(g, y))]);
  assert.equal(kernelsOf(sum), "Add");
  const rowOfOne = graphOf([spec(3, 4), spec(1, 4)], (g, [x, y]) => [emit(g, "add", x, y)]);
  assert.equal(kernelsOf(rowOfOne), "Add");
  // An axis that the larger operand lacks lands where the result wants it.
  const last = graphOf([spec(3, 4, 1), spec(1, 1, 2)], (g, [x, y]) => [
    g.emit("add", [x, y], {}, [3, 4, 2], "float32"),
  ]);
  assert.equal(kernelsOf(last), "Add");
  const middle = graphOf([spec(3, 1, 4), spec(1, 2, 1)], (g, [x, y]) => [
    g.emit("add", [x, y], {}, [3, 2, 4], "float32"),
  ]);
  assert.equal(kernelsOf(middle), "Add");
  const total = graphOf([spec(4)], (g, [y]) => [
    g.emit("reduce", [emit(g, "exp", row(g, y))], { op: "Max", axis: [0] }, [4], "float32"),
  ]);
  assert.equal(kernelsOf(total), "Exp");
  // Also through a reshape that merges other axes, some of size 1.
  const merged = graphOf([spec(2, 1, 3)], (g, [y]) => {
    const wide = g.emit(
      "broadcast",
      [y],
      { shape: [4, 2, 1, 3], axis: [0] },
      [4, 2, 1, 3],
      "float32",
    );
    const flat = g.emit("reshape", [wide], { shape: [4, 6] }, [4, 6], "float32");
    return [g.emit("reduce", [flat], { op: "Max", axis: [0] }, [6], "float32")];
  });
  assert.equal(kernelsOf(merged), "Reshape");
  const turned = graphOf([spec(4, 3), spec(4, 3)], (g, [x, y]) => {
    const turn = (v: Value) => g.emit("transpose", [v], { perm: [1, 0] }, [3, 4], "float32");
    const product = emit(g, "mul", turn(x), turn(y));
    return [g.emit("transpose", [product], { perm: [1, 0] }, [4, 3], "float32")];
  });
  assert.equal(kernelsOf(turned), "Mul");
});

Deno.test("moves along one axis leave the stretched ones as they are", () => {
  const kernelOfMove = (op: string, params: Record<string, unknown>, n: number) =>
    kernelsOf(graphOf([spec(3)], (g, [x]) => {
      const wide = g.emit("broadcast", [x], { shape: [4, 3], axis: [0] }, [4, 3], "float32");
      const moved = g.emit(op, [wide], params, [4, n], "float32");
      return [g.emit("reduce", [moved], { op: "Max", axis: [0] }, [n], "float32")];
    }));
  assert.equal(kernelOfMove("pad", { width: [[0, 0], [1, 0]] }, 4), "Pad");
  assert.equal(kernelOfMove("shrink", { slice: [[0, 4], [1, 3]] }, 2), "Slice");
  assert.equal(kernelOfMove("flip", { axis: [0, 1] }, 3), "Slice");
  assert.equal(kernelOfMove("transpose", { perm: [0, 1] }, 3), "Identity");
});

Deno.test("operands whose axes are merged in different places are made dense", async () => {
  const [x, y] = [tensor([0, 1, 2, 3, 4, 5], [3, 2]), tensor([0, 10, 20, 30, 40, 50], [2, 3])];
  const merged = (g: Graph, v: Value) => {
    const shape = v.shape.toReversed();
    const turned = g.emit("transpose", [v], { perm: [1, 0] }, shape, "float32");
    return g.emit("reshape", [turned], { shape: [6] }, [6], "float32");
  };
  const [sum] = await runGraph([x, y], (g, [x, y]) => [emit(g, "add", merged(g, x), merged(g, y))]);
  assert.deepEqual([...sum.data], [0, 32, 14, 41, 23, 55]);
});
