import { grad, init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { exactGelu } from "../../lib/layers/exact_gelu.ts";
import { tensor } from "../../lib/tensor/tensor.ts";
import { inFloat64 } from "./definitions.ts";
import { density, normalBelow } from "./normal_distribution.ts";

await initJax("wasm");

const points = [-30, -6, -2.5, -1, -0.3, -1e-3, 0, 1e-3, 0.3, 1, 2.5, 6, 30];
// deno-lint-ignore no-explicit-any
const at = (fn: (x: any) => unknown, x: readonly number[]): { data: Float64Array } =>
  inFloat64(fn, { ...tensor([...x], [x.length]) });

Deno.test("x times the normal distribution function, within what its formula promises", () => {
  const { data } = at(exactGelu, points);
  points.forEach((given, i) => {
    const x = Math.fround(given);
    const limit = 1e-7 * Math.abs(x) + 1e-12;
    const want = x * normalBelow(x);
    assert.ok(Math.abs(data[i] - want) <= limit, `${x}: ${data[i]}, ${want}`);
  });
  assert.ok(Number.isNaN(at(exactGelu, [NaN]).data[0]));
});

Deno.test("its slope is the distribution function plus x times the density", () => {
  const { data } = at(grad((x: np.Array) => np.sum(exactGelu(x))), points);
  points.forEach((given, i) => {
    const x = Math.fround(given);
    const want = normalBelow(x) + x * density(x);
    assert.ok(Math.abs(data[i] - want) < 2e-6, `${x}: ${data[i]}, ${want}`);
  });
});
