/** @file Starts: steps of one unit by hand, the sign that the flow keeps, censoring, and the best of several rates. */
import assert from "node:assert/strict";
import { study } from "../../../lib/dynamics/studies/initialisation.ts";

const run = (options: object, seed = 0) =>
  study.configure({ depth: 2, width: 3, sign: "same", ...options })
    .run(seed, {}, () => {}).scalars;

/** One unit, two balanced layers and a teacher of +-1: their size goes from .5 by w -= rate w (w^2 - 1). */
function byHand(rate: number): number {
  let w = Math.sqrt(0.25);
  for (let step = 0;; step++) {
    // Noise as strong as the signal: the excess is (x - 1)^2.
    if ((w * w - 1) ** 2 <= 0.01) return step;
    w -= rate * w * (w * w - 1);
  }
}

Deno.test("one unit takes the steps of the recursion by hand, at the better of two rates", () => {
  // The largest stable rate of two layers at 1 is 1.
  const one = { width: 1, condition: 1, initialisation: "balanced" };
  for (const share of [0.1, 0.4]) {
    const found = run({ ...one, shares: [share] }, 3);
    assert.deepEqual([found.steps, found.reached, found.share], [byHand(share), 1, share]);
    assert.ok(found.excess <= 0.01 && found.excess > 0);
  }
  for (const shares of [[0.1, 0.4], [0.4, 0.1]]) {
    const found = run({ ...one, shares }, 3);
    assert.deepEqual([found.steps, found.share], [byHand(0.4), 0.4]);
  }
  // It stays at 0 where the sign is the other one: all of the signal is missing.
  const other = run({ ...one, sign: "other", shares: [0.2], cap: 200 });
  assert.deepEqual([other.steps, other.reached, other.share], [200, 0, 0]);
  assert.ok(Math.abs(other.excess - 1) < 1e-3, `${other.excess}`);
});

Deno.test("deep balanced layers of the other sign stop where the smallest singular value is missing", () => {
  for (const seed of [0, 1, 2]) {
    const options = { depth: 6, initialisation: "balanced", shares: [0.5], cap: 400, target: 1e-3 };
    assert.equal(run(options, seed).reached, 1);
    const { reached, excess } = run({ ...options, sign: "other" }, seed);
    assert.equal(reached, 0);
    // Singular values 2, 1, 1/2 of condition 4.
    assert.ok(Math.abs(excess - 0.25 / 5.25) < 1e-3, `${excess}`);
  }
});

Deno.test("training that blows up has no excess and reaches nothing; another rate is not held against it", () => {
  const wild = run({ initialisation: "he", depth: 8, shares: [50], cap: 50 });
  assert.deepEqual(wild, { steps: 50, reached: 0, share: 0, excess: 1e9 });
  const one = { initialisation: "orthogonal", depth: 2, cap: 300 };
  const [tame, both] = [[0.5], [50, 0.5]].map((shares) => run({ ...one, shares }));
  assert.deepEqual(both, tame);
  assert.equal(tame.reached, 1);
});

Deno.test("other seeds are other teachers and starts", () => {
  const found = [0, 1, 2].map((seed) => run({ initialisation: "xavier" }, seed).excess);
  assert.equal(new Set(found).size, 3);
  assert.throws(() => run({ initialisation: "zero" }), /initialisation = "zero"/);
  assert.throws(() => run({ initialisation: "he", sign: "any" }), /sign = "any"/);
  assert.throws(() => run({ initialisation: "he", shares: [] }), /shares/);
});
