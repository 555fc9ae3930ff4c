/** @file Softmax and linear attention against their definitions, token by token in float64. */
import { grad as jaxGrad, init as initJax, numpy as np, random as jaxRandom } from "@jax-js/jax";
import assert from "node:assert/strict";
import { grad } from "../../../lib/engine/gradient.ts";
import { compile, tensor } from "../../../lib/engine/mod.ts";
import * as forms from "../../../lib/layers/sequence/forms.ts";
import { layer as linear } from "../../../lib/layers/sequence/linear_attention.ts";
import { layer as softmax } from "../../../lib/layers/sequence/softmax_attention.ts";
import { toHost } from "../../../lib/train/host.ts";
import { generator, randomTensor } from "../../engine/oracle.ts";
import * as definitions from "../definitions.ts";
import { inFloat64 } from "../definitions.ts";
import { nativeTfjs } from "../../engine/native_tfjs.ts";
import { close, projections, testSums } from "./attention_sums.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

// Queries are taken in blocks of 64, or in chunks of as many. (Token by token also beyond a block: tests/long/layers.)
for (const size of [[1, 2, 1], [5, 12, 2], [64, 4, 2], [65, 8, 1], [131, 6, 3]] as const) {
  testSums(forms.overSequence, size);
  if (size[0] <= 5) testSums(forms.recurrent, size);
}

Deno.test("a cache with room to spare has zeros there, positions last", () => {
  const [batch, d, heads, capacity, length] = [2, 6, 3, 5, 2];
  const config = softmax.configure({ heads }, d);
  const start: Any = softmax.initialState(config, batch, capacity);
  for (const { shape, dtype, data } of [start.keys, start.values]) {
    assert.deepEqual([dtype, shape], ["float32", [batch, heads, d / heads, capacity]]);
    assert.deepEqual([...data], Array(60).fill(0));
  }
  assert.deepEqual(start.position, tensor(0, [], "int32"));
  const random = generator(1);
  const x = randomTensor(random, [batch, length, d]);
  for (const form of [forms.overSequence, forms.recurrent]) {
    const [state] = inFloat64(
      (p: Any, x: np.Array, s: Any) => form(softmax, config, p, x, s),
      projections(random, d),
      x,
      start,
    );
    for (const { data } of [state.keys, state.values]) {
      data.forEach((value: number, i: number) =>
        assert.equal(value !== 0, i % capacity < length, `${i}: ${value}`)
      );
    }
    assert.deepEqual([...state.position.data], [length]);
  }
});

Deno.test("softmax attention of large scores overflows nowhere", () => {
  const [length, d] = [3, 2];
  const random = generator(1);
  const params = projections(random, d);
  params.query.weight.data.forEach((w, i) => params.query.weight.data[i] = 2000 * w);
  const x = randomTensor(random, [1, length, d]);
  const config = softmax.configure({ heads: 1 }, d);
  for (const form of [forms.overSequence, forms.recurrent]) {
    const [, y] = inFloat64((p: Any, x: np.Array) => form(softmax, config, p, x), params, x);
    assert.ok(Array.from(y.data as number[]).every(Number.isFinite));
  }
});

Deno.test("both kinds of attention start from the same parameters, the output by the gain", () => {
  const fresh = (layer: Any, gain?: number) =>
    toHost(layer.init(layer.configure({ heads: 2 }, 8), jaxRandom.key(3), gain)) as Any;
  assert.deepEqual(fresh(linear, 0.5), fresh(softmax, 0.5));
  const [half, one] = [fresh(softmax, 0.5), fresh(softmax)];
  close(half.output.weight.data.map((w: number) => 2 * w), [...one.output.weight.data], "output");
  assert.deepEqual({ ...half, output: 0 }, { ...one, output: 0 });
});

Deno.test("at zero, where the two branches of elu meet, its derivative is 1", async () => {
  // Without weights every query and key is its bias: zero.
  const affine = (bias: number[]) => ({ weight: tensor(0, [2, 2]), bias: tensor(bias, [2]) });
  const params = (query: number[], key: number[]) => ({
    query: affine(query),
    key: affine(key),
    value: affine([0.7, -0.4]),
    output: { weight: tensor([1, 2, -1, 3], [2, 2]), bias: tensor(0, [2]) },
  });
  const x = tensor(0, [1, 3, 2]);
  const rows = [[0, 0], [0, 0], [0, 0]];
  const total = (query: number[], key: number[]) =>
    definitions.linearAttention(params(query, key), rows, 1).output.flat()
      .reduce((s, value) => s + value, 0);
  const h = 2 ** -10;
  const want = [[h, 0], [0, h]].flatMap(([a, b]) => [
    (total([a, b], [0, 0]) - total([-a, -b], [0, 0])) / (2 * h),
    (total([0, 0], [a, b]) - total([0, 0], [-a, -b])) / (2 * h),
  ]);
  const config = linear.configure({ heads: 1 }, 2);
  const sum = (p: Any, x: np.Array) => np.sum(forms.overSequence(linear, config, p, x)[1]);
  for (const engine of ["ort", "jax", "tfjs", ...nativeTfjs] as const) {
    for (const slope of [grad(sum), jaxGrad(sum) as Any]) {
      const program = await compile(slope, [params([0, 0], [0, 0]), x], { engine });
      const out = await program.run(params([0, 0], [0, 0]), x);
      const [q, k] = [await out.query.bias.read(), await out.key.bias.read()];
      await program.close();
      const got = [q.data[0], k.data[0], q.data[1], k.data[1]];
      got.forEach((value, i) =>
        assert.ok(Math.abs(value - want[i]) < 1e-3, `${engine} ${i}: ${value}, ${want[i]}`)
      );
    }
  }
});
