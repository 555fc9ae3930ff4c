/** @file Causal convolutions and what their filters leave behind, against sums over numbers in float64. */
import { init as initJax, type numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Tensor } from "../../lib/engine/mod.ts";
import {
  causalConvolution,
  convolutionPays,
  kernelOf,
  lastState,
} from "../../lib/layers/causal_convolution.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import { dot, inFloat64, rowsOf, type Vector } from "./definitions.ts";

await initJax("wasm");

const near = (got: ArrayLike<number>, want: Vector, what: string, tolerance = 1e-10) => {
  assert.equal(got.length, want.length, what);
  want.forEach((value, i) =>
    assert.ok(Math.abs(got[i] - value) < tolerance, `${what} ${i}: ${got[i]}, ${value}`)
  );
};
/** A matrix [rows, columns] as rows. */
const matrixOf = ({ shape: [rows, columns], data }: Tensor): Vector[] =>
  Array.from({ length: rows }, (_, i) => Array.from(data.slice(i * columns, (i + 1) * columns)));
const times = (a: Vector[], x: Vector) => a.map((row) => dot(row, x));
const plus = (a: Vector, b: Vector) => a.map((x, i) => x + b[i]);

for (const [taps, tokens] of [[1, 1], [3, 1], [3, 7], [7, 3], [4, 4]]) {
  Deno.test(`a causal convolution of ${taps} taps sums what was so far, newest first, over ${tokens} tokens`, () => {
    const [inputs, outputs, batch] = [2, 3, 2];
    const kernel = randomTensor(generator(1), [taps, outputs, inputs]);
    const u = randomTensor(generator(2), [batch, tokens, inputs]);
    const got = inFloat64((k: np.Array, u: np.Array) => causalConvolution(k, u), kernel, u);
    assert.deepEqual(got.shape, [batch, tokens, outputs]);
    const weight = (k: number) =>
      matrixOf({
        ...kernel,
        shape: [outputs, inputs],
        data: kernel.data.slice(k * outputs * inputs, (k + 1) * outputs * inputs),
      });
    const want = [0, 1].flatMap((b) => {
      const rows = rowsOf(u, b);
      return rows.flatMap((_, t) => {
        let sum: Vector = Array(outputs).fill(0);
        for (let k = 0; k < taps && k <= t; k++) sum = plus(sum, times(weight(k), rows[t - k]));
        return sum;
      });
    });
    near(got.data, want, "output");
  });
}

Deno.test("the kernel of a filter is readout times response, lag by lag", () => {
  const [n, taps, inputs, outputs] = [3, 4, 2, 5];
  const readout = randomTensor(generator(1), [outputs, n]);
  const response = randomTensor(generator(2), [n, taps, inputs]);
  const got = inFloat64((c: np.Array, v: np.Array) => kernelOf(c, v), readout, response);
  assert.deepEqual(got.shape, [taps, outputs, inputs]);
  const want: number[] = [];
  for (let k = 0; k < taps; k++) {
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        let sum = 0;
        for (let s = 0; s < n; s++) {
          sum += readout.data[o * n + s] * response.data[(s * taps + k) * inputs + i];
        }
        want.push(sum);
      }
    }
  }
  near(got.data, want, "kernel");
});

for (const tokens of [1, 4]) {
  Deno.test(`the state after ${tokens} tokens is the sum of their responses, the newest at lag 0`, () => {
    const [n, inputs, batch] = [3, 2, 2];
    const response = randomTensor(generator(1), [n, tokens, inputs]);
    const u = randomTensor(generator(2), [batch, tokens, inputs]);
    const got = inFloat64((v: np.Array, u: np.Array) => lastState(v, u), response, u);
    assert.deepEqual(got.shape, [batch, n]);
    const want = [0, 1].flatMap((b) =>
      Array.from(
        { length: n },
        (_, s) =>
          rowsOf(u, b).reduce(
            (sum, token, t) => sum + dot(rowsOf(response, s)[tokens - 1 - t], token),
            0,
          ),
      )
    );
    near(got.data, want, "state");
  });
}

Deno.test("a convolution pays for few tokens of small width", () => {
  assert.ok(convolutionPays(1, 1) && convolutionPays(256, 3) && convolutionPays(64, 16));
  assert.ok(!convolutionPays(64, 17) && !convolutionPays(256, 64));
});
