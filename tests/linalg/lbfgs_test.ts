/** @file L-BFGS on functions whose lowest value is known, and what it certifies. */
import assert from "node:assert/strict";
import { minimise } from "../../lib/linalg/lbfgs.ts";
import { keyOf, normals } from "../../lib/random/random.ts";

/** sum_i c_i (x_i - i)^2 / 2, with curvatures from 1 to 10^4. */
const curvatures = Array.from({ length: 9 }, (_, i) => 10 ** (i / 2));
const bowl = (x: Float64Array, gradient: Float64Array) => {
  let value = 3;
  curvatures.forEach((c, i) => {
    value += c * (x[i] - i) ** 2 / 2;
    gradient[i] = c * (x[i] - i);
  });
  return value;
};
const options = { convexity: 1, tolerance: 1e-10, evaluations: 500 };

Deno.test("a bowl's bottom is found, within the distance that is certified", () => {
  const start = normals(keyOf(1), 9);
  const before = start.slice();
  const gaps: number[] = [];
  const found = minimise(bowl, start, {
    ...options,
    onStep: (value, gap) => {
      gaps.push(gap);
      assert.ok(value - 3 <= gap * (1 + 1e-9), `${value - 3} above, ${gap} certified`);
    },
  });
  assert.ok(found.gap <= 1e-10 && found.value - 3 <= found.gap + 1e-15);
  assert.ok(found.evaluations < 200, `${found.evaluations} evaluations`);
  found.x.forEach((value, i) => assert.ok(Math.abs(value - i) < 1e-4));
  assert.ok(gaps.at(-1)! < gaps[0]);
  assert.deepEqual(start, before);
});

Deno.test("the certificate is the squared gradient over twice the convexity, else the gradient's norm", () => {
  const at = Float64Array.from(curvatures, (_, i) => i);
  at[0] += 2; // gradient 2
  const once = { tolerance: 0, evaluations: 1 };
  assert.equal(minimise(bowl, at, { ...once, convexity: 0.5 }).gap, 4);
  assert.equal(minimise(bowl, at, { ...once, convexity: 0 }).gap, 2);
});

Deno.test("a curved valley is followed (Rosenbrock 1960), and the value never rises", () => {
  const values: number[] = [];
  const { x } = minimise(
    ([a, b], gradient) => {
      gradient.set([-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)]);
      return (1 - a) ** 2 + 100 * (b - a * a) ** 2;
    },
    Float64Array.of(-1.2, 1),
    { convexity: 0, tolerance: 1e-8, evaluations: 500, onStep: (value) => values.push(value) },
  );
  assert.ok(Math.abs(x[0] - 1) < 1e-6 && Math.abs(x[1] - 1) < 1e-6);
  values.slice(1).forEach((value, i) => assert.ok(value <= values[i]));
});

Deno.test("evaluations are counted and limited, and at the bottom there is nothing to do", () => {
  let calls = 0;
  const counted = (x: Float64Array, g: Float64Array) => (calls++, bowl(x, g));
  const { evaluations, gap } = minimise(counted, new Float64Array(9), {
    ...options,
    evaluations: 7,
  });
  assert.deepEqual([calls, evaluations, gap > 1e-10], [7, 7, true]);
  const there = minimise(bowl, Float64Array.from(curvatures, (_, i) => i), options);
  assert.deepEqual([there.evaluations, there.gap, there.value], [1, 0, 3]);
});
