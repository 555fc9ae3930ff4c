/**
 * @file The parts of jax-js that `lib/engine/trace.ts` reads without a promise that they stay. When an upgrade
 * breaks this test, that file is what has to change.
 */
import { init, jit, makeJaxpr, nn, numpy as np, valueAndGrad, vmap } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, tensor, UnsupportedPrimitive } from "../../lib/engine/mod.ts";
import { loweredPrimitives } from "../../lib/engine/onnx/lower.ts";
import { optimised } from "../../lib/engine/rules/optimised.ts";
import { trace } from "../../lib/engine/trace.ts";

// deno-lint-ignore no-explicit-any
type Any = any;
import { runEngine, runJax } from "./oracle.ts";

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
      (valueAndGrad as Any)((x: np.Array) => np.sum(f(x).mul(w)))(x);
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
