/** @file The flow of the product against the layers that it leaves out, and against curves in closed form. */
import assert from "node:assert/strict";
import { coupling, flow, preconditioned } from "../../lib/dynamics/balanced_flow.ts";
import { type Chain, descended, gradients, productOf } from "../../lib/dynamics/chain.ts";
import { strengthAfter, timeTo } from "../../lib/dynamics/mode_curve.ts";
import { endGradient } from "../../lib/dynamics/regression.ts";
import { singularValues, svd } from "../../lib/linalg/svd.ts";
import { randomOrthogonal } from "../../lib/linalg/orthogonal.ts";
import { factored } from "../../lib/models/initialisations.ts";
import { keyOf, normals } from "../../lib/random/random.ts";
import { distance } from "./chains.ts";

const close = (a: number, b: number, share = 1e-9) =>
  assert.ok(Math.abs(a - b) <= share * Math.abs(b), `${a}, expected ${b}`);

Deno.test("a coupling is the quotient of the paper, N s^{2 - 2/N} on the diagonal, and one layer's at 0", () => {
  for (const depth of [1, 2, 3, 8, 50]) {
    const [s, t] = [1.7, 0.6];
    const quotient = (s ** 2 - t ** 2) / (s ** (2 / depth) - t ** (2 / depth));
    close(coupling(s, t, depth), quotient, 1e-12);
    close(coupling(t, s, depth), quotient, 1e-12);
    close(coupling(s, s, depth), depth * s ** (2 - 2 / depth), 1e-12);
    close(coupling(s, 0, depth), s ** (2 - 2 / depth), 1e-12);
  }
  assert.equal(coupling(0, 0, 1), 1);
  assert.equal(coupling(0, 0, 3), 0);
});

/** Balanced layers with the product X. */
function layersOf(X: Float64Array, rows: number, columns: number, depth: number): Chain {
  const width = Math.min(rows, columns);
  const sizes = [rows, ...Array(depth - 1).fill(width), columns];
  return { sizes, layers: factored(svd(X, rows, columns), sizes, keyOf(11)) };
}

Deno.test("A_N(Z) is how balanced layers move their product, square, wide and tall", () => {
  for (const [rows, columns] of [[3, 3], [2, 5], [5, 2], [1, 1], [4, 1]]) {
    for (const depth of [1, 2, 5]) {
      const X = normals(keyOf(12), rows * columns);
      const chain = layersOf(X, rows, columns, depth);
      assert.ok(distance(productOf(chain), X) < 1e-12);
      const Z = normals(keyOf(13), rows * columns);
      const G = gradients(chain, () => Z);
      const h = 1e-6;
      const [up, down] = [-h, h].map((rate) => productOf(descended(chain, G, rate)));
      const expected = up.map((value, e) => (value - down[e]) / (2 * h));
      const moved = preconditioned(svd(X, rows, columns), Z, { rows, columns, depth });
      assert.ok(distance(moved, expected) < 1e-7, `${rows} x ${columns}, depth ${depth}`);
    }
  }
});

Deno.test("the flow reaches where many small steps of the layers get, at the same time", () => {
  for (const [rows, columns, depth] of [[3, 3, 3], [4, 2, 2]]) {
    const optimum = normals(keyOf(14), rows * columns);
    const covariance = Float64Array.from(
      { length: rows * rows },
      (_, e) => e % (rows + 1) === 0 ? 1 + e / (rows * rows) : 0.2,
    );
    const of = { rows, columns, optimum, covariance };
    const start = normals(keyOf(15), rows * columns).map((x) => 0.3 * x);
    const time = 0.6;
    const after = (steps: number) => {
      let chain = layersOf(start, rows, columns, depth);
      for (let k = 0; k < steps; k++) {
        chain = descended(chain, gradients(chain, (X) => endGradient(of, X)), time / steps);
      }
      return productOf(chain);
    };
    // Euler's error is of first order: twice the finer one minus the coarser one has none of it.
    const [coarse, fine] = [after(1000), after(2000)];
    const expected = fine.map((value, e) => 2 * value - coarse[e]);
    const { X, reached, time: end } = flow(start, {
      ...{ rows, columns, depth, longest: 0.05, until: time, tolerance: 1e-8 },
      gradient: (X) => endGradient(of, X),
      done: () => false,
    });
    assert.deepEqual([reached, end], [false, time]);
    assert.ok(distance(X, expected) < 2e-5, `${distance(X, expected)}`);
  }
});

