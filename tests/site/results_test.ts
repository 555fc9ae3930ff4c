/** @file The results contract: what is a summary, and what is said about what is not. */
import assert from "node:assert/strict";
import {
  encodeSummary,
  isCell,
  isObserved,
  numberOf,
  parseSummary,
  type Summary,
} from "../../pipeline/results.ts";
import { awkward } from "./fixtures/awkward.ts";
import { realistic } from "./fixtures/realistic.ts";

function small(): Summary {
  return {
    columns: [{ id: "lambda", label: "λ" }, { id: "loss", label: "Loss" }],
    rows: [{ lambda: 0.9, loss: { value: 1, low: 0.5, high: 2, n: 3, runs: ["a"] } }],
    verdict: { outcome: "supported", rule: "rule", reason: "reason" },
    findings: [],
    plots: [{
      ...{ id: "p", title: "t", caption: "", marks: ["dot"] },
      x: { column: "lambda", label: "λ" },
      y: { column: "loss", label: "Loss" },
    }],
  };
}

Deno.test("summaries survive JSON, with NaN and infinities", () => {
  for (const source of [realistic(), awkward()]) {
    for (const { summary } of source.experiments) {
      const back = parseSummary(JSON.parse(encodeSummary(summary)), "test");
      assert.deepEqual(back, summary);
      const again = parseSummary(JSON.parse(encodeSummary(back)), "test");
      assert.equal(encodeSummary(again), encodeSummary(back));
    }
  }
});

// deno-lint-ignore no-explicit-any -- broken on purpose
const MISTAKES: [string, (s: any) => void, RegExp][] = [
  ["no run", (s) => s.rows[0].loss.runs = [], /rows\.0\.loss\.runs is \[\]: .*at least one run/],
  [
    "text value",
    (s) => s.rows[0].loss.value = "3",
    /rows\.0\.loss\.value is "3": expected a number/,
  ],
  ["null", (s) => s.rows[0].loss = null, /rows\.0\.loss is null/],
  ["NaN label", (s) => s.rows[0].lambda = NaN, /rows\.0\.lambda .*belongs in a cell/],
  ["unknown column", (s) => s.rows[0].los = 1, /value for "los", but the columns are lambda, loss/],
  ["half an interval", (s) => delete s.rows[0].loss.low, /rows\.0\.loss has one end/],
  ["crossed interval", (s) => s.rows[0].loss.low = 3, /low 3 above high 2/],
  ["no columns", (s) => s.columns = [], /columns is \[\]/],
  ["twice", (s) => s.columns.push({ id: "LOSS", label: "x" }), /"LOSS" is used twice/],
  ["reserved", (s) => s.columns.push({ id: "loss_low", label: "x" }), /"loss_low" is reserved/],
  ["outcome", (s) => s.verdict.outcome = "proved", /verdict\.outcome is "proved"/],
  ["extra field", (s) => s.date = 1, /Unrecognized key: "date"/],
  ["plot column", (s) => s.plots[0].y.column = "mse", /draws y from "mse"/],
  ["text on an axis", (s) => s.rows[0].lambda = "nine", /draws x from text .* scale "band"/],
  ["facet column", (s) => s.plots[0].facet = "size", /draws facet from "size"/],
  [
    "observed without a name",
    (s) => s.rows[0].loss = { observed: {}, runs: ["a"] },
    /rows\.0\.loss\.observed\.name is missing/,
  ],
  [
    "observed and measured",
    (s) => s.rows[0].loss = { observed: { name: "seconds" }, value: 1, runs: ["a"] },
    /Unrecognized key: "value"/,
  ],
  [
    "observed without a run",
    (s) => s.rows[0].loss = { observed: { name: "seconds" }, runs: [] },
    /rows\.0\.loss\.runs is \[\]/,
  ],
  ["mixed", (s) => s.rows.push({ loss: "diverged" }), /text in one row and a measured cell/],
  ["the other half", (s) => delete s.rows[0].loss.high, /rows\.0\.loss has one end/],
  ["n below 0", (s) => s.rows[0].loss.n = -1, /rows\.0\.loss\.n is -1/],
  ["half an observation", (s) => s.rows[0].loss.n = 1.5, /rows\.0\.loss\.n is 1\.5: .*whole/],
  ["empty run", (s) => s.rows[0].loss.runs = [""], /rows\.0\.loss\.runs\.0 is "": .*not empty/],
  ["infinite label", (s) => s.rows[0].lambda = Infinity, /rows\.0\.lambda .*belongs in a cell/],
  ["column id", (s) => s.columns[0].id = "1st", /columns\.0\.id is "1st": expected a letter/],
  ["column label", (s) => s.columns[0].label = "", /columns\.0\.label is "": .*not empty/],
  ["format", (s) => s.columns[0].format = "money", /columns\.0\.format is "money"/],
  ["better", (s) => s.columns[0].better = "most", /columns\.0\.better is "most"/],
  [
    "high reserved",
    (s) => s.columns.push({ id: "LOSS_high", label: "x" }),
    /"loss_high" is reserved/,
  ],
  ["n reserved", (s) => s.columns.push({ id: "lambda_n", label: "x" }), /interval of "lambda"/],
  ["rule", (s) => s.verdict.rule = "", /verdict\.rule is ""/],
  ["finding", (s) => s.findings.push(""), /findings\.0 is ""/],
  ["plot id", (s) => s.plots[0].id = "P", /plots\.0\.id is "P": expected lower-case/],
  ["plot twice", (s) => s.plots.push(s.plots[0]), /plot id "p" is used twice/],
  ["no marks", (s) => s.plots[0].marks = [], /plots\.0\.marks is \[\]: .*at least one/],
  ["x column", (s) => s.plots[0].x.column = "size", /draws x from "size"/],
  ["series column", (s) => s.plots[0].series = "size", /draws series from "size"/],
  ["band on y", (s) => s.plots[0].y.scale = "band", /plots\.0\.y\.scale is "band"/],
  [
    "text on y",
    (s) => s.rows.splice(0, 1, { loss: 1 }, { loss: "nine" }),
    /draws y from text in "loss"/,
  ],
  [
    "bars of several series in panels",
    (s) => Object.assign(s.plots[0], { marks: ["dot", "bar"], series: "lambda", facet: "lambda" }),
    /draws bars of several series in panels/,
  ],
  ["scale", (s) => s.rows[0].loss = { observed: { name: "s", scale: "2" }, runs: ["a"] }, /scale/],
];

