/** @file Affine maps and Monarch matrices. */
import { init as initJax, numpy as np, random } from "@jax-js/jax";
import assert from "node:assert/strict";
import { linear, linearInit, type LinearParams } from "../../lib/layers/linear.ts";
import { monarch } from "../../lib/layers/monarch.ts";
import { toHost } from "../../lib/train/host.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import { affine, inFloat64, rowsOf } from "./definitions.ts";
import { assertNormal, assertZero } from "../moments.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

Deno.test("an affine map multiplies from the right and adds its bias", () => {
  const params = {
    weight: randomTensor(generator(1), [4, 3]),
    bias: randomTensor(generator(2), [3]),
  };
  const x = randomTensor(generator(3), [2, 5, 4]);
  const got = inFloat64((p: LinearParams, x: np.Array) => linear(p, x), params, x);
  assert.deepEqual(got.shape, [2, 5, 3]);
  const want = [0, 1].flatMap((b) => rowsOf(x, b).flatMap((row) => affine(params, row)));
  want.forEach((value, i) => assert.ok(Math.abs(got.data[i] - value) < 1e-12));
});

Deno.test("fresh weights are normal with deviation gain / sqrt(inputs), biases zero", () => {
  const made = (seed: number, gain?: number) =>
    toHost(linearInit(random.key(seed), 25, 300, gain)) as Any;
  for (const gain of [undefined, 3]) {
    const { weight, bias } = made(1, gain);
    assert.deepEqual([weight.shape, bias.shape], [[25, 300], [300]]);
    assertNormal(weight.data, (gain ?? 1) / 5, `gain ${gain}`);
    assertZero(bias.data);
  }
  assertZero(made(1, 0).weight.data);
  assert.deepEqual(made(1).weight.data, made(1).weight.data);
  assert.notDeepEqual(made(1).weight.data, made(2).weight.data);
});

Deno.test("a Monarch matrix is block-diagonal, transposed, block-diagonal, transposed back", () => {
  const [batch, blocks, size] = [2, 3, 4];
  const l = randomTensor(generator(1), [blocks, size, size]);
  const r = randomTensor(generator(2), [size, blocks, blocks]);
  const x = randomTensor(generator(3), [batch, blocks * size]);
  const got = inFloat64((p: Any, x: np.Array) => monarch(p, x), { l, r }, x);
  assert.deepEqual(got.shape, [batch, blocks * size]);
  for (let n = 0; n < batch; n++) {
    for (let block = 0; block < blocks; block++) {
      for (let i = 0; i < size; i++) {
        let want = 0;
        for (let other = 0; other < blocks; other++) {
          let inner = 0;
          for (let j = 0; j < size; j++) {
            inner += l.data[(other * size + i) * size + j] *
              x.data[n * blocks * size + other * size + j];
          }
          want += r.data[(i * blocks + block) * blocks + other] * inner;
        }
        const value = got.data[n * blocks * size + block * size + i];
        assert.ok(Math.abs(value - want) < 1e-12, `${n} ${block} ${i}: ${value}, ${want}`);
      }
    }
  }
});
