/**
 * @file The primitives of jax-js, of which it exports no list, each provoked by a small program. When an upgrade breaks this
 * test, a rule of an engine goes by another name.
 */
import { grad, init, jit, lax, numpy as np, random } from "@jax-js/jax";
import assert from "node:assert/strict";
import { loweredPrimitives } from "../../lib/engine/onnx/lower.ts";
import { equationsOf } from "./jaxprs.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

await init("wasm");

/** A traced function for every primitive that jax-js has: x is [3, 3], i holds integers, u words. */
const provoked: Record<string, (x: np.Array, i: np.Array, u: np.Array) => Any> = {
  add: (x) => x.add(1),
  argsort: (x) => np.argsort(x),
  asin: (x) => np.asin(x),
  atan: (x) => np.atan(x),
  bit_combine: (_, i, u) => np.bitwiseXor(i.astype(np.uint32), u),
  bit_count: (_, _i, u) => np.bitwiseCount(u),
  bit_shift: (_, i, u) => np.leftShift(u, i),
  bitcast: (x) => lax.bitcastConvertType(x, np.int32),
  broadcast: (x) => np.broadcastTo(x, [2, 3, 3]),
  cast: (x) => x.astype(np.int32),
  ceil: (x) => np.ceil(x),
  cholesky: (x) => np.linalg.cholesky(x),
  compare: (x) => x.less(0),
  concatenate: (x) => np.concatenate([x.ref, x]),
  conv: (x) => lax.conv(x.ref.reshape([1, 1, 9]), x.reshape([1, 1, 9]), [1], "SAME"),
  cos: (x) => np.cos(x),
  dot: (x) => np.matmul(x.ref, x),
  erf: (x) => lax.erf(x),
  erfc: (x) => lax.erfc(x),
  exp: (x) => np.exp(x),
  fft: (x) => np.fft.rfft(x),
  flip: (x) => np.flip(x, 0),
  floor: (x) => np.floor(x),
  gather: (x, i) => np.take(x, i, 0),
  idiv: (_, i) => i.div(2),
  jacobi_eigh: (x) => np.linalg.eigh(x),
  jit: (x) => jit((x: np.Array) => x.mul(2))(x),
  log: (x) => np.log(x),
  lu: (x) => np.linalg.det(x),
  max: (x) => np.maximum(x, 0),
  min: (x) => np.minimum(x, 0),
  mod: (x) => x.mod(2),
  mul: (x) => x.mul(2),
  neg: (x) => x.neg(),
  pad: (x) => np.pad(x, 1),
  pool: (x) => windows(x),
  pool_transpose: (x) => grad(windows as Any)(x),
  random_bits: (_, _i, u) => random.bits(u, [3]),
  reciprocal: (x) => np.reciprocal(x),
  reduce: (x) => x.sum(),
  reshape: (x) => x.reshape([9]),
  scatter: (x, i) => grad(((x: np.Array) => np.take(x, i, 0).sum()) as Any)(x),
  shrink: (x) => x.slice([0, 2]),
  sin: (x) => np.sin(x),
  sort: (x) => np.sort(x),
  split: (x) => np.split(x, 3, 0),
  sqrt: (x) => np.sqrt(x),
  stop_gradient: (x) => lax.stopGradient(x),
  transpose: (x) => np.transpose(x),
  triangular_solve: (x) => lax.linalg.triangularSolve(x.ref, x, { leftSide: true, lower: true }),
  where: (x) => np.where(x.ref.less(0), x, 0),
};
const windows = (x: np.Array) =>
  (lax.reduceWindow(x.reshape([9]), (w: np.Array) => np.sum(w) as Any, [3], [2]) as np.Array).sum();

Deno.test("the primitives have the names that the engines know", async (t) => {
  const ours = "contract gelu_erf gelu_tanh scan sigmoid softmax softplus sub tanh".split(" ");
  const unlowered = ["cholesky", "jacobi_eigh", "jit", "lu"];
  const names = Object.keys(provoked);
  assert.deepEqual(names, names.toSorted());
  assert.deepEqual([...loweredPrimitives, ...unlowered].toSorted(), [...names, ...ours].toSorted());
  for (const [name, f] of Object.entries(provoked)) {
    await t.step(name, () => {
      const args = [
        np.ones([3, 3]),
        np.array([1, 2], { dtype: np.int32 }),
        np.array([3, 4], { dtype: np.uint32 }),
      ];
      const found = equationsOf(f, ...args).map((e) => e.primitive);
      assert.ok(found.includes(name), `traced as ${found}`);
      for (const other of found) assert.ok(names.includes(other), `${other} is a new primitive`);
    });
  }
});
