/** @file The results contract: what is a summary, and what is said about what is not. */
import assert from "node:assert/strict";
import { encodeSummary, parseSummary, type Summary } from "../../pipeline/results.ts";
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
