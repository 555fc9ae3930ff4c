/** @file Softmax attention, both forms, against its definition token by token in float64. */
import { init as initJax, numpy as np, tree } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type Tensor } from "../../lib/engine/mod.ts";
import {
  attention,
  type AttentionCache,
  attentionStep,
  emptyCache,
} from "../../lib/layers/attention.ts";
import {
  emptyLinearCache,
  linearAttention,
  type LinearAttentionCache,
  linearAttentionStep,
} from "../../lib/layers/linear_attention.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import * as definitions from "./definitions.ts";
import { inFloat64, type Projections, rowsOf } from "./definitions.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

function projections(random: () => number, d: number): Projections {
  const affine = () => ({
    weight: randomTensor(random, [d, d], { low: -1, high: 1 }),
    bias: randomTensor(random, [d], { low: -1, high: 1 }),
  });
  return { query: affine(), key: affine(), value: affine(), output: affine() };
}

function close(
  got: ArrayLike<number>,
  want: readonly number[],
  what: string,
  tolerance = 2e-6, // the angles are tables of float32
): void {
  assert.equal(got.length, want.length, what);
  want.forEach((value, i) =>
    assert.ok(
      Math.abs(got[i] - value) <= tolerance * Math.max(1, Math.abs(value)),
      `${what} ${i}: ${got[i]}, ${value}`,
    )
  );
}

/** What attention makes of x: exactly, or by the engine where that would take long. */
async function run(params: Projections, x: Tensor, heads: number): Promise<Tensor> {
  const fn = (p: Any, x: np.Array) => attention(p, x, heads);
  if (x.shape[1] < 10) return inFloat64(fn, params, x);
  const program = await compile(fn, [params as Any, x]);
  const output = await (await program.run(params as Any, x)).read();
  await program.close();
  return output;
}

// Queries are taken in blocks of 64.
for (const [length, d, heads] of [[1, 2, 1], [5, 12, 2], [64, 4, 2], [65, 8, 1], [130, 6, 3]]) {
  Deno.test(`attention is its sum: ${length} tokens, width ${d}, ${heads} heads`, async () => {
    const random = generator(length);
    const params = projections(random, d);
    const batch = 2;
    const x = randomTensor(random, [batch, length, d], { low: -1, high: 1 });
    const got = await run(params, x, heads);
    assert.deepEqual([...got.shape], [batch, length, d]);
    const tolerance = length < 10 ? 2e-6 : 2e-5;
    for (let b = 0; b < batch; b++) {
      const want = definitions.attention(params, rowsOf(x, b), heads);
      const own = got.data.slice(b * length * d, (b + 1) * length * d);
      close(own, want.output.flat(), "output", tolerance);
    }
  });
}

Deno.test("attention of large scores overflows nowhere", () => {
  const [length, d] = [3, 2];
  const random = generator(1);
  const params = projections(random, d);
  params.query.weight.data.forEach((w, i) => params.query.weight.data[i] = 2000 * w);
  const x = randomTensor(random, [1, length, d]);
  const output = inFloat64((p: Any, x: np.Array) => attention(p, x, 1), params, x);
  assert.ok(Array.from(output.data as number[]).every(Number.isFinite));
});

Deno.test("an empty cache has positions last, zeros all of them", () => {
  const { keys, values } = emptyCache({ dModel: 6, heads: 3 }, 2, 5);
  for (const { shape, dtype, data } of [keys, values]) {
    assert.deepEqual([dtype, shape], ["float32", [2, 3, 2, 5]]); // sequence, head, width, position
    assert.deepEqual([...data], Array(60).fill(0));
  }
});

Deno.test("one step of attention is the last token of the definition, and its slot of the cache is written", () => {
  const [batch, d, heads, capacity] = [2, 8, 2, 6];
  const width = d / heads;
  const random = generator(5);
  const params = projections(random, d);
  const x = randomTensor(random, [batch, capacity, d], { low: -1, high: 1 });
  const part = (from: number, to: number): Tensor => ({
    ...x,
    shape: [batch, to - from, d],
    data: Float32Array.from(
      [0, 1].flatMap((b) => [...x.data.slice((b * capacity + from) * d, (b * capacity + to) * d)]),
    ),
  });
  for (const position of [0, 1, 4, 5]) { // an empty cache, and the last slot there is
    const got = inFloat64(
      (p: Any, cache: AttentionCache, x: np.Array) => {
        const tokens = np.split(x, position + 1, 1);
        const steps = tokens.map((token, k) => {
          const at = np.array(k, { dtype: np.int32 });
          const step = attentionStep(tree.ref(p), cache, token, at, heads);
          cache = step.cache;
          return step.output;
        });
        return { output: steps[position], cache };
      },
      params,
      emptyCache({ dModel: d, heads }, batch, capacity),
      part(0, position + 1),
    );
    assert.deepEqual(got.output.shape, [batch, 1, d]);
    for (let b = 0; b < batch; b++) {
      const seen = rowsOf(x, b).slice(0, position + 1);
      const want = definitions.attention(params, seen, heads);
      close(got.output.data.slice(b * d, (b + 1) * d), want.output[position], "output");
      want.cache.forEach(({ keys, values }, h) => {
        for (let i = 0; i < width; i++) {
          const at = ((b * heads + h) * width + i) * capacity;
          const row = (data: number[]) => data.slice(at, at + capacity);
          const padded = (rows: number[][]) =>
            Array.from({ length: capacity }, (_, t) => t <= position ? rows[t][i] : 0);
          close(row(got.cache.keys.data), padded(keys), "keys");
          close(row(got.cache.values.data), padded(values), "values");
        }
      });
    }
  }
});

// Over whole sequences tokens are taken in chunks of 64.
for (const length of [1, 4, 131]) {
  Deno.test(`steps of linear attention over ${length} tokens are the definition, and so is their state`, () => {
    const [batch, d, heads] = [2, 8, 2];
    const random = generator(6);
    const params = projections(random, d);
    const x = randomTensor(random, [batch, length, d], { low: -1, high: 1 });
    const got = inFloat64(
      (p: Any, cache: LinearAttentionCache, x: np.Array) => {
        const outputs = np.split(x, length, 1).map((token) => {
          const out = linearAttentionStep(tree.ref(p), cache, token, heads);
          cache = out.cache;
          return out.output;
        });
        return { output: np.concatenate(outputs, 1), cache };
      },
      params,
      emptyLinearCache({ dModel: d, heads }, batch),
      x,
    );
    const whole = inFloat64((p: Any, x: np.Array) => linearAttention(p, x, heads), params, x);
    const tolerance = length < 10 ? 2e-6 : 2e-5;
    for (let b = 0; b < batch; b++) {
      const want = definitions.linearAttention(params, rowsOf(x, b), heads);
      const own = (data: number[]) => data.slice(b * data.length / 2, (b + 1) * data.length / 2);
      const { memory, total } = got.cache;
      close(own(got.output.data), want.output.flat(), "step", tolerance);
      close(own(whole.data), want.output.flat(), "whole", tolerance);
      // A token's share of the memory is turned once a step, by angles that float32 rounds.
      const turned = Math.max(tolerance, 1e-6 * length);
      close(own(memory.data), want.last.flatMap((last) => last.memory.flat()), "memory", turned);
      close(own(total.data), want.last.flatMap(({ total }) => total), "total", tolerance);
    }
  });
}
