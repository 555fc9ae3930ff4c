/**
 * @file The parts of jax-js that `lib/engine/trace.ts` reads without a promise that they stay. When an upgrade
 * breaks this test, that file is what has to change.
 */
import { grad, init, jit, jvp, makeJaxpr, nn, numpy as np, valueAndGrad, vmap } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, tensor, UnsupportedPrimitive } from "../../lib/engine/mod.ts";
import { loweredPrimitives } from "../../lib/engine/onnx/lower.ts";
import { valueAndGrad as ourGradient } from "../../lib/engine/gradient.ts";
import { optimised } from "../../lib/engine/rules/optimised.ts";
import { trace } from "../../lib/engine/trace.ts";
import { equationsOf } from "./jaxprs.ts";
import { runEngine, runJax } from "./oracle.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

await init("wasm");

Deno.test("a jaxpr has the layout the engine reads", () => {
  const double = jit((x: np.Array) => x.mul(2));
  const f = (x: np.Array) => np.matmul(double(x), np.array([[1, 2], [3, 4]])).sum();
  const { jaxpr: closed, treedef } = (makeJaxpr(f) as Any)(np.zeros([3, 2]));
  assert.deepEqual(Object.keys(closed).sort(), ["consts", "jaxpr"]);
  assert.equal(closed.consts.length, 1);
  assert.deepEqual(closed.consts[0].shape, [2, 2]);
  const { inBinders, eqns, outs } = closed.jaxpr;
  // Constants come first among the binders, then the arguments.
  assert.deepEqual(inBinders.map((v: Any) => v.aval.shape), [[2, 2], [3, 2]]);
  assert.deepEqual(outs[0].aval.shape, []);
  assert.equal(inBinders[0].aval.dtype, "float32");
  const inner = eqns.find((e: Any) => e.primitive === "jit");
  assert.deepEqual(Object.keys(inner.params).sort(), ["jaxpr", "name", "numConsts"]);
  const [mul] = inner.params.jaxpr.eqns;
  assert.equal(mul.primitive, "mul");
  assert.deepEqual(mul.inputs.map((x: Any) => x.value), [undefined, 2]);
  const dot = eqns.find((e: Any) => e.primitive === "dot");
  assert.deepEqual(dot.outBinders.map((v: Any) => v.aval.shape), [[3, 2]]);
  const reduce = eqns.find((e: Any) => e.primitive === "reduce");
  assert.deepEqual(reduce.params, { op: "Add", axis: [0, 1] });
  assert.equal(treedef.toString(), "JsTreeDef(*)");
  closed.dispose();
});

Deno.test("the parameters of the primitives are the ones the lowerings read", () => {
  const seen = new Map<string, string[]>();
  const collect = (jaxpr: Any) => {
    for (const e of jaxpr.eqns) {
      seen.set(e.primitive, Object.keys(e.params).sort());
      if (e.primitive === "jit") collect(e.params.jaxpr);
    }
  };
  const i = () => np.array([0, 1], { dtype: np.int32 });
  const programs: [Any, number[][]][] = [
    [(x: np.Array) => np.pad(x.slice([1, 3]), [[1, 1], [0, 0]]), [[4, 2]]],
    [(x: np.Array) => np.flip(np.transpose(x.reshape([2, 4])), 0).astype(np.int32), [[4, 2]]],
    [(x: np.Array) => np.concatenate(np.split(x, 2, 0), 1).less(0), [[4, 2]]],
    [(x: np.Array) => np.argsort(np.sort(x)), [[4, 2]]],
    [(x: np.Array) => (valueAndGrad as Any)((x: np.Array) => np.take(x, i(), 0).sum())(x), [[
      4,
      2,
    ]]],
    [(x: np.Array) => np.fft.rfft(x), [[3, 4]]],
    [(x: np.Array) => np.broadcastTo(np.where(x.ref.less(0), x, 0), [3, 2]), [[1, 2]]],
  ];
  for (const [f, shapes] of programs) {
    collect((makeJaxpr(f) as Any)(...shapes.map((s) => np.zeros(s))).jaxpr.jaxpr);
  }
  const expected: Record<string, string[]> = {
    pad: ["width"],
    shrink: ["slice"],
    flip: ["axis"],
    transpose: ["perm"],
    reshape: ["shape"],
    cast: ["dtype"],
    concatenate: ["axis"],
    split: ["axis", "sizes"],
    compare: ["op"],
    gather: ["axis", "outDim", "uniqueIndices"],
    scatter: ["axis", "op", "outDim", "shape", "uniqueIndices"],
    fft: ["factors", "inverse"],
    broadcast: ["axis", "shape"],
    reduce: ["axis", "op"],
    sort: [],
    argsort: [],
  };
  for (const [primitive, names] of Object.entries(expected)) {
    assert.deepEqual(seen.get(primitive), names, primitive);
    assert.ok(loweredPrimitives.includes(primitive), `${primitive} has a lowering`);
  }
});

