/** @file What gradient descent conserves: the discrete identity to rounding, its drift in the limit, and balance itself. */
import assert from "node:assert/strict";
import {
  conservationError,
  drift,
  imbalance,
  imbalances,
} from "../../lib/dynamics/balancedness.ts";
import { type Chain, descended, gradients } from "../../lib/dynamics/chain.ts";
import { endGradient } from "../../lib/dynamics/regression.ts";
import { initialised } from "../../lib/models/initialisations.ts";
import { keyOf, normals } from "../../lib/random/random.ts";
import { randomChain } from "./chains.ts";

const teacher = (rows: number, columns: number) => ({
  rows,
  columns,
  optimum: normals(keyOf(5), rows * columns),
});

function step(chain: Chain, rate: number) {
  const of = teacher(chain.sizes[0], chain.sizes.at(-1)!);
  const G = gradients(chain, (X) => endGradient(of, X));
  return { G, next: descended(chain, G, rate) };
}

Deno.test("D_l is W_l' W_l - W_{l+1} W_{l+1}'; one layer has none", () => {
  const chain: Chain = {
    sizes: [1, 2, 1],
    layers: [Float64Array.of(1, 2), Float64Array.of(3, 5)],
  };
  assert.deepEqual(imbalances(chain).map((D) => [...D]), [[1 - 9, 2 - 15, 2 - 15, 4 - 25]]);
  const one = randomChain(1, [3, 2]);
  assert.deepEqual([imbalances(one), imbalance(one)], [[], 0]);
  const expected = Math.hypot(8, 13, 13, 21) / 34;
  assert.ok(Math.abs(imbalance(chain) - expected) < 1e-15);
});

Deno.test("the identity of one step holds to 1e-12 at every depth, and notices a wrong gradient", () => {
  for (const sizes of [[3, 5, 2], [4, 4, 4, 4], [2, 3, 3, 3, 3, 3, 1], [5, 2]]) {
    const chain = randomChain(2, sizes);
    const { G, next } = step(chain, 0.05);
    assert.ok(conservationError(chain, G, 0.05, next) < 1e-12, `${sizes}`);
    if (sizes.length === 2) continue;
    const wrong = G.map((g, l) => l === 1 ? g.map((value) => 1.01 * value) : g);
    assert.ok(conservationError(chain, wrong, 0.05, descended(chain, wrong, 0.05)) > 1e-6);
    // The second-order term is part of it.
    assert.ok(conservationError(chain, G.map((g) => g.map(() => 0)), 0.05, next) > 1e-8);
  }
});

Deno.test("over the same time a step of half the size drifts half as far", () => {
  const start: Chain = {
    sizes: [4, 4, 4, 4],
    layers: initialised("orthogonal", keyOf(3), [4, 4, 4, 4]),
  };
  const after = (steps: number) => {
    let chain = start;
    for (let k = 0; k < steps; k++) chain = step(chain, 0.4 / steps).next;
    return drift(start, chain);
  };
  const ratio = after(200) / after(400);
  assert.ok(Math.abs(ratio - 2) < 0.05, `${ratio}`);
  assert.equal(drift(start, start), 0);
});

Deno.test("balanced layers have no imbalance, independent ones have", () => {
  for (const sizes of [[5, 3, 3, 3], [3, 3, 7], [4, 4, 4, 4, 4]]) {
    const layers = initialised("balanced", keyOf(4), sizes);
    assert.ok(imbalance({ sizes, layers }) < 1e-12, `${sizes}`);
    assert.ok(imbalance({ sizes, layers: initialised("xavier", keyOf(4), sizes) }) > 0.1);
  }
});
