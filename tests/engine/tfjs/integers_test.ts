/** @file Integers on TensorFlow.js: all 32 bits of signed and unsigned ones, and what becomes of real numbers. */
import { numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { type EngineName, tensor } from "../../../lib/engine/mod.ts";
import { nativeTfjs } from "../native_tfjs.ts";
import { runEngine } from "../oracle.ts";

type A = np.Array;

const engines: readonly EngineName[] = ["tfjs", ...nativeTfjs];

Deno.test("tfjs carries unsigned integers in signed ones", async (t) => {
  const [middle, end] = [2 ** 31, 2 ** 32];
  const large = tensor(
    [0, 1, middle - 1, middle, end - 1, 3000000019, end - 1, end - 1],
    [8],
    "uint32",
  );
  const other = tensor([end - 1, 7, middle, 5, end - 1, 4000000007, 1, 512], [8], "uint32");
  const pairs: Record<string, [(x: number, y: number) => number, (x: A, y: A) => A]> = {
    sum: [(x, y) => (x + y) >>> 0, (x, y) => x.add(y)],
    difference: [(x, y) => (x - y) >>> 0, (x, y) => x.sub(y)],
    product: [(x, y) => Math.imul(x, y) >>> 0, (x, y) => x.mul(y)],
    quotient: [(x, y) => Math.trunc(x / y), (x, y) => x.div(y)],
    remainder: [(x, y) => x % y, (x, y) => x.mod(y)],
    least: [Math.min, np.minimum],
    greatest: [Math.max, np.maximum],
    less: [(x, y) => Number(x < y), (x, y) => x.less(y)],
    real: [Math.fround, (x) => x.astype(np.float32)],
  };
  for (const [name, [scalar, fn]] of Object.entries(pairs)) {
    await t.step(name, async () => {
      const want = Array.from(large.data, (x, i) => scalar(x, other.data[i]));
      for (const engine of engines) {
        const [got] = await runEngine(fn, [large, other], engine);
        assert.deepEqual([...got.data], want, engine);
      }
    });
  }
  for (const engine of engines) {
    const [most] = await runEngine((x: A) => np.max(x), [large], engine);
    assert.deepEqual([...most.data], [2 ** 32 - 1], engine);
    const [ordered] = await runEngine((x: A) => np.sort(x), [large], engine);
    assert.deepEqual([...ordered.data], large.data.toSorted().values().toArray(), engine);
    assert.equal(ordered.dtype, "uint32");
  }
});

Deno.test("tfjs computes with all 32 bits of signed integers", async (t) => {
  const [least, most] = [-(2 ** 31), 2 ** 31 - 1];
  const values = [least, least + 1, -(2 ** 24) - 1, -7, -1, 1, 5, 65537, 2 ** 24 + 1, most];
  const all = values.flatMap((x) => values.map((y) => [x, y]));
  const [x, y] = [0, 1].map((k) => tensor(all.map((pair) => pair[k]), [all.length], "int32"));
  const pairs: Record<string, [(x: number, y: number) => number, (x: A, y: A) => A]> = {
    product: [Math.imul, (x, y) => x.mul(y)],
    quotient: [(x, y) => Math.trunc(x / y) | 0, (x, y) => x.div(y)],
    remainder: [(x, y) => (x % y) | 0, (x, y) => x.mod(y)],
  };
  for (const [name, [scalar, fn]] of Object.entries(pairs)) {
    await t.step(name, async () => {
      for (const engine of engines) {
        const [got] = await runEngine(fn, [x, y], engine);
        assert.deepEqual([...got.data], all.map(([x, y]) => scalar(x, y)), engine);
      }
    });
  }
});

Deno.test("tfjs cuts real numbers to integers as ort does, also those that do not fit", async () => {
  const values = [
    NaN,
    Infinity,
    -Infinity,
    0,
    -0.75,
    7.9,
    -7.9,
    2 ** 31 - 128,
    2 ** 31,
    3e9,
    2 ** 32 - 256,
    2 ** 32,
  ];
  const within = (low: number, high: number) =>
    values.map((x) => Number.isNaN(x) ? 0 : Math.min(Math.max(Math.trunc(x), low), high) + 0);
  const x = tensor(values);
  const both = (x: A) => [x.ref.astype(np.int32), x.astype(np.uint32)];
  for (const engine of ["ort", ...engines] satisfies EngineName[]) {
    const [signed, unsigned] = await runEngine(both, [x], engine);
    assert.deepEqual([...signed.data], within(-(2 ** 31), 2 ** 31 - 1), engine);
    assert.deepEqual([...unsigned.data], within(0, 2 ** 32 - 1), engine);
  }
});
