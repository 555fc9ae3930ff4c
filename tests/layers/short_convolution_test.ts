/** @file Short convolutions against their sums, in float64, over a sequence and token by token. */
import { init as initJax, type numpy as np, random as jaxRandom } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Tensor } from "../../lib/engine/mod.ts";
import {
  convolve,
  convolveToken,
  emptyWindow,
  type ShortConvolution,
  shortConvolutionInit,
} from "../../lib/layers/short_convolution.ts";
import { toHost } from "../../lib/train/host.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import { assertUncorrelated, assertUniform } from "../moments.ts";
import { inFloat64, rowsOf } from "./definitions.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
const silu = (x: number) => x / (1 + Math.exp(-x));
const near = (got: ArrayLike<number>, want: number[], what: string) => {
  assert.equal(got.length, want.length, what);
  want.forEach((v, i) => assert.ok(Math.abs(got[i] - v) < 1e-12, `${what} ${i}: ${got[i]}, ${v}`));
};

for (
  const [taps, length, hasBias] of [[4, 7, false], [4, 2, true], [2, 5, true], [
    3,
    1,
    false,
  ]] as const
) {
  Deno.test(`a short convolution of ${taps} taps over ${length} tokens, ${hasBias ? "with" : "without"} bias`, () => {
    const [batch, channels] = [2, 3];
    const random = generator(taps);
    const weight = randomTensor(random, [taps, channels]);
    const params: Record<string, Tensor> = { weight };
    if (hasBias) params.bias = randomTensor(random, [channels]);
    const window = randomTensor(random, [batch, taps - 1, channels]);
    const x = randomTensor(random, [batch, length, channels]);

    const [wantWindow, want]: number[][] = [[], []];
    for (let b = 0; b < batch; b++) {
      const seen = [...rowsOf(window, b), ...rowsOf(x, b)];
      for (let t = 0; t < length; t++) {
        for (let c = 0; c < channels; c++) {
          let sum = hasBias ? params.bias.data[c] : 0;
          // Lag 0 is the token itself.
          for (let k = 0; k < taps; k++) {
            sum += weight.data[k * channels + c] * seen[taps - 1 + t - k][c];
          }
          want.push(silu(sum));
        }
      }
      wantWindow.push(...seen.slice(-(taps - 1)).flat());
    }

    const [last, y] = inFloat64(
      (p: ShortConvolution, w: np.Array, x: np.Array) => convolve(p, w, x),
      params,
      window,
      x,
    );
    near(y.data, want, "all at once");
    near(last.data, wantWindow, "the window after them");
    assert.deepEqual([last.shape, y.shape], [window.shape, x.shape]);

    let before: Any = window;
    for (let t = 0; t < length; t++) {
      const rows = [0, 1].flatMap((b) => rowsOf(x, b)[t]);
      const token = { dtype: "float32", shape: [batch, channels], data: Float32Array.from(rows) };
      const [next, y] = inFloat64(
        (p: ShortConvolution, w: np.Array, x: np.Array) => convolveToken(p, w, x),
        params,
        before,
        token as Tensor,
      );
      const own = [0, 1].flatMap((b) => {
        const at = (b * length + t) * channels;
        return want.slice(at, at + channels);
      });
      near(y.data, own, `token ${t}`);
      before = next;
    }
    near(before.data, wantWindow, "the window after single tokens");
  });
}

Deno.test("before the first token there are zeros, one token less than taps", () => {
  const { dtype, shape, data } = emptyWindow(2, 4, 3);
  assert.deepEqual([dtype, shape, [...data]], ["float32", [2, 3, 3], Array(18).fill(0)]);
});

Deno.test("fresh weights and biases are uniform within 1 / sqrt(taps)", () => {
  const fresh = (bias: boolean) =>
    toHost(shortConvolutionInit(jaxRandom.key(3), 4, 500, { bias })) as Record<string, Tensor>;
  const { weight, bias } = fresh(true);
  assert.deepEqual([weight.shape, bias.shape], [[4, 500], [500]]);
  assertUniform(weight.data, -0.5, 0.5, "weight");
  assertUniform(bias.data, -0.5, 0.5, "bias");
  assertUncorrelated(weight.data, bias.data, "weight and bias");
  assert.deepEqual(Object.keys(fresh(false)), ["weight"]);
  assertUniform(fresh(false).weight.data, -0.5, 0.5, "weight alone");
  const two = toHost(shortConvolutionInit(jaxRandom.key(3), 2, 500)) as Record<string, Tensor>;
  assertUniform(two.weight.data, -Math.SQRT1_2, Math.SQRT1_2, "two taps");
});
