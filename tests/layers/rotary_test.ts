/** @file Rotary positions against rotations of complex numbers. */
import { init as initJax, type numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { tensor } from "../../lib/engine/mod.ts";
import { rotaryTable, rotate } from "../../lib/layers/rotary.ts";
import { normals } from "../../lib/random/random.ts";
import { dot, inFloat64, turned } from "./definitions.ts";

await initJax("wasm");

Deno.test("angles are the position over powers of the base, alike in both halves of a head", () => {
  // base^(-2 i / 4) = 1, 1/100, 1, 1/100 by default; 1, 1/3, .. for base 9.
  for (const [base, slow] of [[undefined, 0.01], [9, 1 / 3]]) {
    const { cos, sin } = rotaryTable(4, 4, base);
    assert.deepEqual([cos.length, sin.length], [16, 16]);
    for (let t = 0; t < 4; t++) {
      [1, slow!, 1, slow!].forEach((rate, i) => {
        assert.ok(Math.abs(cos[t * 4 + i] - Math.cos(t * rate)) < 1e-7);
        assert.ok(Math.abs(sin[t * 4 + i] - Math.sin(t * rate)) < 1e-7);
      });
    }
  }
  assert.equal(rotaryTable(0, 2).cos.length, 0);
});

Deno.test("a head of odd width is refused", () => {
  for (const width of [1, 3]) {
    assert.throws(() => rotaryTable(4, width), {
      name: "RangeError",
      message: new RegExp(`even head dimension, got ${width}; choose d_model / heads even`),
    });
  }
});

for (const width of [2, 4, 6]) {
  Deno.test(`rotating turns the pairs (x_i, x_{i + w/2}) and keeps scores to distances: width ${width}`, () => {
    const rows = [0, 1].map((k) => Array.from(normals([0, k], width)));
    const apply = (row: number[], t: number): number[] => {
      const table = rotaryTable(t + 1, width);
      const [cos, sin] = [table.cos, table.sin].map((x) => tensor(x.slice(-width), [width]));
      const x = tensor(row, [1, 1, width]);
      const out = inFloat64(
        (x: np.Array, c: np.Array, s: np.Array) => rotate(x, c, s),
        x,
        cos,
        sin,
      );
      assert.deepEqual(out.shape, [1, 1, width]);
      return Array.from(out.data);
    };
    for (const t of [0, 1, 7]) {
      const want = turned(Array.from(Float32Array.from(rows[0])), t);
      apply(rows[0], t).forEach((x, i) => assert.ok(Math.abs(x - want[i]) < 1e-6));
    }
    const score = (m: number, n: number) => dot(apply(rows[0], m), apply(rows[1], n));
    assert.ok(Math.abs(score(5, 2) - score(9, 6)) < 1e-5);
    assert.ok(Math.abs(score(5, 2) - score(2, 5)) > 1e-3); // the past is not the future
  });
}