Deno.test("an unknown primitive names itself and the line of the model", async () => {
  const model = (x: np.Array) => {
    const safe = np.tanh(x);
    return np.linalg.cholesky(safe).sum(); // the line that the error must name
  };
  const limit = Error.stackTraceLimit;
  const error = await compile(model, [tensor([1, 0, 0, 1], [2, 2])]).then(
    () => assert.fail("cholesky has no lowering"),
    (e) => e,
  );
  assert.ok(error instanceof UnsupportedPrimitive, String(error));
  assert.match(error.message, /"cholesky"/);
  assert.equal(Error.stackTraceLimit, limit, "looking for the line leaves no trace");
  const source = (await Deno.readTextFile(new URL(import.meta.url))).split("\n");
  const line = 1 + source.findIndex((text) => text.includes("the line that the error must name"));
  assert.match(error.message, new RegExp(`contract_test\\.ts:${line}:`));
});

Deno.test("a call with a wrong tree says where", async () => {
  const f = ({ a, b }: { a: np.Array; b: np.Array[] }) => a.add(b[0]);
  const program = await compile(f, [{ a: tensor([1, 2]), b: [tensor([3, 4])] }]);
  const run = (arg: Any) => program.run(arg);
  // The order of keys does not matter.
  const sum = await run({ b: [tensor([3, 4])], a: tensor([1, 2]) });
  assert.deepEqual([...(await sum.read()).data], [4, 6]);
  await assert.rejects(
    run({ a: tensor([1, 2]), b: [tensor([3])] }),
    /argument 0\.b\.0 .*float32\[2\].*float32\[1\]/,
  );
  await assert.rejects(run({ a: tensor([1, 2]), c: [] }), /argument 0\.b is missing/);
  await assert.rejects(program.run(), /takes 1 arguments, got 0/);
  await program.close();
});

Deno.test("fused operations come out as few equations", async () => {
  const spec = { dtype: "float32" as const, shape: [4, 5] };
  const count = async (f: (x: np.Array) => np.Array) => {
    const weighted = (w: np.Array, x: np.Array) =>
      ourGradient((w: np.Array, x: np.Array) => np.sum(f(x).mul(w)), { argnums: 1 })(w, x);
    const { graph } = await trace(weighted, [spec, spec], optimised);
    return graph.live().map((e) => e.op);
  };
  // Two of each count are the probe itself: the product with the weights and its sum.
  const tanh = await count(np.tanh);
  assert.deepEqual(tanh.toSorted(), ["mul", "mul", "mul", "reduce", "sub", "tanh"]);
  const sigmoid = await count(nn.sigmoid);
  assert.deepEqual(sigmoid.toSorted(), ["mul", "mul", "mul", "reduce", "sigmoid", "sub"]);
  const softmaxed = await count((x) => nn.softmax(x, -1));
  assert.deepEqual(
    softmaxed.toSorted(),
    ["mul", "mul", "reduce", "reduce", "reshape", "softmax", "sub"],
  );
  const gelu = await count((x) => nn.gelu(x));
  assert.ok(gelu.includes("gelu_tanh") && gelu.length <= 15, gelu.join());
  const exact = await count((x) => nn.gelu(x, { approximate: false }));
  assert.ok(exact.includes("gelu_erf") && exact.length <= 14, exact.join());
});

const jits = (f: Any, ...args: np.Array[]) =>
  equationsOf(f, ...args).filter((e) => e.primitive === "jit");
const shapesOf = (atoms: Any[]) => atoms.map((v) => v.aval.shape);

Deno.test("a jit is named after its function, also where the name was set", () => {
  const named = jit(function halve(x: np.Array) {
    return x.mul(0.5);
  });
  const renamed = (x: np.Array) => x.mul(3);
  Object.defineProperty(renamed, "name", { value: "a name: with {anything} in it" });
  const f = (x: np.Array) => jit(renamed)(named(jit((x: np.Array) => x.add(1))(x)));
  const found = jits(f, np.zeros([2]));
  assert.deepEqual(
    found.map((e) => e.params.name),
    ["closure", "halve", "a name: with {anything} in it"],
  );
  for (const { params } of found) {
    assert.deepEqual(Object.keys(params).sort(), ["jaxpr", "name", "numConsts"]);
    assert.equal(params.numConsts, 0);
    assert.equal(params.jaxpr.inBinders.length, 1);
  }
});

Deno.test("a jit takes what its function captures before its arguments, and counts it", () => {
  const table = np.array([[1, 2, 3], [4, 5, 6]]);
  const f = (w: np.Array, x: np.Array) => {
    const inner = jit(function captures(x: np.Array) {
      return np.matmul(table.ref, x).mul(w.ref);
    });
    return inner(x);
  };
  // The order of what is captured is jax-js's; that it comes first is what the engine needs.
  const [e] = jits(f, np.zeros([2]), np.zeros([3]));
  assert.equal(e.params.numConsts, 2);
  assert.deepEqual(shapesOf(e.inputs).slice(2), [[3]]);
  assert.deepEqual(shapesOf(e.inputs).slice(0, 2).toSorted((a, b) => a.length - b.length), [
    [2],
    [2, 3],
  ]);
  assert.deepEqual(shapesOf(e.params.jaxpr.inBinders), shapesOf(e.inputs));
});

