/** @file Cells, differences and means of numbers of which there is one for each system. */
import assert from "node:assert/strict";
import {
  cellOf,
  differenceCell,
  mapped,
  mean,
  meanOver,
  minus,
  termsOf,
  type Values,
} from "../../../pipeline/table/values.ts";

import type { Cell } from "../../../pipeline/results.ts";

/** Of the seeds 0, 1, ..., from the runs that are named. */
const of = (values: number[], runs: string[] = values.map((_, i) => `run ${i}`)): Values => ({
  ...{ tag: "seed", at: values.map((_, i) => i), values, runs },
});

/** A cell without what it is made of. */
function bare({ terms: _, ...cell }: Cell): Cell {
  return cell;
}

const close = (a: number | undefined, b: number) =>
  assert.ok(Math.abs(a! - b) < 1e-4, `${a} is not ${b}`);

Deno.test("a cell is the mean with its interval, and cites the runs", () => {
  const cell = cellOf(of([1, 3, 8], ["a", "b", "c"]));
  assert.deepEqual([cell.value, cell.n, cell.runs], [4, 3, ["a", "b", "c"]]);
  // t of 2 degrees is 4.302653; the standard deviation is sqrt(13).
  close(cell.high, 4 + 4.302653 * Math.sqrt(13 / 3));
  close(cell.low, 4 - 4.302653 * Math.sqrt(13 / 3));
  assert.deepEqual(bare(cellOf(of([7], ["a"]))), { value: 7, n: 1, runs: ["a"] });
});

Deno.test("values that are all the same have no interval, nor have two; others do wherever they differ", () => {
  assert.deepEqual(bare(cellOf(of([3, 5], ["a", "b"]))), { value: 4, n: 2, runs: ["a", "b"] });
  assert.deepEqual(bare(cellOf(of([3, 3], ["a", "b"]))), { value: 3, n: 2, runs: ["a", "b"] });
  assert.ok(cellOf(of([3, 3, 4])).low! < 3);
  assert.ok(cellOf(of([4, 3, 3])).low! < 3);
});

Deno.test("a difference is taken pair by pair, and cites the runs of both", () => {
  const [a, b] = [of([2, 4, 9], ["a", "b", "c"]), of([1, 2, 6], ["d", "e", "f"])];
  const cell = differenceCell(a, b);
  assert.deepEqual([cell.value, cell.n, cell.runs], [2, 3, ["a", "b", "c", "d", "e", "f"]]);
  // t of 2 degrees is 4.302653; the differences are 1, 2 and 3.
  close(cell.low, 2 - 4.302653 / Math.sqrt(3));
  close(cell.high, 2 + 4.302653 / Math.sqrt(3));
  assert.deepEqual(bare(differenceCell(of([2], ["a"]), of([5], ["c"]))), {
    ...{ value: -3, n: 1, runs: ["a", "c"] },
  });
  assert.deepEqual(minus(a, b).values, [1, 2, 3]);
  assert.deepEqual(minus(a, a), { ...a, values: [0, 0, 0] });
});

Deno.test("means over settings keep the systems apart", () => {
  const over = meanOver([of([1, 2], ["a", "b"]), of([3, 6], ["c", "d"])]);
  assert.deepEqual(over, { tag: "seed", at: [0, 1], values: [2, 4], runs: ["a", "b", "c", "d"] });
  assert.deepEqual(meanOver([of([5, 7])]).values, [5, 7]);
  assert.equal(mean(over), 3);
  assert.deepEqual(mapped(over, (value, i) => value * 10 + i), { ...over, values: [20, 41] });
});

Deno.test("numbers of other systems, or in another order, are no pairs", () => {
  const a = of([1, 2]);
  for (
    const b of [
      of([1]),
      of([1, 2, 3]),
      { ...a, at: [1, 0] },
      { ...a, at: [0, 2] },
      { ...a, tag: "initialisation" },
    ]
  ) {
    for (const pair of [minus, differenceCell, (a: Values, b: Values) => meanOver([a, b])]) {
      assert.throws(() => pair(a, b), /^Error: Values of seed 0, 1 and of .* are no pairs/);
    }
  }
});

Deno.test("a run that gave no number is refused, never left out of a mean", () => {
  for (const bad of [NaN, Infinity, null as unknown as number, undefined as unknown as number]) {
    for (const refuses of [cellOf, mean]) {
      assert.throws(() => refuses(of([1, bad, 1])), /value 1 of 3 .* finite/);
    }
    assert.throws(() => differenceCell(of([1, 1]), of([bad ?? NaN, 1])), /value 0 of 2 .* finite/);
  }
});

Deno.test("a number says of which scores it is made: sums of terms, or itself", () => {
  const leaf = (metric: string, values: number[], runs: string[]): Values => ({
    ...of(values, runs),
    terms: [{ coefficient: 1, metric, runs, values }],
  });
  const [a, b] = [leaf("gap", [2, 4], ["a", "b"]), leaf("gap", [1, 2], ["c", "d"])];
  const half = meanOver([minus(a, b), minus(b, a), a, b]);
  const made = termsOf(half).map(({ coefficient, runs }) => [coefficient, runs[0]]);
  const quarter = (x: number, run: string) => [x / 4, run];
  assert.deepEqual(made, [
    ...[quarter(1, "a"), quarter(-1, "c"), quarter(1, "c"), quarter(-1, "a")],
    ...[quarter(1, "a"), quarter(1, "c")],
  ]);
  assert.deepEqual(cellOf(minus(a, b)).terms?.map((term) => term.coefficient), [1, -1]);
  // What is computed of it is another number: named, or like the column that shows it.
  const itself = { coefficient: 1, metric: "", runs: ["a", "b"], values: [4, 16] };
  assert.deepEqual(termsOf(mapped(a, (x) => x * x)), [itself]);
  assert.deepEqual(termsOf(mapped(a, (x) => x * x, "square")), [{ ...itself, metric: "square" }]);
  assert.deepEqual(termsOf({ ...a, values: [4, 16] }), [itself]);
  assert.deepEqual(termsOf(minus(a, mapped(b, (x) => x))), [
    { ...itself, values: [1, 2] },
  ], "of a part without terms it is itself, by the runs of the first");
});