for (const [name, spoil, message] of MISTAKES) {
  Deno.test(`a summary with a mistake is refused: ${name}`, () => {
    const summary = small();
    spoil(summary);
    assert.throws(() => parseSummary(summary, "summarize of x"), (error: Error) => {
      assert.match(error.message, /^summarize of x: /);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("what is unusual and right is accepted as it is", () => {
  const summary = small();
  summary.columns.push({ id: "note_n", label: "x", format: "text" }, {
    id: "loss_lower",
    label: "y",
  });
  const runs = ["a"];
  summary.rows.push(
    { loss: { value: 0, low: 0, high: 0, n: 0, runs }, note_n: "text" },
    { loss: { value: NaN, low: NaN, high: NaN, runs } },
    { loss: { value: Infinity, low: -Infinity, high: Infinity, runs } },
    { lambda: -1e300, loss: 3 },
    {},
  );
  summary.plots.push(
    { ...summary.plots[0], id: "band", x: { column: "note_n", label: "n", scale: "band" } },
    { ...summary.plots[0], id: "bars-1", marks: ["bar"], series: "lambda" },
    { ...summary.plots[0], id: "bars-2", marks: ["bar"], facet: "lambda", rules: [] },
    { ...summary.plots[0], id: "lines", marks: ["line"], facet: "lambda", series: "note_n" },
  );
  assert.deepEqual(parseSummary(JSON.parse(encodeSummary(summary)), "test"), summary);
});

Deno.test("an error shows what was found, cut to a line's length", () => {
  const found = (label: unknown) => {
    const summary = small();
    summary.columns[0].label = label as string;
    try {
      parseSummary(summary, "s");
    } catch (error) {
      return /columns\.0\.label is (.*?): /s.exec((error as Error).message)![1];
    }
  };
  // In JSON two characters more.
  assert.equal(found(["a".repeat(56)]), `["${"a".repeat(56)}"]`);
  assert.equal(found(["a".repeat(57)]), `["${"a".repeat(55)}...`);
  assert.equal(found(undefined), "missing");
  assert.throws(() => parseSummary("text", "s"), /^Error: s: \(whole value\) is "text": /);
});

Deno.test("cells, observed numbers and labels are told apart", () => {
  const cell = { value: 2, runs: ["a"] };
  const observed = { observed: { name: "seconds" }, runs: ["a"] };
  const kinds = [cell, observed, "value", 3, undefined];
  assert.deepEqual(kinds.map(isCell), [true, false, false, false, false]);
  assert.deepEqual(kinds.map(isObserved), [false, true, false, false, false]);
  assert.deepEqual(kinds.map(numberOf), [2, undefined, undefined, 3, undefined]);
});
