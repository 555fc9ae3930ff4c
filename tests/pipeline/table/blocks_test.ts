/** @file Blocks of a run: their means, logarithms, differences and cells, with terms that give them again. */
import assert from "node:assert/strict";
import { pairedInterval } from "../../../lib/analysis/intervals.ts";
import {
  blockCell,
  blockDifference,
  blockEffect,
  type Blocks,
  grouped,
  logged,
} from "../../../pipeline/table/blocks.ts";

const of = (run: string, ...values: number[]): Blocks => ({ run, metric: "error", values });

Deno.test("parts are dealt in order into groups that differ by one at most", () => {
  assert.deepEqual(grouped([1, 3, 5, 7], 2), [2, 6]);
  assert.deepEqual(grouped([1, 2, 3, 4, 5, 6, 7], 3), [1.5, 3.5, 6]);
  assert.deepEqual(grouped([4, 9], 2), [4, 9]);
  assert.throws(() => grouped([1, 2], 3), /2 parts make no 3 blocks/);
  assert.throws(() => grouped([], 1), RangeError);
});

Deno.test("logarithms have a name of their own, and what has none is named", () => {
  assert.deepEqual(logged(of("a", 1, Math.E)), { run: "a", metric: "log error", values: [0, 1] });
  for (const bad of [0, -1, NaN]) {
    assert.throws(
      () => logged(of("a", 2, bad)),
      new RegExp(`error of a is ${bad} in block 1: expected more than 0`),
    );
  }
});

Deno.test("a difference is paired by block", () => {
  const [a, b] = [of("a", 3, 5, 10), of("b", 1, 2, 4)];
  const { at, values, terms } = blockEffect(a, b);
  assert.deepEqual([at, values], [[0, 1, 2], [2, 3, 6]]);
  assert.deepEqual(
    terms.map(({ coefficient, metric, runs, values, parts }) => ({
      coefficient,
      metric,
      runs,
      values,
      parts,
    })),
    [
      {
        coefficient: 1,
        metric: "error",
        runs: ["a", "a", "a"],
        values: [3, 5, 10],
        parts: [0, 1, 2],
      },
      {
        coefficient: -1,
        metric: "error",
        runs: ["b", "b", "b"],
        values: [1, 2, 4],
        parts: [0, 1, 2],
      },
    ],
  );
  const { mean, low, high } = pairedInterval(a.values, b.values);
  const cell = blockDifference(a, b);
  assert.deepEqual([cell.value, cell.low, cell.high, cell.n, cell.runs], [mean, low, high, 3, [
    "a",
    "b",
  ]]);
  assert.throws(() => blockEffect(a, of("c", 1)), /3 blocks of a and 1 of c are no pairs/);
});

Deno.test("what is equal in every block, or has one block, has no interval", () => {
  const cell = blockDifference(of("a", 2, 3), of("b", 1, 2));
  assert.deepEqual([cell.value, "low" in cell], [1, false]);
  assert.equal("low" in blockDifference(of("a", 2), of("b", 1)), false);
  assert.equal("low" in blockCell(7, "score", of("a", 2, 2)), false);
  assert.equal("low" in blockCell(7, "score", of("a", 2)), false);
});

Deno.test("a score of the whole run has the width of its blocks' interval", () => {
  const cell = blockCell(7, "score", of("a", 1, 2, 6));
  const { low, high } = pairedInterval([1, 2, 6], [0, 0, 0]);
  assert.equal(cell.value, 7);
  assert.ok(Math.abs(cell.low! - (7 - (high! - low!) / 2)) < 1e-12);
  assert.ok(Math.abs(cell.high! - (7 + (high! - low!) / 2)) < 1e-12);
  assert.deepEqual(cell.terms!.map(({ metric, spread }) => [metric, spread]), [
    ["score", undefined],
    ["error", true],
  ]);
  assert.deepEqual(cell.runs, ["a"]);
});
