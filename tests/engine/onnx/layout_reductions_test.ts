/** @file Reductions and products of values that are stored in every way. */
import { init, lax, nn, numpy as np } from "@jax-js/jax";
import { checkLayouts, type Uses } from "./layouts.ts";

await init("wasm");

const uses: Uses = {};
for (const axes of [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]) {
  uses[`summed over ${axes}`] = (y) => np.sum(y, axes);
  uses[`summed over ${axes}, kept`] = (y) => np.sum(y, axes, { keepdims: true });
  uses[`greatest over ${axes}`] = (y) => np.max(y, axes);
  uses[`least over ${axes}`] = (y) => np.min(y, axes);
  uses[`multiplied over ${axes}`] = (y) => np.prod(y, axes);
}
for (const axis of [0, 1, 2]) {
  uses[`sorted along ${axis}`] = (y) => np.sort(y, axis);
  uses[`softmax along ${axis}`] = (y) => nn.softmax(y, axis);
}
uses["in windows"] = (y) => lax.reduceWindow(y, (w) => np.sum(w), [3], [1]);
uses["convolved"] = (y) =>
  lax.conv(y, np.arange(12).reshape([2, 3, 2]).astype(y.dtype), [1], "VALID");
uses["times a matrix"] = (y) => np.matmul(y, np.arange(8).reshape([4, 2]));
uses["times a matrix from the left"] = (y) => np.matmul(np.arange(6).reshape([2, 3]), y);
uses["times its own rows"] = (y) => np.matmul(y.ref, np.transpose(y, [0, 2, 1]));

Deno.test("every reduction of every layout agrees with jax-js", (t) => checkLayouts(t, uses));
