/** @file Maps by head against their definition. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { byHead } from "../../lib/layers/by_head.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import { inFloat64 } from "./definitions.ts";

await initJax("wasm");

Deno.test("every head has a matrix of its own, whatever axes come before", () => {
  const random = generator(3);
  for (const [lead, heads, n, m] of [[[2, 5], 3, 2, 4], [[4], 1, 3, 1], [[], 2, 1, 3]] as const) {
    const x = randomTensor(random, [...lead, heads, n], { dtype: "float64" });
    const weight = randomTensor(random, [heads, n, m], { dtype: "float64" });
    const y = inFloat64((x: np.Array, w: np.Array) => byHead(x, w), x, weight);
    assert.deepEqual(y.shape, [...lead, heads, m]);
    y.data.forEach((value: number, at: number) => {
      const [row, head, j] = [Math.floor(at / (heads * m)), Math.floor(at / m) % heads, at % m];
      let want = 0;
      for (let i = 0; i < n; i++) {
        want += x.data[(row * heads + head) * n + i] * weight.data[(head * n + i) * m + j];
      }
      assert.ok(Math.abs(value - want) < 1e-14, `${at}: ${value}, ${want}`);
    });
  }
});
