/** @file Products, their gradients and the quadratic loss against definitions and finite differences. */
import assert from "node:assert/strict";
import {
  type Chain,
  checkChain,
  descended,
  gradients,
  productOf,
} from "../../lib/dynamics/chain.ts";
import {
  covarianceOf,
  endGradient,
  excessLoss,
  relativeExcess,
} from "../../lib/dynamics/regression.ts";
import { keyOf, normals } from "../../lib/random/random.ts";
import { distance, naiveProduct, product, randomChain, rowsOf } from "./chains.ts";

const shapes = [[3, 5], [1, 1], [5, 3, 2], [2, 4, 3, 1], [3, 3, 3, 3, 3]];

/** A regression whose inputs are not white. */
function regression(rows: number, columns: number) {
  const root = rowsOf(normals(keyOf(7), rows * rows), rows);
  const covariance = Float64Array.from(
    product(root, root[0].map((_, j) => root.map((row) => row[j]))).flat(),
  );
  return { rows, columns, covariance, optimum: normals(keyOf(8), rows * columns), noise: 0.5 };
}

Deno.test("the product is that of the definition, at odd sizes and of one layer", () => {
  for (const sizes of shapes) {
    const chain = randomChain(1, sizes);
    assert.ok(distance(productOf(chain), naiveProduct(chain)) < 1e-12, `${sizes}`);
  }
  const one = randomChain(2, [2, 2]);
  productOf(one)[0] = 99;
  assert.notEqual(one.layers[0][0], 99, "the product is the caller's own");
});

Deno.test("gradients of all layers are those of finite differences, on inputs that are not white", () => {
  for (const sizes of shapes) {
    const chain = randomChain(3, sizes);
    const of = regression(sizes[0], sizes.at(-1)!);
    const G = gradients(chain, (X) => endGradient(of, X));
    const lossWith = (l: number, e: number, h: number) => {
      const layers = chain.layers.map((W) => W.slice());
      layers[l][e] += h;
      return excessLoss(of, productOf({ sizes, layers }));
    };
    chain.layers.forEach((W, l) =>
      W.forEach((_, e) => {
        const slope = (lossWith(l, e, 1e-5) - lossWith(l, e, -1e-5)) / 2e-5;
        assert.ok(Math.abs(G[l][e] - slope) < 1e-6 * (1 + Math.abs(slope)), `${sizes} ${l} ${e}`);
      })
    );
  }
});

Deno.test("the loss is the trace of the definition; of white inputs half the squared distance", () => {
  const of = regression(3, 2);
  const X = normals(keyOf(9), 6);
  const R = rowsOf(X.map((x, i) => x - of.optimum[i]), 2);
  const SR = product(rowsOf(of.covariance, 3), R);
  const expected = R.flat().reduce((sum, r, i) => sum + r * SR.flat()[i], 0) / 2;
  assert.ok(Math.abs(excessLoss(of, X) - expected) < 1e-12);
  assert.ok(Math.abs(relativeExcess(of, X) - expected / 0.5) < 1e-12);
  const white = { rows: 3, columns: 2, optimum: of.optimum };
  const half = R.flat().reduce((sum, r) => sum + r * r, 0) / 2;
  assert.ok(Math.abs(excessLoss(white, X) - half) < 1e-12);
  assert.deepEqual([...covarianceOf({ rows: 2, columns: 1, optimum: X })], [1, 0, 0, 1]);
  assert.equal(covarianceOf(of), of.covariance);
  assert.throws(() => relativeExcess(white, X), /noise 0; expected more than 0/);
});

Deno.test("a step goes down the gradient by the rate, and leaves the layers before it alone", () => {
  const chain: Chain = { sizes: [1, 1, 1], layers: [Float64Array.of(2), Float64Array.of(3)] };
  const next = descended(chain, [Float64Array.of(10), Float64Array.of(-4)], 0.5);
  assert.deepEqual(next.layers.map(([w]) => w), [-3, 5]);
  assert.deepEqual(chain.layers.map(([w]) => w), [2, 3]);
});

Deno.test("a chain whose layers do not fit is refused by name", () => {
  checkChain(randomChain(4, [2, 3, 1]));
  const layers = [new Float64Array(6), new Float64Array(4)];
  assert.throws(() => checkChain({ sizes: [2, 3, 1], layers }), /layer 1 has 4 .* 3 x 1/);
  assert.throws(() => checkChain({ sizes: [2, 3], layers }), /2 layers between 2 widths/);
  assert.throws(() => checkChain({ sizes: [2], layers: [] }), /0 layers between 1 widths/);
});
