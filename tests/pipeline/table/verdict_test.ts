/** @file How hypotheses are judged, on made-up numbers whose answers are known. */
import assert from "node:assert/strict";
import { judge, plotOver, ruleOf, systemCount } from "../../../pipeline/table/verdict.ts";

const rule = ruleOf("something.");
/** One number of each system. */
const of = (...values: number[]) => ({ values });
const around = (mean: number, spread = 0.01) =>
  of(...[-2, -1, 0, 1, 2].map((k) => mean + k * spread));

Deno.test("a hypothesis is supported, refuted or undecided by the interval of its differences", () => {
  const outcome = (differences: { values: number[] }) =>
    judge(rule, [{ what: "d", differences }]).outcome;
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
  const outcome = (claims: { values: number[] }[], controls: { values: number[] }[] = []) => {
    const claim = (differences: { values: number[] }) => ({ what: "d", differences });
    return judge(rule, claims.map(claim), controls.map(claim)).outcome;
  };
  const nothing = of(0, 0, 0, 0, 0);
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
  const part = (systems: number) => ({
    what: "d",
    differences: of(...around(0.5).values.slice(0, systems)),
  });
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
    const differences = of(1, bad, 1, 1, 1);
    assert.throws(() => judge(rule, [{ what: "d", differences }]), /value 1 of 5 .* finite/);
  }
});

Deno.test("few systems are drawn without intervals", () => {
  const axes = { x: { column: "a", label: "a" }, y: { column: "b", label: "b" } };
  const plot = { id: "p", title: "P", caption: "All of it.", ...axes, rules: [] };
  assert.deepEqual(plotOver(5, plot), {
    ...plot,
    caption: "All of it. Bars are 95 % intervals over systems.",
    marks: ["line", "dot", "interval"],
  });
  const { marks, caption } = plotOver(4, plot);
  assert.deepEqual(marks, ["line", "dot"]);
  assert.match(caption, /^All of it\. Means of 4 systems, an illustration/);
  assert.match(plotOver(5, { ...plot, caption: "" }).caption, /^Bars/);
  assert.deepEqual([systemCount(1), systemCount(2)], ["1 system", "2 systems"]);
});

Deno.test("few systems illustrate, whatever they show", () => {
  const { outcome, reason } = judge(rule, [{ what: "d", differences: of(0.5, 0.5001) }]);
  assert.equal(outcome, "illustration");
  assert.match(reason, /2 systems.*Too few systems/);
  assert.match(
    judge(rule, [{ what: "d", differences: of(0.5) }]).reason,
    /^D: 50\.0 %; 1 system\./,
  );
});
