/** @file Groups and their matrices: all products, and the fewest factors against ranks of I - M and what is known of each group. */
import assert from "node:assert/strict";
import { fewestFactors, inverse, powersOf } from "../../lib/groups/fewest_factors.ts";
import { type GroupName, groupNames, represented } from "../../lib/groups/represented.ts";
import { multiply } from "../../lib/linalg/matrix.ts";
import { singularValues } from "../../lib/linalg/svd.ts";
import { after, groupOf } from "../../lib/tasks/automaton/table.ts";

/** Elements, and the largest rank of I - M: one of a sign, two of rotations in the plane and in space, of 5-cycles four. */
const known: Record<GroupName, [elements: number, size: number, rank: number]> = {
  parity: [2, 1, 1],
  z3: [3, 2, 2],
  z5: [5, 2, 2],
  s3: [6, 3, 2],
  s4: [24, 4, 2],
  a5: [60, 3, 2],
  s5: [120, 5, 4],
};

for (const name of groupNames) {
  Deno.test(`${name}: the matrix of a product is the product of the matrices, others differ, and the rank is the fewest factors`, () => {
    const { elements, matrices, size } = represented(name);
    const [count, dimension, rank] = known[name];
    assert.deepEqual([elements.length, matrices.length, size], [count, count, dimension]);
    const numbers = new Map(elements.map((element, i) => [`${element}`, i]));
    assert.equal(numbers.size, count);
    const apart = (A: Float64Array, B: Float64Array) =>
      A.reduce((most, value, at) => Math.max(most, Math.abs(value - B[at])), 0);
    const stride = count > 60 ? 7 : 1;
    for (let i = 0; i < count; i += stride) {
      for (let j = 0; j < count; j++) {
        const both = numbers.get(`${after(elements[i], elements[j])}`)!;
        const made = multiply(matrices[j], matrices[i], size, size, size);
        assert.ok(apart(made, matrices[both]) < 1e-9, `${elements[i]}, ${elements[j]}`);
        if (i !== j) assert.ok(apart(matrices[i], matrices[j]) > 0.3);
      }
    }
    const ranks = matrices.map((M) => {
      const moved = M.map((value, at) => value - Number(at % (size + 1) === 0));
      return singularValues(moved, size, size).filter((s) => s > 1e-9).length;
    });
    assert.equal(Math.max(...ranks), rank);
    assert.equal(fewestFactors(elements), rank);
  });
}

Deno.test("fewest factors of other groups: orders that are powers of two, of several primes, of nothing", () => {
  const cyclic = (n: number) => groupOf([Array.from({ length: n }, (_, i) => (i + 1) % n)]);
  assert.equal(fewestFactors(cyclic(4)), 2);
  // Of order 6 the elements of order 2 and 3 count, one and two.
  assert.equal(fewestFactors(cyclic(6)), 2);
  assert.equal(fewestFactors([[0]]), 0);
  // A 7-cycle with what takes x to x^2 has eigenvalues by 1, 2, 4 and their inverses.
  const frobenius = groupOf([[1, 2, 3, 4, 5, 6, 0], [0, 2, 4, 6, 1, 3, 5]]);
  assert.equal(frobenius.length, 21);
  assert.equal(fewestFactors(frobenius), 6);
  assert.equal(fewestFactors(cyclic(7)), 2);
});

Deno.test("powers end before the identity comes again, and the inverse undoes", () => {
  assert.deepEqual(powersOf([1, 2, 0]), [[0, 1, 2], [1, 2, 0], [2, 0, 1]]);
  assert.deepEqual(powersOf([0, 1]), [[0, 1]]);
  assert.deepEqual(inverse([1, 2, 0]), [2, 0, 1]);
});
