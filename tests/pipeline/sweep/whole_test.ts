/** @file What all runs take, from a sample: against sums by hand, and against every sample that there is. */
import assert from "node:assert/strict";
import { tQuantile } from "../../../lib/analysis/intervals.ts";
import type { JobNode } from "../../../pipeline/graph.ts";
import type { Candidate } from "../../../pipeline/sweep/runs.ts";
import {
  chainOf,
  costOf,
  drawRuns,
  scaled,
  sharesOf,
  totalOf,
} from "../../../pipeline/sweep/whole.ts";

const node = (index: number, ...inputs: JobNode[]) =>
  ({
    ...{ index, kind: "job", label: `${index}` },
    inputs: Object.fromEntries([...inputs.entries(), ["file", { kind: "file" }]]),
  }) as unknown as JobNode;

const data = node(0);
const [fitA, fitB, fitC] = [node(1, data), node(2, data), node(3)];
const [scoreA, scoreB] = [node(4, fitA, data), node(5, fitB)];
const run = (...jobs: JobNode[]) => ({ jobs: { ...jobs } }) as unknown as Candidate;
/** The first two share the data; the third has nothing in common with them. */
const RUNS = [run(scoreA), run(scoreB, fitB), run(fitC)];
const SECONDS = new Map([[data, 6], [fitA, 10], [fitB, 20], [fitC, 7], [scoreA, 1], [scoreB, 2]]);
const seconds = (node: JobNode) => SECONDS.get(node)!;

Deno.test("the costs of all runs add up to those of the jobs, each counted once", () => {
  const shares = sharesOf(RUNS);
  assert.deepEqual([data, fitA, fitC].map((node) => shares.get(node)), [2, 1, 1]);
  const costs = RUNS.map((run) => costOf(run, shares, seconds));
  assert.deepEqual(costs, [3 + 10 + 1, 3 + 20 + 2, 7]);
  assert.equal(costs.reduce((a, b) => a + b), 46);
  assert.deepEqual(totalOf(costs, 3), { value: 46, low: 46, high: 46 });
  assert.equal(costOf(run(), shares, seconds), 0);
});

Deno.test("a run lasts as long as the longest way through its jobs", () => {
  assert.deepEqual(RUNS.map((run) => chainOf(run, seconds)), [17, 28, 7]);
  const side = node(9, data, fitC);
  assert.equal(chainOf(run(side), (at) => at === side ? 1 : seconds(at)), 8);
  assert.equal(chainOf(run(), seconds), 0);
});

Deno.test("the total is the number of runs times the mean, its interval is that of a sample without repetition", () => {
  const { value, low, high } = totalOf([3, 5], 10);
  // The standard error of the mean of two is half their distance.
  const half = 10 * tQuantile(0.975, 1) * 1 * Math.sqrt(1 - 2 / 10);
  assert.equal(value, 40);
  assert.ok(Math.abs(high! - 40 - half) < 1e-9);
  assert.equal(low, 8, "what the two have taken themselves");
  const [narrow, wide] = [totalOf([9, 10, 11, 10], 8), totalOf([9, 10, 11, 10], 800)];
  assert.ok(Math.abs((wide.high! - wide.value) / 800 - (narrow.high! - 80) / 8 * Math.SQRT2) < 0.1);
  assert.ok(narrow.low! > 40 && narrow.low! < 80);
  assert.deepEqual(totalOf([4], 10), { value: 40 });
  assert.deepEqual(totalOf([4], 1), { value: 4, low: 4, high: 4 });
  assert.throws(() => totalOf([], 3), RangeError);
  assert.throws(() => totalOf([1, NaN], 3), RangeError);
});

Deno.test("over all samples the totals have the true one for their mean", () => {
  const costs = [14, 25, 7, 40, 3];
  const totals: number[] = [];
  for (let a = 0; a < 5; a++) {
    for (let b = a + 1; b < 5; b++) totals.push(totalOf([costs[a], costs[b]], 5).value);
  }
  assert.ok(Math.abs(totals.reduce((x, y) => x + y) / totals.length - 89) < 1e-9);
});

Deno.test("each run is drawn as often as any other, none twice, and more of them have the fewer in them", () => {
  const counts = new Array(7).fill(0);
  for (let seed = 0; seed < 700; seed++) {
    const drawn = drawRuns(3, 7, seed);
    assert.equal(new Set(drawn).size, 3);
    assert.deepEqual(drawn, [...drawn].sort((a, b) => a - b));
    assert.ok(drawRuns(2, 7, seed).every((at) => drawn.includes(at)));
    for (const at of drawn) counts[at]++;
  }
  // Binomial: 300 of 700 with a standard deviation of 13.
  for (const count of counts) assert.ok(Math.abs(count - 300) < 55, `${counts}`);
  assert.deepEqual(drawRuns(3, 3, 1), [0, 1, 2]);
  assert.deepEqual(drawRuns(2, 50, 4), drawRuns(2, 50, 4));
});

Deno.test("another unit scales the interval with the number", () => {
  assert.deepEqual(scaled({ value: 4, low: 2, high: 8 }, 0.5), { value: 2, low: 1, high: 4 });
  assert.deepEqual(scaled({ value: 4 }, 2), { value: 8 });
});
