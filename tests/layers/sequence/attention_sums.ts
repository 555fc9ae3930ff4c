/** @file Softmax and linear attention are the sums of their definitions, token by token in float64, and so are their states. */
import { init as initJax, type numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Tensor } from "../../../lib/engine/mod.ts";
import { layer as linear } from "../../../lib/layers/sequence/linear_attention.ts";
import { layer as softmax } from "../../../lib/layers/sequence/softmax_attention.ts";
import { generator, randomTensor } from "../../engine/oracle.ts";
import * as definitions from "../definitions.ts";
import { inFloat64, type Projections, rowsOf } from "../definitions.ts";
import type { Form } from "./layers.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

/** Maps of an attention layer, all in (-1, 1). */
export function projections(random: () => number, d: number): Projections {
  const affine = () => ({
    weight: randomTensor(random, [d, d], { low: -1, high: 1 }),
    bias: randomTensor(random, [d], { low: -1, high: 1 }),
  });
  return { query: affine(), key: affine(), value: affine(), output: affine() };
}

/** To 1e-11. */
export function close(got: ArrayLike<number>, want: readonly number[], what: string): void {
  assert.equal(got.length, want.length, what);
  want.forEach((value, i) =>
    assert.ok(
      Math.abs(got[i] - value) <= 1e-11 * Math.max(1, Math.abs(value)),
      `${what} ${i}: ${got[i]}, ${value}`,
    )
  );
}

/** Sequence b of a batch, flat. */
const own = ({ data, shape: [batch] }: Tensor, b: number) =>
  data.slice(b * data.length / batch, (b + 1) * data.length / batch);

/** @param size tokens, width and heads */
export function testSums(form: Form, [length, d, heads]: readonly [number, number, number]): void {
  const size = `${length} tokens, width ${d}, ${heads} heads`;
  const batch = 2;
  const random = generator(length);
  const params = projections(random, d);
  const x = randomTensor(random, [batch, length, d], { low: -1, high: 1 });

  Deno.test(`softmax attention is its sum, and its state what it has seen, ${form.name}: ${size}`, () => {
    const config = softmax.configure({ heads }, d);
    const [state, y] = inFloat64(
      (p: Any, x: np.Array) => form(softmax, config, p, x),
      params,
      x,
    );
    assert.deepEqual(y.shape, [batch, length, d]);
    assert.deepEqual(state.keys.shape, [batch, heads, d / heads, length]);
    assert.deepEqual([state.position.dtype, ...state.position.data], ["int32", length]);
    for (let b = 0; b < batch; b++) {
      const want = definitions.attention(params, rowsOf(x, b), heads);
      close(own(y, b), want.output.flat(), "y");
      // [tokens][width] by head, with the positions last.
      const flat = (rows: number[][]) => rows[0].flatMap((_, i) => rows.map((row) => row[i]));
      close(own(state.keys, b), want.cache.flatMap(({ keys }) => flat(keys)), "keys");
      close(own(state.values, b), want.cache.flatMap(({ values }) => flat(values)), "values");
    }
  });

  Deno.test(`linear attention is its sum, and its state what it remembers, ${form.name}: ${size}`, () => {
    const config = linear.configure({ heads }, d);
    const [state, y] = inFloat64(
      (p: Any, x: np.Array) => form(linear, config, p, x),
      params,
      x,
    );
    assert.deepEqual(y.shape, [batch, length, d]);
    for (let b = 0; b < batch; b++) {
      const want = definitions.linearAttention(params, rowsOf(x, b), heads);
      close(own(y, b), want.output.flat(), "y");
      close(own(state.memory, b), want.last.flatMap((last) => last.memory.flat()), "memory");
      close(own(state.total, b), want.last.flatMap(({ total }) => total), "total");
    }
  });
}
