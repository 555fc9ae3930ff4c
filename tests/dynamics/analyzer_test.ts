/** @file What the analyzer sees: ranks of matrices known on paper, balance, gradient flow, events, and any model that collapses. */
import assert from "node:assert/strict";
import { DynamicsAnalyzer } from "../../lib/dynamics/analyzer.ts";
import { orbitEntropy } from "../../lib/dynamics/entropy.ts";
import {
  effectiveRank,
  numericalRank,
  participationRatio,
  stableRank,
} from "../../lib/dynamics/spectrum.ts";
import { init, model } from "../../lib/models/deep_linear.ts";
import { keyOf } from "../../lib/random/random.ts";
import { randomChain } from "./chains.ts";

const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12, `${a}, ${b}`);

Deno.test("ranks of equal singular values, of one, of none, and of two by hand", () => {
  for (const rank of [effectiveRank, stableRank, participationRatio]) {
    close(rank([3, 3, 3, 3, 3]), 5);
    close(rank([7, 0, 0]), 1);
    close(rank([0, 0]), 0);
    close(rank([]), 0);
  }
  close(effectiveRank([3, 1]), Math.exp(-(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25))));
  close(stableRank([2, 1]), 1.25);
  close(stableRank([1, 2]), 1.25);
  close(participationRatio([2, 1]), 25 / 17);
  assert.equal(numericalRank([2, 0.0021, 0.002]), 2);
  assert.equal(numericalRank([2, 0.5, 0.1], 0.2), 2);
  assert.equal(numericalRank([0, 0]), 0);
});

Deno.test("a map is seen by its singular values; entropy only where it is defined", () => {
  const analyzer = new DynamicsAnalyzer({ rows: 2, columns: 2, depth: 3 });
  const seen = analyzer.observe(0, { map: Float64Array.of(0, 2, 1, 0) });
  assert.deepEqual(seen.singularValues.map((s) => s.toFixed(12)), [
    "2.000000000000",
    "1.000000000000",
  ]);
  close(seen.stableRank, 1.25);
  close(seen.entropy!, orbitEntropy([2, 1], 3)!);
  assert.equal("imbalance" in seen, false);
  assert.equal(analyzer.observe(1, { map: Float64Array.of(1, 0, 0, 0) }).entropy, undefined);
  const wide = new DynamicsAnalyzer({ rows: 1, columns: 2, depth: 3 });
  assert.equal(wide.observe(0, { map: Float64Array.of(1, 2) }).entropy, undefined);
  const unknown = new DynamicsAnalyzer({ rows: 2, columns: 2 });
  assert.equal(unknown.observe(0, { map: Float64Array.of(0, 2, 1, 0) }).entropy, undefined);
});

Deno.test("layers tell their balance and how gradients flow through them", () => {
  const analyzer = new DynamicsAnalyzer({ rows: 3, columns: 2 });
  const chain = randomChain(1, [3, 4, 2]);
  const gradients = [Float64Array.of(3, 4), Float64Array.of(0.5)];
  const seen = analyzer.observe(5, { chain, gradients });
  assert.ok(seen.imbalance! > 0);
  assert.deepEqual([seen.gradientNorms, seen.gradientFlow], [[5, 0.5], 0.1]);
  const still = analyzer.observe(6, {
    chain,
    gradients: [new Float64Array(2), new Float64Array(1)],
  });
  assert.equal(still.gradientFlow, 0);
  assert.equal(analyzer.observe(7, { chain }).gradientNorms, undefined);
});

Deno.test("ranks that come and go are events, in order", () => {
  const analyzer = new DynamicsAnalyzer({ rows: 2, columns: 2, tolerance: 0.1 });
  for (const [step, s] of [[0, 0], [10, 0.05], [20, 0.5], [30, 0.4], [40, 0.01]]) {
    analyzer.observe(step, { map: Float64Array.of(1, 0, 0, s) });
  }
  assert.deepEqual(analyzer.events(), [
    { step: 20, from: 1, to: 2 },
    { step: 40, from: 2, to: 1 },
  ]);
  assert.deepEqual(new DynamicsAnalyzer({ rows: 1, columns: 1 }).events(), []);
});

Deno.test("any model that is one matrix in the end can be watched", () => {
  const context = {
    signature: { kind: "window" as const, lookback: 5, horizon: 3, channels: 1 },
    layers: [],
  };
  const deep = model.configure({ depth: 3 }, context);
  const analyzer = new DynamicsAnalyzer({ rows: 5, columns: 3 });
  const params = init(keyOf(2), { lookback: 5, horizon: 3, depth: 3 });
  const { singularValues, effectiveRank } = analyzer.observe(0, { map: deep.collapse(params) });
  for (const s of singularValues) assert.ok(Math.abs(s - 0.25) < 1e-6);
  assert.ok(Math.abs(effectiveRank - 3) < 1e-6);
});

Deno.test("what cannot be watched is refused with its value", () => {
  assert.throws(() => new DynamicsAnalyzer({ rows: 0, columns: 2 }), /rows 0; expected/);
  assert.throws(() => new DynamicsAnalyzer({ rows: 2, columns: 1.5 }), /columns 1.5/);
  for (const tolerance of [0, 1, NaN]) {
    assert.throws(() => new DynamicsAnalyzer({ rows: 1, columns: 1, tolerance }), /tolerance/);
  }
  const analyzer = new DynamicsAnalyzer({ rows: 2, columns: 2 });
  assert.throws(
    () => analyzer.observe(0, { map: new Float64Array(3) }),
    /3 entries; expected 2 x 2/,
  );
  assert.throws(
    () => analyzer.observe(0, { map: Float64Array.of(1, NaN, 0, 0) }),
    /entry 1 .* NaN/,
  );
  analyzer.observe(3, { map: new Float64Array(4) });
  assert.throws(() => analyzer.observe(3, { map: new Float64Array(4) }), /step 3 after step 3/);
  const chain = { sizes: [2, 2], layers: [new Float64Array(3)] };
  assert.throws(() => analyzer.observe(4, { chain }), /layer 0 has 3 entries/);
});