/** Depends on its first argument, on its second, on both, and on neither. */
const four = jit(function four(x: np.Array, y: np.Array) {
  return [np.sin(x.ref), np.cos(y.ref), x.sum().add(y.sum()), np.array([1, 2])];
});

Deno.test("under vmap a jit gets a suffix, and every output the mapped axis in front", () => {
  const once = (xs: np.Array, y: np.Array) =>
    (vmap as Any)((x: np.Array, y: np.Array) => four(x, y), [1, null])(xs, y);
  const [e] = jits(once, np.zeros([3, 5]), np.zeros([4]));
  assert.equal(e.params.name, "four_vmap");
  // What the function captured is an input like any other now: numConsts counts what the mapping added.
  assert.equal(e.params.numConsts, 0);
  assert.deepEqual(shapesOf(e.inputs).slice(0, -2), [[2]]);
  // Arguments come last and keep their order and their axes.
  assert.deepEqual(shapesOf(e.inputs).slice(-2), [[3, 5], [4]]);
  assert.deepEqual(shapesOf(e.outBinders), [[5, 3], [5, 4], [5], [5, 2]]);

  const twice = (xs: np.Array, ys: np.Array) =>
    (vmap as Any)(
      (x: np.Array, ys: np.Array) => (vmap as Any)((y: np.Array) => four(x.ref, y))(ys),
      [0, null],
    )(xs, ys);
  const [f] = jits(twice, np.zeros([5, 3]), np.zeros([7, 4]));
  assert.equal(f.params.name, "four_vmap_vmap");
  // The outer axis comes before the inner one, also where an input has only one of them.
  assert.deepEqual(shapesOf(f.outBinders), [[5, 7, 3], [5, 7, 4], [5, 7], [5, 7, 2]]);
});

Deno.test("what vmap adds as a constant comes before the arguments", () => {
  const pick = jit(function pick(x: np.Array, i: np.Array) {
    return np.take(x, i, 0);
  });
  // Batched gathers index the batch by an array of its own.
  const f = (xs: np.Array, is: np.Array) =>
    (vmap as Any)((x: np.Array, i: np.Array) => pick(x, i))(xs, is);
  const [e] = jits(f, np.zeros([5, 3]), np.zeros([5, 2], { dtype: np.int32 }));
  assert.equal(e.params.name, "pick_vmap");
  assert.equal(e.params.numConsts, 1);
  assert.deepEqual(shapesOf(e.inputs).slice(1), [[5, 3], [5, 2]]);
  assert.deepEqual(shapesOf(e.outBinders), [[5, 2]]);
});

Deno.test("derivatives of a jit are jits with suffixes", () => {
  const wave = jit(function wave(x: np.Array) {
    return np.sin(x);
  });
  const total = (x: np.Array) => wave(x).sum();
  const names = (f: Any) => jits(f, np.zeros([3])).map((e) => e.params.name);
  const forward = (x: np.Array) => (jvp as Any)(total, [x], [np.ones([3])]);
  assert.deepEqual(names(forward), ["wave_jvp"]);
  // The values with what the way back needs, and the way back: the function itself no longer appears.
  assert.deepEqual(names(grad(total as Any)), ["wave_jvp_peval", "wave_jvp_resid_t"]);
});

Deno.test("jax-js still maps broadcasts and gathers wrong, and compiled programs do not", async () => {
  const x = tensor(Array.from({ length: 18 }, (_, i) => i), [3, 2, 3]);
  const rows = () => np.array([[1, 0], [0, 1]], { dtype: np.int32 });
  const programs: Any[] = [
    (x: np.Array) => np.broadcastTo(x, [3, 3, 2]),
    (x: np.Array) => np.take(x, rows(), 0),
  ];
  for (const fn of programs) {
    const mapped = (x: np.Array) => (vmap as Any)(fn, [2])(x);
    const inFront = (x: np.Array) => (vmap as Any)(fn)(np.moveaxis(x, 2, 0));
    const [want] = runJax(inFront, [x]);
    for (const engine of ["ort", "jax"] as const) {
      const [got] = await runEngine(mapped, [x], engine);
      assert.deepEqual([got.shape, [...got.data]], [want.shape, [...want.data]], engine);
    }
    let own: unknown;
    try {
      own = [...runJax(mapped, [x])[0].data];
    } catch (error) {
      own = error;
    }
    // Where this fails, lib/engine/mapped_axes.ts can go.
    assert.notDeepEqual(own, [...want.data]);
  }
});
