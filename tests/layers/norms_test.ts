/** @file Normalisation by the root of the mean square against sums written out. */
import { init as initJax, type numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { tensor } from "../../lib/engine/mod.ts";
import { rmsNorm } from "../../lib/layers/rms_norm.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import * as definitions from "./definitions.ts";
import { inFloat64, rowsOf } from "./definitions.ts";

await initJax("wasm");

Deno.test("RMS normalisation is x / sqrt(mean of squares + epsilon) * scale, over the last axis", () => {
  const scale = tensor([2, -1, 0.5, 3, 1]);
  // Rows whose mean square is far above the epsilon of 1e-6, at it, below it, and zero.
  for (const size of [1, 1e-3, 1e-5, 0]) {
    const x = randomTensor(generator(2), [2, 3, 5], { low: -size, high: size });
    const got = inFloat64((s: np.Array, x: np.Array) => rmsNorm(s, x), scale, x);
    const large = inFloat64((s: np.Array, x: np.Array) => rmsNorm(s, x, 0.25), scale, x);
    for (let b = 0; b < 2; b++) {
      rowsOf(x, b).forEach((row, t) => {
        const at = (b * 3 + t) * 5;
        const near = (data: number[], epsilon: number) =>
          definitions.rmsNorm(scale.data, row, epsilon).forEach((want, i) =>
            assert.ok(Math.abs(data[at + i] - want) <= 1e-12)
          );
        near(got.data, 1e-6);
        near(large.data, 0.25);
      });
    }
  }
  // On paper: the mean square of (3, 4, 0, 0, 0) is 5.
  const paper = inFloat64((s, x) => rmsNorm(s, x, 0), scale, tensor([3, 4, 0, 0, 0], [1, 5]));
  [6, -4, 0, 0, 0].forEach((want, i) =>
    assert.ok(Math.abs(paper.data[i] - want / Math.sqrt(5)) < 1e-12)
  );
});
