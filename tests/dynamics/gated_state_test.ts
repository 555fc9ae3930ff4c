/** @file The derivative of a gated state against differences, and bounds on it: one that is stated of it and false, one that holds. */
import assert from "node:assert/strict";
import { gatedJacobian, saturatesAt } from "../../lib/dynamics/gated_state.ts";
import { study } from "../../lib/dynamics/studies/gated_state_bounds.ts";
import { singularValues } from "../../lib/linalg/svd.ts";
import { fold, keyOf, normals } from "../../lib/random/random.ts";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const norm = (A: Float64Array, n: number) => singularValues(A, n, n)[0];
const times = (A: Float64Array, h: ArrayLike<number>, u: ArrayLike<number>) =>
  Float64Array.from(u, (drive, i) => {
    let sum = drive;
    for (let j = 0; j < h.length; j++) sum += A[i * h.length + j] * h[j];
    return sum;
  });

/** Weights, a state and drives of width n. */
function drawn(seed: number, n: number) {
  const [recurrent, gate, h, u, v] = [n * n, n * n, n, n, n].map((count, i) =>
    normals(fold(keyOf(seed), i), count)
  );
  return { recurrent, gate, h: h.map(Math.tanh), u, v };
}

Deno.test("the derivative is that of differences, at widths 1, 3 and 5", () => {
  for (const n of [1, 3, 5]) {
    const { recurrent, gate, h, u, v } = drawn(n, n);
    const next = (h: ArrayLike<number>) => {
      const [a, b] = [times(recurrent, h, u), times(gate, h, v)];
      return a.map((a, i) => Math.tanh(a) * sigmoid(b[i]));
    };
    const J = gatedJacobian({
      ...{ recurrent, gate },
      ...{ candidate: times(recurrent, h, u), opening: times(gate, h, v) },
    });
    for (let j = 0; j < n; j++) {
      const [above, below] = [1e-5, -1e-5].map((step) =>
        next(h.map((x, i) => i === j ? x + step : x))
      );
      for (let i = 0; i < n; i++) {
        const difference = (above[i] - below[i]) / 2e-5;
        assert.ok(Math.abs(J[i * n + j] - difference) < 1e-8, `${n} ${i} ${j}`);
      }
    }
  }
});

Deno.test("|J| <= |W_h| is false: without recurrence in the candidate the gate still sees the state", () => {
  const J = gatedJacobian({
    recurrent: new Float64Array([0]),
    gate: new Float64Array([8]),
    candidate: [20],
    opening: [0],
  });
  // tanh is 1, and the slope of an open gate 1/4.
  assert.ok(Math.abs(J[0] - 2) < 1e-12, `${J[0]}`);
});

Deno.test("|J| <= |W_h| + |W_g| / 4 holds", () => {
  for (let seed = 0; seed < 200; seed++) {
    const n = 1 + seed % 5;
    const { recurrent, gate, u, v } = drawn(seed, n);
    const [W, G] = [recurrent.map((x) => 2 * x), gate.map((x) => 6 * x)];
    const J = gatedJacobian({ recurrent: W, gate: G, candidate: u, opening: v });
    assert.ok(norm(J, n) <= norm(W, n) + norm(G, n) / 4);
  }
});

Deno.test("in single precision the sigmoid of 17 is 1, and that of 16 is not", () => {
  assert.equal(saturatesAt(), 17);
});

Deno.test("the study finds the counterexample, the bound, and that it is attained", () => {
  const of = (seed: number, options = {}) =>
    study.configure(options).run(seed, {}, (done, total) => assert.ok(done <= total)).scalars;
  const found = of(1, { draws: 40 });
  assert.ok(found.stated > 1.5 && found.mended < 1, JSON.stringify(found));
  assert.ok(Math.abs(found.closest - 1) < 1e-9);
  // More draws can only find more.
  assert.ok(of(1, { draws: 80 }).stated >= found.stated);
  assert.notEqual(of(2, { draws: 40 }).stated, found.stated);
  assert.ok(of(1, { width: 1, draws: 3 }).mended < 1);
  assert.throws(() => study.configure({ draws: 0 }), /draws = 0/);
});
