/** @file Linear attention against its sum written out, over several chunks, and its gradient at the kink of its features. */
import { grad as jaxGrad, init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { grad } from "../../lib/engine/gradient.ts";
import { compile, tensor } from "../../lib/engine/mod.ts";
import { linearAttention } from "../../lib/layers/linear_attention.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import { linearAttention as definition, rowsOf } from "./definitions.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

for (const [length, d, heads] of [[1, 2, 1], [5, 4, 2], [64, 12, 2], [65, 8, 1], [131, 12, 3]]) {
  Deno.test(`linear attention is its sum: ${length} tokens, width ${d}, ${heads} heads`, async () => {
    const random = generator(length);
    const affine = () => ({
      weight: randomTensor(random, [d, d], { low: -1, high: 1 }),
      bias: randomTensor(random, [d], { low: -1, high: 1 }),
    });
    const params = { query: affine(), key: affine(), value: affine(), output: affine() };
    const batch = 2;
    const x = randomTensor(random, [batch, length, d], { low: -1, high: 1 });
    const program = await compile(
      (p: Any, x: np.Array) => linearAttention(p, x, heads),
      [params, x],
    );
    const got = (await (await program.run(params, x)).read()).data;
    await program.close();
    for (let b = 0; b < batch; b++) {
      definition(params, rowsOf(x, b), heads).output.flat().forEach((want, i) => {
        const value = got[b * length * d + i];
        assert.ok(
          Math.abs(value - want) <= 2e-5 * Math.max(1, Math.abs(want)),
          `${i}: ${value}, ${want}`,
        );
      });
    }
  });
}

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
    definition(params(query, key), rows, 1).output.flat().reduce((s, value) => s + value, 0);
  const h = 2 ** -10;
  const want = [[h, 0], [0, h]].flatMap(([a, b]) => [
    (total([a, b], [0, 0]) - total([-a, -b], [0, 0])) / (2 * h),
    (total([0, 0], [a, b]) - total([0, 0], [-a, -b])) / (2 * h),
  ]);
  const sum = (p: Any, x: np.Array) => np.sum(linearAttention(p, x, 1));
  for (const engine of ["ort", "jax", "tfjs"] as const) {
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
