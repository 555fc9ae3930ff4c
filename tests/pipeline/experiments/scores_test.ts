/** @file How hypotheses are judged, and how scores become cells, on made-up numbers whose answers are known. */
import assert from "node:assert/strict";
import {
  agreement,
  cellOf,
  differenceCell,
  judge,
  meanOver,
  measured,
  minus,
  ruleOf,
  type Runs,
  valuesOf,
} from "../../../pipeline/experiments/shared/scores.ts";

const rule = ruleOf("something.");
const around = (mean: number, spread = 0.01) => [-2, -1, 0, 1, 2].map((k) => mean + k * spread);

Deno.test("a hypothesis is supported, refuted or undecided by the interval of its differences", () => {
  const outcome = (differences: number[]) => judge(rule, [{ what: "d", differences }]).outcome;
  assert.equal(outcome(around(0.5)), "supported");
  assert.equal(outcome(around(-0.5)), "refuted");
  assert.equal(outcome(around(0)), "undecided");
  // t of 4 degrees is 2.776 and the standard error .00707: the interval ends .01963 from the mean.
  assert.equal(outcome(around(0.0197)), "supported");
  assert.equal(outcome(around(0.0195)), "undecided");
});

Deno.test("all parts must hold; one that is refuted refutes; a control that fails leaves nothing", () => {
  const part = (mean: number) => ({ what: "part", differences: around(mean) });
  assert.equal(judge(rule, [part(0.5), part(0)]).outcome, "undecided");
  assert.equal(judge(rule, [part(0.5), part(-0.5)]).outcome, "refuted");
  assert.equal(judge(rule, [part(0.5), part(0.4)]).outcome, "supported");
  assert.equal(judge(rule, [part(0.5)], [part(0)]).outcome, "supported");
  const failed = judge(rule, [part(0.5)], [part(0.3)]);
  assert.equal(failed.outcome, "undecided");
  assert.match(failed.reason, /control fails/);
});

Deno.test("few systems illustrate, whatever they show", () => {
  const { outcome, reason } = judge(rule, [{ what: "d", differences: [0.5, 0.5001] }]);
  assert.equal(outcome, "illustration");
  assert.match(reason, /2 systems.*Too few systems/);
  assert.match(judge(rule, [{ what: "d", differences: [0.5] }]).reason, /^D: 50\.0 %; 1 system\./);
});

/** Runs that hold one number. */
function runsOf(values: Record<string, number>): Runs {
  const run = (value: number) => ({ json: () => ({ value }), scalars: { steps: value } });
  return Object.fromEntries(Object.entries(values).map(([k, v]) => [k, run(v)])) as unknown as Runs;
}

Deno.test("cells carry mean, interval and every run they came from", () => {
  const runs = runsOf({ "l=1/seed=0/m/x": 1, "l=1/seed=1/m/x": 3, "l=1/seed=10/m/x": 8 });
  assert.deepEqual(valuesOf(runs, "seed"), [0, 1, 10]);
  assert.deepEqual(valuesOf(runs, "see"), []);
  const found = measured(runs, [0, 1, 10], "l=1", "m/x", (s: { value: number }) => s.value);
  const cell = cellOf(found);
  assert.equal(cell.value, 4);
  assert.equal(cell.n, 3);
  assert.deepEqual(cell.runs, Object.keys(runs));
  // t of 2 degrees is 4.302653; the standard deviation is sqrt(13).
  assert.ok(Math.abs(cell.high! - (4 + 4.302653 * Math.sqrt(13 / 3))) < 1e-4);
  const exact = cellOf({ values: [1, 1], runs: ["a", "b"] });
  assert.equal(exact.low, undefined);
  const paired = differenceCell({ values: [2, 4], runs: ["a", "b"] }, {
    values: [1, 2],
    runs: ["c", "d"],
  });
  assert.equal(paired.value, 1.5);
  assert.deepEqual(paired.runs, ["a", "b", "c", "d"]);
});

Deno.test("means over settings keep the systems apart", () => {
  assert.deepEqual(meanOver([[1, 2], [3, 6]]), [2, 4]);
  assert.deepEqual(minus([3, 1], [1, 1]), [2, 0]);
});

Deno.test("the agreement of both ratios is counted at 99.9 %", () => {
  const score = (discrepancy: number, ratio: number) =>
    ({ discrepancy, ratio }) as Parameters<typeof agreement>[0][number];
  const said = agreement([score(1, 1.5), score(-3.5, 1.25), score(3.2, 1 + 2 ** -20)]);
  assert.match(said, /3 scored runs/);
  assert.match(said, /at most 3\.50 .* in 1;/);
  assert.match(said, /1 \+ 9\.5e-7/);
});
