/** @file What an equation leaves out: of the size that is stated, on both sides, and nothing that grows. */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import assert from "node:assert/strict";
import { operatorOf, plus } from "../../lib/physics/known_dynamics.ts";
import { unknownEffects } from "../../lib/physics/unknown_effects.ts";
import { keyOf } from "../../lib/random/random.ts";

const n = 8;
for (
  const dynamics of [{ equation: "heat", strength: 0.2 }, {
    equation: "wave",
    strength: 0.25,
  }] as const
) {
  Deno.test(`${dynamics.equation}: a level field is damped alone, by 1 to 5 % a step`, () => {
    const seen = new Set<number>();
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const { now, before } = unknownEffects(dynamics, n, keyOf(seed));
      // Second differences and a drift do nothing to it.
      const sums = (M: Float64Array) =>
        Array.from({ length: n }, (_, i) => M.slice(i * n, (i + 1) * n).reduce((a, b) => a + b));
      const gamma = -sums(now)[0];
      assert.ok(gamma >= 0.01 && gamma <= 0.05);
      for (const sum of sums(now)) assert.ok(Math.abs(sum + gamma) < 1e-12);
      // Of a wave, speeds are damped: u_t - u_{t-1}.
      const want = dynamics.equation === "wave" ? gamma : 0;
      for (const sum of sums(before)) assert.ok(Math.abs(sum - want) < 1e-12);
      seen.add(gamma);
    }
    assert.equal(seen.size, 6);
  });

  Deno.test(`${dynamics.equation}: strengths vary by up to 20 % from point to point, and nothing grows`, () => {
    const { strength } = dynamics;
    const factors: number[] = [];
    for (const seed of [1, 2, 3]) {
      const unknown = unknownEffects(dynamics, n, keyOf(seed));
      for (let i = 0; i < n; i++) {
        const [left, right] = [-1, 1].map((d) => unknown.now[i * n + (i + d + n) % n]);
        factors.push((left + right) / 2 / strength); // the drift is odd
        const drift = (left - right) / 2;
        assert.ok(dynamics.equation === "wave" ? Math.abs(drift) < 1e-15 : Math.abs(drift) <= 0.05);
        if (dynamics.equation === "heat") assert.notEqual(drift, 0);
      }
      const { now, before } = plus(operatorOf(dynamics, n), unknown);
      const companion = Matrix.zeros(2 * n, 2 * n);
      companion.setSubMatrix(Matrix.from1DArray(n, n, [...now]), 0, 0);
      companion.setSubMatrix(Matrix.from1DArray(n, n, [...before]), 0, n);
      companion.setSubMatrix(Matrix.eye(n), n, 0);
      const { realEigenvalues, imaginaryEigenvalues } = new EigenvalueDecomposition(companion);
      realEigenvalues.forEach((re, k) =>
        assert.ok(Math.hypot(re, imaginaryEigenvalues[k]) < 1 + 1e-6)
      );
    }
    assert.ok(factors.every((f) => Math.abs(f) <= 0.2 + 1e-12));
    assert.ok(Math.min(...factors) < -0.12 && Math.max(...factors) > 0.12);
  });
}
