/** @file Bytes that are alive at once, counted by hand. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { memoryOf } from "../../lib/cost/live_tensors.ts";
import type { Spec } from "../../lib/engine/mod.ts";
import { scan } from "../../lib/engine/scan.ts";

await initJax("wasm");

const spec = (...shape: number[]): Spec => ({ dtype: "float32", shape });

Deno.test("a chain holds two values at once, however long it is", async () => {
  for (const depth of [2, 3, 8]) {
    const fn = (x: np.Array, w: np.Array) => {
      for (let i = 0; i < depth; i++) x = np.matmul(x, w.ref);
      w.dispose();
      return x;
    };
    assert.deepEqual(await memoryOf(fn, [spec(5, 7), spec(7, 7)]), {
      held: 4 * (35 + 49),
      peak: 4 * 2 * 35,
    });
  }
});

Deno.test("a value that is read again stays, and views cost nothing", async () => {
  const fn = (x: np.Array) => {
    const a = np.exp(x.ref); // 10 numbers, read at the end
    const b = np.sin(x.ref);
    const c = np.cos(b); // a, b and c are alive here
    const d = np.sqrt(c);
    return np.transpose(d.add(a).reshape([2, 5])).add(np.ones([5, 2]));
  };
  const { held, peak } = await memoryOf(fn, [spec(10)]);
  assert.equal(held, 40);
  assert.equal(peak, 4 * 3 * 10);
});

Deno.test("results are alive to the end", async () => {
  const fn = (x: np.Array) => {
    const a = np.exp(x.ref);
    const b = np.sin(x);
    return { a, b, c: np.cos(np.sqrt(b.ref)) };
  };
  // a, b, sqrt(b), cos(sqrt(b))
  assert.equal((await memoryOf(fn, [spec(3)])).peak, 4 * 4 * 3);
});

Deno.test("element types have their widths, constants are held", async () => {
  const table = Float32Array.from({ length: 6 }, (_, i) => i);
  const fn = (x: np.Array) => np.sin(x.mul(np.array(table)));
  assert.equal((await memoryOf(fn, [spec(6)])).held, 4 * 12);
  const double = (x: np.Array) => np.sqrt(x.mul(x.ref));
  const { held, peak } = await memoryOf(double, [{ dtype: "float64", shape: [6] }]);
  assert.deepEqual([held, peak], [48, 96]);
});

Deno.test("a loop holds one turn and what it stacks, a chain of its turns no more", async () => {
  const [turns, n] = [50, 4];
  const fn = (h: np.Array, xs: np.Array) =>
    scan(
      (_, h: np.Array, x: np.Array) => {
        const next = np.sin(h.add(x));
        return [next.ref, np.exp(next)];
      },
      [],
      h,
      xs,
    );
  const { held, peak } = await memoryOf(fn, [spec(n), spec(turns, n)]);
  assert.equal(held, 4 * (n + turns * n));
  // The last state and all outputs; of a turn its state and slice, the sum and its sine, the sine and its exponential.
  const turn = 2 * n + 2 * n;
  assert.ok(peak >= 4 * (n + turns * n + turn) && peak <= 4 * (n + turns * n + turn + 2 * n));
  const longer = await memoryOf(fn, [spec(n), spec(10 * turns, n)]);
  assert.equal(longer.peak - peak, 4 * 9 * turns * n);
});

Deno.test("a program of nothing needs nothing", async () => {
  assert.deepEqual(await memoryOf((x: np.Array) => x, [spec(3)]), { held: 12, peak: 0 });
});
