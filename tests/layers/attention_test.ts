/** @file Softmax attention, both forms, against its definition token by token in float64. */
import { init as initJax, numpy as np, tree } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type Tensor, tensor } from "../../lib/engine/mod.ts";
import {
  attention,
  attentionCache,
  attentionStep,
  mergeHeads,
  splitHeads,
} from "../../lib/layers/attention.ts";
import {
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
async function run(params: Projections, x: Tensor, heads: number): Promise<Any> {
  const fn = (p: Any, x: np.Array) => attention(p, x, heads);
  if (x.shape[1] < 10) return inFloat64(fn, params, x);
  const program = await compile(fn, [params as Any, x]);
  const { output, keys, values } = await program.run(params as Any, x);
  const read = {
    output: await output.read(),
    keys: await keys.read(),
    values: await values.read(),
  };
  await program.close();
  return read;
}

// Queries are taken in blocks of 64.
for (const [length, d, heads] of [[1, 2, 1], [5, 12, 2], [64, 4, 2], [65, 8, 1], [130, 6, 3]]) {
  Deno.test(`attention is its sum: ${length} tokens, width ${d}, ${heads} heads`, async () => {
    const random = generator(length);
    const params = projections(random, d);
    const batch = 2;
    const x = randomTensor(random, [batch, length, d], { low: -1, high: 1 });
    const got = await run(params, x, heads);
    const width = d / heads;
    assert.deepEqual([...got.output.shape], [batch, length, d]);
    assert.deepEqual([...got.keys.shape], [batch, heads, length, width]);
    assert.deepEqual([...got.values.shape], [batch, heads, length, width]);
    const tolerance = length < 10 ? 2e-6 : 2e-5;
    for (let b = 0; b < batch; b++) {
      const want = definitions.attention(params, rowsOf(x, b), heads);
      const own = (data: number[]) => data.slice(b * length * d, (b + 1) * length * d);
      close(own(got.output.data), want.output.flat(), "output", tolerance);
      close(own(got.keys.data), want.cache.flatMap((c) => c.keys.flat()), "keys", tolerance);
      close(own(got.values.data), want.cache.flatMap((c) => c.values.flat()), "values", tolerance);
    }
  });
}

Deno.test("attention of large scores overflows nowhere", () => {
  const [length, d] = [3, 2];
  const random = generator(1);
  const params = projections(random, d);
  params.query.weight.data.forEach((w, i) => params.query.weight.data[i] = 2000 * w);
  const x = randomTensor(random, [1, length, d]);
  const { output } = inFloat64((p: Any, x: np.Array) => attention(p, x, 1), params, x);
  assert.ok(Array.from(output.data as number[]).every(Number.isFinite));
});

Deno.test("a cache lays positions last, with zeros where there is room", () => {
  const keys = tensor([1, 2, 3, 4, 5, 6], [1, 1, 3, 2]); // three positions of width 2
  const values = tensor([7, 8, 9, 10, 11, 12], [1, 1, 3, 2]);
  const lay = (capacity: number) =>
    inFloat64((k: Any, v: Any) => attentionCache(k, v, capacity), keys, values);
  const wide = lay(5);
  assert.deepEqual(wide.keys.shape, [1, 1, 2, 5]);
  assert.deepEqual([...wide.keys.data], [1, 3, 5, 0, 0, 2, 4, 6, 0, 0]);
  assert.deepEqual([...wide.values.data], [7, 9, 11, 0, 0, 8, 10, 12, 0, 0]);
  assert.deepEqual([...lay(3).keys.data], [1, 3, 5, 2, 4, 6]);
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
    const empty = { keys: tensor(0, [batch, heads, width, capacity]) };
    const got = inFloat64(
      (p: Any, cache: Any, before: Any, token: np.Array, at: np.Array) => {
        if (before) {
          const { keys, values } = attention(tree.ref(p), before, heads);
          cache = attentionCache(keys, values, capacity);
        }
        return attentionStep(p, cache, token, at, heads);
      },
      params,
      { keys: empty.keys, values: empty.keys },
      position > 0 ? part(0, position) : undefined,
      part(position, position + 1),
      tensor(position, [], "int32"),
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

Deno.test("one step of linear attention is the last token of the definition, and so is its state", () => {
  const [batch, length, d, heads] = [2, 4, 8, 2];
  const width = d / heads;
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
    {
      memory: tensor(0, [batch, heads, width, width]),
      total: tensor(0, [batch, heads, width]),
    },
    x,
  );
  const whole = inFloat64((p: Any, x: np.Array) => linearAttention(p, x, heads), params, x);
  for (let b = 0; b < batch; b++) {
    const want = definitions.linearAttention(params, rowsOf(x, b), heads);
    for (const { output, cache } of [got, whole]) {
      const own = (data: number[]) => data.slice(b * data.length / 2, (b + 1) * data.length / 2);
      close(own(output.data), want.output.flat(), "output");
      close(own(cache.memory.data), want.last.flatMap(({ memory }) => memory.flat()), "memory");
      close(own(cache.total.data), want.last.flatMap(({ total }) => total), "total");
    }
  }
});

Deno.test("heads are consecutive slices of the width, and merging undoes splitting", () => {
  const x = tensor(Array.from({ length: 12 }, (_, i) => i), [1, 2, 6]);
  const split = inFloat64((x: np.Array) => splitHeads(x, 3), x);
  assert.deepEqual(split.shape, [1, 2, 3, 2]); // token, head, width
  const merged = inFloat64(
    (x: np.Array) => mergeHeads(np.transpose(splitHeads(x, 3), [0, 2, 1, 3])),
    x,
  );
  assert.deepEqual(merged.shape, [1, 2, 6]);
  assert.deepEqual([...merged.data], [...x.data]);
});