Deno.test("the flow of one mode passes half its target when the curve says so; where it starts there is no time", () => {
  for (const depth of [1, 2, 4]) {
    const options = {
      ...{ rows: 1, columns: 1, depth, longest: 0.1, until: 100, tolerance: 1e-9 },
      gradient: (X: Float64Array) => Float64Array.of(X[0] - 2),
    };
    const { time, reached, X } = flow(Float64Array.of(0.1), { ...options, done: ([x]) => x >= 1 });
    assert.ok(reached);
    close(X[0], 1, 1e-3);
    close(time, timeTo(1, { depth, target: 2, start: 0.1 }), 1e-3);
    assert.equal(flow(Float64Array.of(0.1), { ...options, done: () => true }).time, 0);
  }
});

Deno.test("curves of 1, 2 and 4 layers are those in closed form", () => {
  const [target, start] = [1.5, 0.02];
  for (const u of [0.02, 0.3, 0.9, 1.4999]) {
    close(timeTo(u, { depth: 1, target, start }), Math.log((target - start) / (target - u)) + 0);
    const two = Math.log(u * (target - start) / (start * (target - u))) / (2 * target);
    close(timeTo(u, { depth: 2, target, start }) + 1, two + 1);
    // w = sqrt v: dt = dw / (2 w^2 (s - w^2)).
    const root = Math.sqrt(target);
    const primitive = (v: number) => {
      const w = Math.sqrt(v);
      return (-1 / w + Math.log((root + w) / (root - w)) / (2 * root)) / (2 * target);
    };
    const four = primitive(u) - primitive(start);
    close(timeTo(u, { depth: 4, target, start }) + 1, four + 1);
  }
});

Deno.test("the strength after a time inverts the time to a strength, and starts and ends where it must", () => {
  for (const depth of [1, 2, 3, 16]) {
    const mode = { depth, target: 2, start: 0.05 };
    for (const u of [0.05, 0.4, 1, 1.9]) close(strengthAfter(timeTo(u, mode), mode), u, 1e-8);
    assert.equal(strengthAfter(1e9, mode), 2);
  }
  // The delay of more than two layers (leading order in u_0).
  const mode = { depth: 6, target: 1, start: 1e-6 };
  close(timeTo(0.5, mode), 1e-6 ** -(1 - 2 / 6) / (6 - 2), 0.02);
});

Deno.test("a mode outside of its curve is refused", () => {
  const mode = { depth: 2, target: 1, start: 0.1 };
  for (const u of [1, 0.05, NaN]) assert.throws(() => timeTo(u, mode), /0 < start <= strength/);
  assert.throws(() => timeTo(0.5, { ...mode, start: -0.1 }), /strength 0.5 from -0.1 towards 1/);
  assert.throws(() => strengthAfter(-1, mode), /time -1; expected at least 0/);
  assert.throws(() => strengthAfter(NaN, mode), /time NaN/);
});

Deno.test("factored layers are balanced frames of the product they are given", () => {
  const Q = randomOrthogonal(keyOf(16), 4);
  const chain = layersOf(Q, 4, 4, 5);
  for (const W of chain.layers) {
    assert.ok(distance(singularValues(W, 4, 4), [1, 1, 1, 1]) < 1e-12);
  }
  assert.ok(distance(productOf(chain), Q) < 1e-12);
});
