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
  plotOver,
  ruleOf,
  type Runs,
  scalars,
  systemsOf,
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

Deno.test("an interval that ends at zero, on either side, decides nothing", () => {
  const outcome = (claims: number[][], controls: number[][] = []) => {
    const claim = (differences: number[]) => ({ what: "d", differences });
    return judge(rule, claims.map(claim), controls.map(claim)).outcome;
  };
  const nothing = [0, 0, 0, 0, 0];
  const clear = around(0.5);
  assert.equal(outcome([nothing]), "undecided");
  assert.equal(outcome([clear, nothing]), "undecided");
  // The mean lies on one side, the end of the interval on the other.
  assert.equal(outcome([around(-0.0195)]), "undecided");
  assert.equal(outcome([around(-0.0197)]), "refuted");
  // A part is refuted wherever it stands among the others.
  assert.equal(outcome([around(-0.5), clear]), "refuted");
  assert.equal(outcome([nothing, around(-0.5), clear]), "refuted");
  // A control that shows exactly nothing holds; it may lean to either side, but not leave 0.
  assert.equal(outcome([clear], [nothing]), "supported");
  for (const side of [1, -1]) {
    assert.equal(outcome([clear], [around(side * 0.0195)]), "supported");
    assert.equal(outcome([clear], [around(side * 0.0197)]), "undecided");
    assert.equal(outcome([around(-0.5)], [around(side * 0.0197)]), "undecided");
    assert.equal(outcome([clear], [nothing, around(side * 0.5)]), "undecided");
  }
});

Deno.test("five systems are judged, four are not, and every part must have five", () => {
  const part = (systems: number) => ({ what: "d", differences: around(0.5).slice(0, systems) });
  assert.equal(judge(rule, [part(5)]).outcome, "supported");
  assert.equal(judge(rule, [part(4)]).outcome, "illustration");
  assert.equal(judge(rule, [part(5), part(4)]).outcome, "illustration");
  // Even where a control fails.
  const failed = judge(rule, [part(4)], [part(4)]);
  assert.equal(failed.outcome, "illustration");
  assert.match(failed.reason, /4 systems\. Too few systems/);
  assert.doesNotMatch(failed.reason, /control/);
});

Deno.test("the reason says every part and control with its interval, the rule stands as it was", () => {
  const verdict = judge(
    rule,
    [{ what: "first", differences: around(0.5) }, { what: "second", differences: around(-0.25) }],
    [{ what: "control", differences: around(0) }],
  );
  assert.deepEqual(verdict, {
    outcome: "refuted",
    rule,
    reason:
      "First: 50.0 % (95 % interval 48.0 % to 52.0 %); second: -25.0 % (95 % interval -27.0 % " +
      "to -23.0 %); control: 0.0 % (95 % interval -2.0 % to 2.0 %); 5 systems.",
  });
  assert.match(
    rule,
    /^With at least 5 systems, .* paired: something\. Supported if every .* above 0/,
  );
});

Deno.test("a run that gave no number is refused, never left out of a mean", () => {
  for (const bad of [NaN, Infinity, null as unknown as number, undefined as unknown as number]) {
    const differences = [1, bad, 1, 1, 1];
    assert.throws(() => judge(rule, [{ what: "d", differences }]), /value 1 of 5 .* finite/);
    assert.throws(() => cellOf({ values: differences, runs: [] }), /value 1 of 5 .* finite/);
  }
});

Deno.test("few systems are drawn without intervals", () => {
  assert.deepEqual(plotOver(5).marks, ["line", "dot", "interval"]);
  assert.deepEqual(plotOver(4).marks, ["line", "dot"]);
  assert.match(plotOver(4).note, /^Means of 4 systems, an illustration/);
  assert.deepEqual([systemsOf(1), systemsOf(2)], ["1 system", "2 systems"]);
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
  // By number: 2 before 16; the key at either end of a name, not as the end of another.
  const named = ["patch=16/a", "b/patch=2", "c/patch=0.5/d", "c/dispatch=7", "patch=2/e"];
  assert.deepEqual(valuesOf(runsOf(Object.fromEntries(named.map((n) => [n, 0]))), "patch"), [
    ...[0.5, 2, 16],
  ]);
  const found = measured(runs, [0, 1, 10], "l=1", "m/x", (s: { value: number }) => s.value);
  const cell = cellOf(found);
  assert.equal(cell.value, 4);
  assert.equal(cell.n, 3);
  assert.deepEqual(cell.runs, Object.keys(runs));
  // t of 2 degrees is 4.302653; the standard deviation is sqrt(13).
  assert.ok(Math.abs(cell.high! - (4 + 4.302653 * Math.sqrt(13 / 3))) < 1e-4);
  assert.ok(Math.abs(cell.low! - (4 - 4.302653 * Math.sqrt(13 / 3))) < 1e-4);
  const scalar = scalars(runs, [10, 0], "l=1", "m/x", "steps");
  assert.deepEqual(scalar, { values: [8, 1], runs: ["l=1/seed=10/m/x", "l=1/seed=0/m/x"] });
  const exact = cellOf({ values: [3, 3], runs: ["a", "b"] });
  assert.deepEqual(exact, { value: 3, n: 2, runs: ["a", "b"] });
  assert.ok(cellOf({ values: [3, 3, 4], runs: [] }).low! < 3);
  assert.ok(cellOf({ values: [4, 3, 3], runs: [] }).low! < 3);
  assert.deepEqual(cellOf({ values: [7], runs: ["a"] }), { value: 7, n: 1, runs: ["a"] });
  const paired = differenceCell({ values: [2, 4], runs: ["a", "b"] }, {
    values: [1, 2],
    runs: ["c", "d"],
  });
  assert.equal(paired.value, 1.5);
  assert.deepEqual(paired.runs, ["a", "b", "c", "d"]);
  // t of 1 degree is 12.7062; the differences are 1 and 2.
  assert.ok(Math.abs(paired.low! - (1.5 - 12.7062047 / 2)) < 1e-4);
  assert.ok(Math.abs(paired.high! - (1.5 + 12.7062047 / 2)) < 1e-4);
  const one = differenceCell({ values: [2], runs: ["a"] }, { values: [5], runs: ["c"] });
  assert.deepEqual(one, { value: -3, n: 1, runs: ["a", "c"] });
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
  // The bound itself is not beyond it.
  assert.match(agreement([score(3.29, 1.5), score(-3.291, 2)]), /in 1;/);
  assert.match(agreement([score(0, 2)]), /1 scored .* 0\.00 .* in 0; .* 1 \+ 1\.0e\+0\.$/);
});
