/** @file Monarch and butterfly matrices against the dense matrices that they stand for, with ml-matrix. */
import { init as initJax } from "@jax-js/jax";
import { Matrix } from "ml-matrix";
import assert from "node:assert/strict";
import type { Tensor } from "../../lib/engine/mod.ts";
import { butterfly, butterflyFactors } from "../../lib/layers/butterfly.ts";
import { monarch } from "../../lib/layers/monarch.ts";
import { generator, randomTensor, runEngine } from "../engine/oracle.ts";
import { inFloat64 } from "./definitions.ts";

await initJax("wasm");

/** B_s with its 2 x 2 blocks over the pairs (i, i + 2^s). */
function butterflyFactor({ data, shape: [, , d] }: Tensor, s: number): Matrix {
  const B = Matrix.zeros(d, d);
  for (let i = 0; i < d; i++) {
    B.set(i, i, data[2 * s * d + i]);
    // The partner differs from i in bit s.
    B.set(i, i ^ (1 << s), data[(2 * s + 1) * d + i]);
  }
  return B;
}

/** P' diag(R) P diag(L), where P transposes [blocks, size]: Dao et al., arXiv 2204.00595, eq. 2. */
function monarchMatrix(l: Tensor, r: Tensor): Matrix {
  const diagonal = ({ data, shape: [count, n] }: Tensor) => {
    const D = Matrix.zeros(count * n, count * n);
    for (let b = 0; b < count; b++) {
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) D.set(b * n + i, b * n + j, data[(b * n + i) * n + j]);
      }
    }
    return D;
  };
  const [blocks, size] = l.shape;
  const P = Matrix.zeros(blocks * size, blocks * size);
  for (let b = 0; b < blocks; b++) {
    for (let i = 0; i < size; i++) P.set(i * blocks + b, b * size + i, 1);
  }
  return P.transpose().mmul(diagonal(r)).mmul(P).mmul(diagonal(l));
}

/** Compares rows of y with the products of a dense matrix and rows of x. */
function assertProducts(y: Tensor, M: Matrix, x: Tensor, bound: number) {
  const [batch, d] = x.shape;
  assert.deepEqual([...y.shape], [batch, d]);
  for (let b = 0; b < batch; b++) {
    const want = M.mmul(Matrix.columnVector(Array.from(x.data.subarray(b * d, (b + 1) * d))));
    want.to1DArray().forEach((w, i) => assert.ok(Math.abs(y.data[b * d + i] - w) < bound));
  }
}

for (const d of [1, 2, 4, 32]) {
  Deno.test(`a butterfly of ${d} numbers is the product of its ${Math.log2(d)} sparse factors`, async () => {
    const count = butterflyFactors(d);
    const factors = randomTensor(generator(d), [count, 2, d], { low: -1, high: 1 });
    const x = randomTensor(generator(2), [3, d]);
    let dense = Matrix.eye(d);
    for (let s = 0; s < count; s++) dense = butterflyFactor(factors, s).mmul(dense);
    assertProducts(inFloat64(butterfly, factors, x), dense, x, 1e-12);
    if (count > 0) assertProducts((await runEngine(butterfly, [factors, x]))[0], dense, x, 1e-4);
  });
}

Deno.test("a fast Fourier transform is a butterfly: the Hadamard matrix has all entries 1 or -1", () => {
  const d = 8;
  const data = new Float32Array(3 * 2 * d);
  for (let s = 0; s < 3; s++) {
    for (let i = 0; i < d; i++) {
      data[2 * s * d + i] = i & (1 << s) ? -1 : 1;
      data[(2 * s + 1) * d + i] = 1;
    }
  }
  const eye: Tensor = {
    dtype: "float32",
    shape: [d, d],
    data: Float32Array.from(Matrix.eye(d).to1DArray()),
  };
  const { data: H } = inFloat64(butterfly, { dtype: "float32", shape: [3, 2, d], data }, eye);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      const ones = (i & j).toString(2).replaceAll("0", "").length;
      assert.equal(H[i * d + j], ones % 2 ? -1 : 1);
    }
  }
});

Deno.test("a width that is no power of two has no butterfly", () => {
  for (const d of [3, 12, 0, -4, 1.5]) {
    assert.throws(() => butterflyFactors(d), new RegExp(`width ${d}: expected a power of two`));
  }
});

for (const [blocks, size] of [[1, 1], [2, 3], [4, 4], [5, 2]]) {
  Deno.test(`a Monarch matrix of ${blocks} blocks of ${size} is its two block-diagonal factors`, async () => {
    const random = generator(blocks);
    const l = randomTensor(random, [blocks, size, size]);
    const r = randomTensor(random, [size, blocks, blocks]);
    const x = randomTensor(random, [3, blocks * size]);
    const M = monarchMatrix(l, r);
    // deno-lint-ignore no-explicit-any
    const fn = (l: any, r: any, x: any) => monarch({ l, r }, x);
    assertProducts(inFloat64(fn, l, r, x), M, x, 1e-11);
    assertProducts((await runEngine(fn, [l, r, x]))[0], M, x, 1e-4);
  });
}
