/** @file The slope of a cost. */
import assert from "node:assert/strict";
import { rulesOf } from "./pipeline/other_builders.ts";
import { slope } from "./pipeline/slope.ts";

Deno.test("a power law has its exponent for a slope, whatever it is multiplied by", () => {
  for (const exponent of [0, 1, 1.5, 2]) {
    for (const sizes of [[1000, 4000], [10, 70, 900]]) {
      const points = sizes.map((n) => [n, 3e-5 * n ** exponent] as const);
      assert.ok(Math.abs(slope(points) - exponent) < 1e-12);
    }
  }
});

Deno.test("the slope is the one of least squares", () => {
  // By hand: x = 0, 1, 2 and y = 0, 0, 3 have a slope of 3 / 2.
  const points = [[1, 1], [Math.E, 1], [Math.E ** 2, Math.E ** 3]] as const;
  assert.ok(Math.abs(slope(points) - 1.5) < 1e-12);
});

Deno.test("other builders have as many targets as the pipeline has jobs, each after what it comes from", () => {
  for (const count of [2, 4, 100]) {
    const rules = rulesOf(count);
    assert.equal(rules.length, count);
    const made = new Set(["source"]);
    for (const [target, ...from] of rules) {
      assert.ok(from.length > 0 && from.every((name) => made.has(name)), target);
      made.add(target);
    }
    assert.equal(made.size, count + 1);
    assert.equal(rules.at(-1)!.length, count / 2 + 1);
  }
});
