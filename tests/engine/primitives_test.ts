/** @file Every primitive on engine `ort` against jax-js itself. */
import { numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { assertClose, generator, randomTensor, runEngine } from "./oracle.ts";
import { cases, checkCase } from "./primitive_cases.ts";

type A = np.Array;

Deno.test("ort agrees with jax-js on every primitive", async (t) => {
  for (const [i, { name }] of cases.entries()) {
    await t.step(name, () => checkCase(i, (fn, args) => runEngine(fn, args)));
  }
});

Deno.test("ort's logarithm agrees with Math.log", async () => {
  const x = randomTensor(generator(5), [101], { low: 1e-3, high: 50 });
  const [y] = await runEngine((x: A) => np.log(x), [x]);
  assertClose(y, { ...x, data: x.data.map(Math.log) }, 1e-6, "log");
});

Deno.test("arrays without elements pass through", async () => {
  const empty = randomTensor(generator(1), [0, 3]);
  const [y] = await runEngine((x: A) => np.exp(x).mul(2), [empty]);
  assert.deepEqual([y.shape, y.data.length], [[0, 3], 0]);
});
