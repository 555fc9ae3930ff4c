/** @file HiPPO's matrix and its normal part, and decompositions of matrices that are not symmetric. */
import assert from "node:assert/strict";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { legendreInput, legendreMatrix, legendreModes } from "../../lib/layers/hippo.ts";
import { perturbation, perturbedLegendre } from "../../lib/layers/sequence/s5_ptd.ts";
import { complexInverse, type ComplexMatrix, eigen } from "../../lib/linalg/eigen.ts";

const near = (a: number, b: number, tolerance: number, what = "") =>
  assert.ok(Math.abs(a - b) < tolerance, `${what}: ${a}, ${b}`);

/** A B of complex [n, n]. */
function product(a: ComplexMatrix, b: ComplexMatrix, n: number): ComplexMatrix {
  const [re, im] = [new Float64Array(n * n), new Float64Array(n * n)];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) {
        const [x, y, u, v] = [a.re[i * n + k], a.im[i * n + k], b.re[k * n + j], b.im[k * n + j]];
        re[i * n + j] += x * u - y * v;
        im[i * n + j] += x * v + y * u;
      }
    }
  }
  return { re, im };
}

Deno.test("the matrix of two, three states is the published one", () => {
  const [r3, r5, r15] = [3, 5, 15].map(Math.sqrt);
  assert.deepEqual([...legendreMatrix(1)], [-1]);
  [-1, 0, 0, -r3, -2, 0, -r5, -r15, -3].forEach((v, i) => near(legendreMatrix(3)[i], v, 1e-15));
  [1, r3, r5].forEach((v, i) => near(legendreInput(3)[i], v, 1e-15));
});

Deno.test("frequencies of the skew part of HiPPO have its norm and its Pfaffian", () => {
  near(legendreModes(1).frequency[0], Math.sqrt(3) / 2, 1e-12);
  const [a, b] = legendreModes(2).frequency;
  const entry = (i: number, j: number) => Math.sqrt((2 * i + 1) * (2 * j + 1)) / 2;
  const pairs = [[0, 1, 2, 3], [0, 2, 1, 3], [0, 3, 1, 2]];
  const sum = (x: number[]) => x.reduce((a, b) => a + b);
  near(a * b, sum(pairs.map(([i, j, k, l], n) => (-1) ** n * entry(i, j) * entry(k, l))), 1e-12);
  near(
    a * a + b * b,
    sum(pairs.flatMap(([i, j, k, l]) => [entry(i, j) ** 2, entry(k, l) ** 2])),
    1e-12,
  );
  assert.ok(a > b && b > 0);
});

Deno.test("diagonal plus rank one, of HiPPO's modes, has HiPPO's eigenvalues -1, -2, ...", () => {
  for (const count of [1, 3]) {
    const { frequency, weight } = legendreModes(count);
    // Real and imaginary parts of one state of each pair: (Lambda - P P*) h, with a real P.
    const A = Matrix.zeros(2 * count, 2 * count);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) A.set(i, j, -2 * weight[i] * weight[j]);
      A.set(i, i, A.get(i, i) - 0.5).set(i, count + i, -frequency[i]);
      A.set(count + i, count + i, -0.5).set(count + i, i, frequency[i]);
    }
    const { realEigenvalues, imaginaryEigenvalues } = new EigenvalueDecomposition(A);
    [...realEigenvalues].sort((a, b) => b - a).forEach((v, i) => near(v, -1 - i, 1e-9));
    imaginaryEigenvalues.forEach((v) => near(v, 0, 1e-9));
  }
});

Deno.test("a matrix with pairs and real eigenvalues is V Lambda V^-1, with unit vectors", () => {
  const n = 5;
  const A = Float64Array.from({ length: n * n }, (_, i) => Math.sin(7 * i * i + 1));
  const { values, vectors } = eigen(A, n);
  const inverse = complexInverse(vectors, n);
  const pairs = [...values.im].filter((v) => v !== 0).length;
  assert.ok(pairs > 0 && pairs < n, `${values.im}`);
  const diagonal = { re: new Float64Array(n * n), im: new Float64Array(n * n) };
  for (let i = 0; i < n; i++) {
    diagonal.re[i * n + i] = values.re[i];
    diagonal.im[i * n + i] = values.im[i];
    const column = Array.from(
      { length: n },
      (_, k) => vectors.re[k * n + i] ** 2 + vectors.im[k * n + i] ** 2,
    );
    near(column.reduce((a, b) => a + b), 1, 1e-12);
  }
  const whole = product(product(vectors, diagonal, n), inverse, n);
  A.forEach((v, i) => near(whole.re[i], v, 1e-11, `${i}`));
  whole.im.forEach((v) => near(v, 0, 1e-11));
});

Deno.test("HiPPO is perturbed by a tenth of itself, the same at every call, to eigenvectors that can be inverted", () => {
  const n = 16;
  const [A, P] = [legendreMatrix(n), perturbedLegendre(n)];
  assert.deepEqual(perturbedLegendre(n), P);
  near(Math.hypot(...P.map((v, i) => v - A[i])), perturbation * Math.hypot(...A), 1e-9);
  const condition = (A: Float64Array) => {
    const { vectors } = eigen(A, n);
    const inverse = complexInverse(vectors, n);
    return Math.hypot(...vectors.re, ...vectors.im) * Math.hypot(...inverse.re, ...inverse.im);
  };
  assert.ok(condition(P) < 1e3, `${condition(P)}`);
  assert.ok(condition(A) > 1e6, `${condition(A)}`);
});
