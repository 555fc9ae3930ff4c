/** @file The normal tail against published values. */
import assert from "node:assert/strict";
import { normalTail } from "../../lib/anomaly/normal_tail.ts";

Deno.test("normalTail: values of tables to thirteen digits", () => {
  // scipy.stats.norm.sf
  const table: [number, number][] = [
    [0, 0.5],
    [0.1, 0.460172162722971],
    [1, 0.15865525393145707],
    [2.5, 0.006209665325776132],
    [3, 0.0013498980316300933],
    [5, 2.866515718791939e-7],
    [8, 6.220960574271785e-16],
    [20, 2.7536241186062337e-89],
  ];
  for (const [z, tail] of table) {
    assert.ok(Math.abs(normalTail(z) / tail - 1) < 1e-12, `${z}: ${normalTail(z)}`);
  }
});

Deno.test("normalTail: both forms agree where one ends", () => {
  const [below, above] = [normalTail(3 - 1e-12), normalTail(3)];
  assert.ok(below > above && below / above - 1 < 1e-11, `${below} ${above}`);
});

Deno.test("normalTail: far out it vanishes, and one minus it is 1", () => {
  assert.equal(normalTail(Infinity), 0);
  assert.equal(1 - normalTail(8.5), 1);
  assert.ok(1 - normalTail(8) < 1);
});
