/** @file Chains of Monarch matrices: their product against dense matrices, and what the mirrored start promises. */
import { init as initJax, type numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import {
  collapse,
  mirrored,
  type MonarchChain,
  nearIdentity,
  through,
} from "../../lib/deep/monarch.ts";
import { monarch } from "../../lib/layers/monarch.ts";
import { compile } from "../../lib/engine/mod.ts";
import { identity, multiply, transpose } from "../../lib/linalg/matrix.ts";
import { keyOf, normals } from "../../lib/random/random.ts";
import { type Tensor, tensor } from "../../lib/tensor/tensor.ts";
import { inFloat64 } from "../layers/definitions.ts";

await initJax("wasm");

const shape = { blocks: 2, size: 3 };

/** One layer as a dense matrix for rows: block-diagonal, then the blocks of the transposed order. */
function dense({ l, r }: MonarchChain<Tensor>, layer: number): Float64Array<ArrayBuffer> {
  const [, blocks, size] = l.shape;
  const d = blocks * size;
  const L = new Float64Array(d * d), R = new Float64Array(d * d);
  for (let row = 0; row < d; row++) {
    for (let column = 0; column < d; column++) {
      const [b, i, c, j] = [row / size | 0, row % size, column / size | 0, column % size];
      if (b === c) L[row * d + column] = l.data[((layer * blocks + b) * size + i) * size + j];
      if (i === j) R[row * d + column] = r.data[((layer * size + i) * blocks + b) * blocks + c];
    }
  }
  return multiply(L, R, d, d, d);
}

function near(got: ArrayLike<number>, want: ArrayLike<number>, within: number): void {
  assert.equal(got.length, want.length);
  for (let i = 0; i < want.length; i++) {
    assert.ok(Math.abs(got[i] - want[i]) <= within, `${i}: ${got[i]}, ${want[i]}`);
  }
}

Deno.test("a chain is the product of its dense layers, whatever the segments of the way back", () => {
  const chain = nearIdentity(keyOf(1), shape, 4, 0.5);
  let product = identity(6);
  for (let layer = 0; layer < 4; layer++) product = multiply(product, dense(chain, layer), 6, 6, 6);
  near(collapse(chain), product, 1e-14);
  const rows = Float64Array.from(normals(keyOf(2), 5 * 6), Math.fround);
  for (const segments of [1, 3]) {
    const got = inFloat64(
      (chain: MonarchChain<np.Array>, x: np.Array) => through(chain, x, segments),
      chain as never,
      tensor(rows, [5, 6]),
    );
    assert.deepEqual(got.shape, [5, 6]);
    near(got.data, multiply(rows, product, 5, 6, 6), 1e-12);
  }
});

Deno.test("on the engine, too, with one row and with blocks of one entry", async () => {
  for (const shape of [{ blocks: 3, size: 1 }, { blocks: 1, size: 3 }]) {
    const chain = nearIdentity(keyOf(3), shape, 5, 0.3);
    const x = tensor([0.5, -1, 2], [1, 3]);
    const program = await compile(
      (chain: MonarchChain<np.Array>, x: np.Array) => through(chain, x, 2),
      [chain, x],
    );
    const got = await (await program.run(chain, x)).read();
    near(got.data, multiply(Float64Array.from(x.data), collapse(chain), 1, 3, 3), 1e-6);
    await program.close();
  }
});

Deno.test("a layer is the Monarch matrix of lib/layers, whose factors stand transposed", () => {
  const { l, r } = nearIdentity(keyOf(4), shape, 1, 0.5);
  const transposed = ({ data, shape: [, count, n] }: Tensor) =>
    tensor(
      Float32Array.from({ length: count * n * n }, (_, k) => {
        const [block, i, j] = [k / (n * n) | 0, (k / n | 0) % n, k % n];
        return data[(block * n + j) * n + i];
      }),
      [count, n, n],
    );
  const x = tensor(normals(keyOf(5), 2 * 6), [2, 6]);
  const got = inFloat64(
    (p: MonarchChain<np.Array>, x: np.Array) => monarch(p, x),
    { l: transposed(l), r: transposed(r) } as never,
    x,
  );
  near(got.data, multiply(Float64Array.from(x.data), collapse({ l, r }), 2, 6, 6), 1e-12);
});

Deno.test("noise of sigma around the identity, the same for the same key", () => {
  const { l, r } = nearIdentity(keyOf(6), { blocks: 4, size: 8 }, 40, 0.1);
  assert.deepEqual([l.shape, r.shape], [[40, 4, 8, 8], [40, 8, 4, 4]]);
  for (const { data, shape: [, , n] } of [l, r]) {
    let [sum, squares] = [0, 0];
    data.forEach((value, k) => {
      const own = value - (Math.floor(k / n) % n === k % n ? 1 : 0);
      [sum, squares] = [sum + own, squares + own * own];
    });
    assert.ok(Math.abs(sum / data.length) < 5e-3);
    assert.ok(Math.abs(Math.sqrt(squares / data.length) - 0.1) < 4e-3);
  }
  assert.deepEqual(nearIdentity(keyOf(6), shape, 2, 1), nearIdentity(keyOf(6), shape, 2, 1));
  assert.notDeepEqual(nearIdentity(keyOf(6), shape, 2, 1), nearIdentity(keyOf(7), shape, 2, 1));
});

Deno.test("the mirrored start: orthogonal layers, a product that is the identity, halves that are not", () => {
  for (const layers of [1, 2, 3, 4, 9, 10]) {
    const chain = mirrored(keyOf(8), shape, layers);
    near(collapse(chain), identity(6), 1e-6);
    for (let layer = 0; layer < layers; layer++) {
      const W = dense(chain, layer);
      near(multiply(W, transpose(W, 6, 6), 6, 6, 6), identity(6), 1e-6);
    }
    if (layers < 5) continue;
    const half = Math.floor(layers / 2);
    const first = collapse({
      l: tensor(chain.l.data.slice(0, half * 18), [half, 2, 3, 3]),
      r: tensor(chain.r.data.slice(0, half * 12), [half, 3, 2, 2]),
    });
    const distance = first.reduce((sum, value, k) => sum + (value - (k % 7 ? 0 : 1)) ** 2, 0);
    // Of two independent orthogonal matrices it is 2 * 6 on average.
    assert.ok(distance > 4, `${layers}: ${distance}`);
  }
  assert.notDeepEqual(mirrored(keyOf(8), shape, 5), mirrored(keyOf(9), shape, 5));
});
