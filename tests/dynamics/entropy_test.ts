/** @file The entropy of the orbit against the metric of its tangents, and volumes known on paper. */
import assert from "node:assert/strict";
import { determinant, Matrix } from "ml-matrix";
import { logVolumeOfOrthogonalGroup, orbitEntropy } from "../../lib/dynamics/entropy.ts";
import { product } from "./chains.ts";

const diagonal = (values: number[]) =>
  values.map((value, i) => values.map((_, j) => i === j ? value : 0));

/** log sqrt det of the Gram matrix of all tangents A_l W_l - W_l A_{l-1} to the orbit of the layers diag(s)^{1/N}. */
function logDensity(s: number[], depth: number): number {
  const d = s.length;
  const roots = diagonal(s.map((value) => value ** (1 / depth)));
  const tangents: number[][] = [];
  for (let l = 0; l < depth - 1; l++) {
    for (let i = 0; i < d; i++) {
      for (let j = i + 1; j < d; j++) {
        const A = diagonal(Array(d).fill(0));
        // Of unit length in O(d).
        [A[i][j], A[j][i]] = [Math.SQRT1_2, -Math.SQRT1_2];
        const moved = Array.from({ length: depth }, () => diagonal(Array(d).fill(0)));
        moved[l] = product(roots, A);
        moved[l + 1] = product(A, roots).map((row) => row.map((value) => -value));
        tangents.push(moved.flat(2));
      }
    }
  }
  const gram = tangents.map((a) => tangents.map((b) => a.reduce((sum, x, k) => sum + x * b[k], 0)));
  return gram.length ? Math.log(determinant(new Matrix(gram))) / 2 : 0;
}

Deno.test("entropy is the volume of O(d)^{N-1} times the density of its image", () => {
  for (const s of [[1.3, 0.4], [2, 1, 0.5], [1, 1, 0.2]]) {
    for (const depth of [2, 3, 5]) {
      const d = s.length;
      const expected = (depth - 1) * logVolumeOfOrthogonalGroup(d) + logDensity(s, depth);
      const entropy = orbitEntropy(s, depth)!;
      assert.ok(Math.abs(entropy - expected) < 1e-10, `${s}, ${depth}: ${entropy}, ${expected}`);
    }
  }
});

Deno.test("the volumes of O(1) to O(5) are those on paper", () => {
  const { PI, SQRT2 } = Math;
  const spheres = [2 * PI, 4 * PI, 2 * PI ** 2, 8 * PI ** 2 / 3];
  const expected = [0, 1, 2, 3, 4].map((n) =>
    spheres.slice(0, n).reduce((a, b) => a * b, 2) * SQRT2 ** (n * (n + 1) / 2)
  );
  expected.forEach((volume, i) => {
    const log = logVolumeOfOrthogonalGroup(i + 1);
    assert.ok(Math.abs(log - Math.log(volume)) < 1e-12, `O(${i + 1}): ${Math.exp(log)}, ${volume}`);
  });
});

Deno.test("it grows in every singular value, has no size of one layer but pairs, and is undefined where two formulas would differ", () => {
  assert.ok(orbitEntropy([2, 1], 3)! > orbitEntropy([2, 0.9], 3)!);
  assert.ok(orbitEntropy([2.1, 1], 3)! > orbitEntropy([2, 1], 3)!);
  assert.equal(orbitEntropy([2, 1], 1), 0);
  assert.equal(orbitEntropy([3], 2), Math.log(2));
  for (const s of [[1, 0], [0, 0], [], [1, 1e-13], [1, NaN]]) {
    assert.equal(orbitEntropy(s, 2), undefined, `${s}`);
  }
  for (const depth of [0, 1.5, NaN]) {
    assert.throws(() => orbitEntropy([1], depth), /depth .*: expected a whole number of layers/);
  }
});
