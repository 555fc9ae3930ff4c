/** @file What the engines refuse, on each of them with the same words. */
import { init, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import {
  compile,
  describe,
  type DType,
  type EngineName,
  type Handle,
  hostArray,
  sizeOf,
  tensor,
} from "../../lib/engine/mod.ts";
import { nativeTfjs } from "./native_tfjs.ts";

// deno-lint-ignore no-explicit-any
type Any = any;
type A = np.Array;

await init("wasm");

const engines: EngineName[] = ["ort", "jax", "tfjs", ...nativeTfjs];
const twice = (x: A) => x.mul(2);
const pair = tensor([1, 2]);

for (const engine of engines) {
  Deno.test(`${engine} refuses arguments of another shape, dtype or structure`, async () => {
    const program = await compile(twice, [pair], { engine });
    const refused: [args: Any[], message: string][] = [
      [[tensor([1, 2, 3])], "argument 0 must be float32[2], got float32[3]"],
      [[tensor([1, 2], [1, 2])], "argument 0 must be float32[2], got float32[1,2]"],
      [[tensor(1)], "argument 0 must be float32[2], got float32[]"],
      [[tensor([1, 2], [2], "int32")], "argument 0 must be float32[2], got int32[2]"],
      [[tensor([1, 2], [2], "float64")], "argument 0 must be float32[2], got float64[2]"],
      [[], "the program takes 1 arguments, got 0"],
      [[pair, pair], "the program takes 1 arguments, got 2"],
      [[null], "argument 0 must be a tensor like float32[2], got null"],
      [[3], "argument 0 must be a tensor like float32[2], got 3"],
      [[[pair]], "argument 0 must be a tensor like float32[2], got [object Object]"],
    ];
    for (const [args, message] of refused) {
      await assert.rejects(program.run(...args), { name: "TypeError", message });
    }
    // None of it harmed the program.
    const result: Handle = await program.run(pair);
    assert.deepEqual([...(await result.read()).data], [2, 4]);
    await program.close();
  });

  Deno.test(`${engine} says where a tree differs from the example`, async () => {
    const fn = ({ w, b }: { w: A[]; b: A }, x: A) => w[0].mul(x).add(w[1]).add(b);
    const example = { w: [pair, pair], b: tensor(1) };
    const program = await compile(fn, [example, pair], { engine });
    const refused: [arg: Any, message: RegExp][] = [
      [{ w: [pair, pair], c: tensor(1) }, /^argument 0\.b is missing$/],
      [{ w: [pair], b: tensor(1) }, /^argument 0\.w must have the entries 0,1, got 0$/],
      [{ w: [pair, pair] }, /^argument 0 must have the entries w,b, got w$/],
      [{ w: pair, b: tensor(1) }, /^argument 0\.w must be a tree, got a tensor$/],
      [{ w: null, b: tensor(1) }, /^argument 0\.w must be a tree, got null$/],
      [
        { w: [pair, tensor(1)], b: tensor(1) },
        /^argument 0\.w\.1 must be float32\[2\], got float32\[\]$/,
      ],
      [{ w: [pair, pair], b: pair }, /^argument 0\.b must be float32\[\], got float32\[2\]$/],
    ];
    for (const [arg, message] of refused) await assert.rejects(program.run(arg, pair), { message });
    await assert.rejects(program.run(example, tensor(1)), /^TypeError: argument 1 must be/);
    // Keys in another order are the same tree.
    const y: Handle = await program.run({ b: tensor(10), w: [tensor([3, 4]), pair] }, pair);
    assert.deepEqual([...(await y.read()).data], [14, 20]);
    await program.close();
  });

  Deno.test(`${engine}: a closed program does not run, but its results are still there`, async () => {
    const program = await compile(twice, [pair], { engine });
    const result: Handle = await program.run(pair);
    await program.close();
    await assert.rejects(program.run(pair), { message: "the program is closed" });
    assert.deepEqual([...(await result.read()).data], [2, 4]);
    await program.close();
  });

  Deno.test(`${engine} takes results of its own programs and of no other engine's`, async () => {
    const own = await compile(twice, [pair], { engine });
    const next = await compile(twice, [pair], { engine });
    const result: Handle = await own.run(pair);
    assert.deepEqual([result.dtype, [...result.shape]], ["float32", [2]]);
    // Read, not consumed: it can be passed on twice.
    for (let i = 0; i < 2; i++) {
      const again: Handle = await next.run(result);
      assert.deepEqual([...(await again.read()).data], [4, 8]);
    }
    for (const other of engines.filter((name) => name !== engine)) {
      const program = await compile(twice, [pair], { engine: other });
      const foreign = await program.run(pair);
      await assert.rejects(own.run(foreign), /^TypeError: .*belongs to another engine$/);
      await program.close();
    }
    await own.close();
    await next.close();
  });

  Deno.test(`${engine} reports what compiling took`, async () => {
    const program = await compile((x: A) => np.exp(x).mul(2), [pair], { engine });
    const { equations, nodes, traceMs } = program.report;
    assert.deepEqual([program.engine, equations, nodes], [engine, 2, 2]);
    assert.ok(traceMs > 0 && traceMs < 1e5);
    await program.close();
  });

  Deno.test(`${engine} names what it does not know`, async () => {
    const half = (x: A) => x.astype(np.float16).mul(2);
    await assert.rejects(
      compile(half, [pair], { engine }),
      /^TypeError: dtype float16 is not supported by the engines; use float32, float64, int32, uint32, bool$/,
    );
    for (const arg of [3, null, "x"]) {
      await assert.rejects(compile(twice, [arg as Any], { engine }), {
        message: `expected a tensor or a tree of tensors, got ${arg}`,
      });
    }
  });
}

Deno.test("ort gives every dtype back as it took it, also of programs that do nothing", async () => {
  const dtypes: Record<DType, number[]> = {
    float32: [1.5, NaN, -Infinity],
    float64: [0.1, NaN, 1e300],
    int32: [-(2 ** 31), 0, 2 ** 31 - 1],
    uint32: [0, 2 ** 31, 2 ** 32 - 1],
    bool: [0, 1, 1],
  };
  for (const [dtype, values] of Object.entries(dtypes) as [DType, number[]][]) {
    const x = tensor(values, [3], dtype);
    const program = await compile((x: A) => x, [x]);
    const first: Handle = await program.run(x);
    const read = await (await program.run(first) as Handle).read();
    assert.deepEqual([read.dtype, read.shape, [...read.data]], [dtype, [3], values]);
    assert.equal(read.data.constructor, x.data.constructor);
    await program.close();
  }
  // Any number but 0 is true.
  const flags = { ...tensor([0, 2, -1], [3], "bool") };
  const program = await compile((x: A) => x, [flags]);
  assert.deepEqual([...(await (await program.run(flags) as Handle).read()).data], [0, 1, 1]);
  await program.close();
});

Deno.test("host tensors know their size, and say when it does not fit", () => {
  assert.deepEqual([sizeOf([]), sizeOf([2, 3]), sizeOf([2, 0])], [1, 6, 0]);
  assert.equal(describe(tensor([1, 2], [1, 2], "int32")), "int32[1,2]");
  assert.equal(describe({ dtype: "bool", shape: [] }), "bool[]");
  assert.deepEqual([...tensor(3, [2, 2]).data], [3, 3, 3, 3]);
  assert.deepEqual(tensor(3).shape, []);
  assert.deepEqual(tensor([4, 5]).shape, [2]);
  assert.throws(() => tensor([1, 2, 3], [2, 2]), {
    name: "TypeError",
    message: "a tensor of shape [2,2] holds 4 values, but 3 were given",
  });
  const kinds = (["float32", "float64", "int32", "uint32", "bool"] as const)
    .map((dtype) => hostArray(dtype, 2).constructor);
  assert.deepEqual(kinds, [Float32Array, Float64Array, Int32Array, Uint32Array, Int32Array]);
});
