/** @file Natural-gradient steps: what they do to the product, their norm, and K-FAC with the exact Fisher. */
import assert from "node:assert/strict";
import { inverse, Matrix, pseudoInverse } from "ml-matrix";
import { type Chain, gradients, productOf, surroundings } from "../../lib/dynamics/chain.ts";
import { blockDiagonalStep, minimumNormStep } from "../../lib/dynamics/natural_gradient.ts";
import { endGradient } from "../../lib/dynamics/regression.ts";
import { study } from "../../lib/dynamics/studies/natural_gradient.ts";
import { keyOf, normals } from "../../lib/random/random.ts";
import { distance, randomChain, rowsOf } from "./chains.ts";

/** d/dh of the product of W + h dW, by central differences. */
function movement(chain: Chain, moves: readonly Float64Array[]): Float64Array {
  const at = (h: number) =>
    productOf({
      sizes: chain.sizes,
      layers: chain.layers.map((W, l) => W.map((w, e) => w + h * moves[l][e])),
    });
  const [up, down] = [at(1e-5), at(-1e-5)];
  return up.map((value, e) => (value - down[e]) / 2e-5);
}

Deno.test("both forms move the product by the residual, to first order", () => {
  for (const sizes of [[3, 2], [4, 2, 2], [2, 5, 3], [3, 3, 3, 3], [1, 1, 1]]) {
    const chain = randomChain(1, sizes, 1);
    const residual = normals(keyOf(2), sizes[0] * sizes.at(-1)!);
    const moved = movement(chain, minimumNormStep(chain, residual));
    assert.ok(distance(moved, residual) < 1e-6, `${sizes}: ${moved} ${residual}`);
    if (new Set(sizes).size > 1) continue;
    assert.ok(distance(movement(chain, blockDiagonalStep(chain, residual)), residual) < 1e-6);
  }
});

Deno.test("the one of least norm is the pseudo-inverse of the layers' Jacobian", () => {
  const sizes = [3, 2, 2];
  const chain = randomChain(3, sizes, 1);
  const residual = normals(keyOf(4), 6);
  const entries = chain.layers.flatMap((W, l) => Array.from(W, (_, e) => [l, e]));
  const columns = entries.map(([l, e]) =>
    movement(chain, chain.layers.map((W, k) => W.map((_, i) => k === l && i === e ? 1 : 0)))
  );
  const jacobian = new Matrix(columns.map((column) => [...column])).transpose();
  const expected = pseudoInverse(jacobian).mmul(Matrix.columnVector([...residual])).to1DArray();
  const got = minimumNormStep(chain, residual).flatMap((move) => [...move]);
  assert.ok(distance(got, expected) < 1e-6);
});

Deno.test("K-FAC with the exact Gaussian Fisher is N times the block-diagonal step", () => {
  for (const depth of [1, 2, 5]) {
    const n = 3;
    const chain = randomChain(5, Array(depth + 1).fill(n), 1);
    const root = new Matrix(rowsOf(normals(keyOf(6), n * n), n));
    const S = root.mmul(root.transpose());
    const regression = {
      ...{ rows: n, columns: n, optimum: normals(keyOf(7), n * n) },
      covariance: Float64Array.from(S.to1DArray()),
    };
    const G = gradients(chain, (X) => endGradient(regression, X));
    const { before, after } = surroundings(chain);
    const dense = (A: Float64Array | undefined) => A ? new Matrix(rowsOf(A, n)) : Matrix.eye(n);
    const residual = productOf(chain).map((x, e) => x - regression.optimum[e]);
    const steps = blockDiagonalStep(chain, residual);
    for (let p = 0; p < depth; p++) {
      const [A, B] = [dense(before[p]), dense(after[p])];
      // Second moments of what goes into a layer, and of the derivatives by what comes out of it (unit Gaussian noise).
      const [into, out] = [A.transpose().mmul(S).mmul(A), B.mmul(B.transpose())];
      const kfac = inverse(into).mmul(new Matrix(rowsOf(G[p], n))).mmul(inverse(out));
      const expected = steps[p].map((value) => depth * value);
      const size = Math.max(...expected.map(Math.abs));
      assert.ok(distance(kfac.to1DArray(), expected) < 1e-8 * size, `layer ${p} of ${depth}`);
    }
  }
});

Deno.test("layers that cannot do it are refused: singular ones, and widths that differ", () => {
  const singular = { sizes: [2, 2, 2], layers: [0, 1].map(() => Float64Array.of(1, 0, 0, 0)) };
  const residual = new Float64Array(4).fill(1);
  assert.throws(
    () => blockDiagonalStep(singular, residual),
    /singular values 1 to 0 have no inverse/,
  );
  assert.throws(() => minimumNormStep(singular, residual), /not positive definite/);
  const wide = randomChain(8, [2, 3, 2]);
  assert.throws(() => blockDiagonalStep(wide, residual), /widths 2, 3, 2; .* needs equal ones/);
});

const run = (options: object, seed = 0) =>
  study.configure({ rows: 3, columns: 3, depth: 3, frames: "aligned", ...options })
    .run(seed, {}, () => {}).scalars;

Deno.test("the study: the control shrinks exactly, layers to first order, and a singular segment is seen", () => {
  const end = run({ method: "end-to-end", rate: 0.1 });
  assert.ok(Math.abs(end.predicted + Math.log(0.9)) < 1e-15);
  assert.ok(Math.abs(end.contraction - end.predicted) < 1e-8);
  for (const method of ["minimum norm", "block-diagonal"]) {
    const found = run({ method });
    assert.ok(Math.abs(found.contraction / found.predicted - 1) < 0.01);
    assert.deepEqual([found.crosses, found.lost], [0, 0]);
    assert.ok(found.toTarget > 10 && found.toTarget < 60);
  }
  // From 1 to a teacher of condition 1 on one unit: always or never through 0.
  const signs = [0, 1, 2, 3, 4, 5].map((seed) =>
    run(
      {
        ...{ rows: 1, columns: 1, condition: 1, start: 0.5, depth: 2 },
        ...{ method: "minimum norm", frames: "rotated" },
      },
      seed,
    )
  );
  for (const { crosses, contraction, predicted, toTarget } of signs) {
    assert.equal(Math.abs(contraction / predicted - 1) > 0.1, crosses === 1);
    assert.equal(toTarget === 200, crosses === 1);
  }
  assert.equal(new Set(signs.map(({ crosses }) => crosses)).size, 2);
  assert.equal(run({ rows: 4, method: "minimum norm", frames: "rotated" }).crosses, 0);
});
