/** @file The results contract: what is a summary, and what is said about what is not. */
import assert from "node:assert/strict";
import { encodeSummary, parseSummary, type Summary } from "../../pipeline/results.ts";
import { params, run } from "../../pipeline/stages/aggregate.ts";
import type { StageContext } from "../../pipeline/stage.ts";
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

/** Runs the aggregate stage over artifacts that hold one JSON file each. */
async function aggregate(
  runs: Record<string, unknown>,
  // deno-lint-ignore no-explicit-any -- as an experiment would write it
  summarize: (runs: any) => unknown,
) {
  const inputs = Object.fromEntries(
    Object.entries(runs).map(([name, value]) => [name, {
      files: ["metrics.json"],
      scalars: { loss: 2 },
      bytes: () => Promise.resolve(new TextEncoder().encode(JSON.stringify(value))),
    }]),
  );
  const context = {
    params: params().parse({ experiment: "x", path: "pipeline/experiments/x.ts" }),
    inputs,
    modules: { experiment: { summarize } },
  };
  const { files } = await run(
    context as unknown as StageContext<{ experiment: string; path: string }>,
  );
  return JSON.parse(files["summary.json"] as string);
}

Deno.test("aggregate hands every run to summarize and writes the summary", async () => {
  const summary = await aggregate({ "b/seed=1": { loss: 4 }, "a/seed=0": { loss: 8 } }, (runs) => {
    assert.deepEqual(Object.keys(runs), ["a/seed=0", "b/seed=1"]);
    const names = Object.keys(runs);
    const losses = names.map((name) =>
      runs[name].json("metrics.json").loss * runs[name].scalars.loss
    );
    assert.throws(() => runs[names[0]].bytes("weights"), /no file "weights".*metrics\.json/);
    return {
      ...small(),
      rows: [{ loss: { value: (losses[0] + losses[1]) / 2, runs: names } }],
    };
  });
  assert.deepEqual(summary.rows, [{ loss: { value: 12, runs: ["a/seed=0", "b/seed=1"] } }]);
});

Deno.test("a run may be cited by what was observed alone", async () => {
  const observed = { name: "step seconds", stage: "train", times: "steps", scale: 1e3 };
  const rows = [{ loss: { observed, runs: ["a"] } }];
  const summary = await aggregate({ a: 1 }, () => ({ ...small(), rows }));
  assert.deepEqual(summary.rows, rows);
  assert.deepEqual(parseSummary(summary, "test").rows, rows);
  await assert.rejects(
    aggregate({ a: 1, b: 2 }, () => ({ ...small(), rows })),
    /1 of 2 runs feed no cell.*"b"/,
  );
  const elsewhere = [{ loss: { observed, runs: ["a", "c"] } }];
  await assert.rejects(
    aggregate({ a: 1 }, () => ({ ...small(), rows: elsewhere })),
    /rows\.0\.loss cites run "c"/,
  );
});

Deno.test("aggregate demands every run", async () => {
  const cite = (...names: string[]) => () => ({
    ...small(),
    rows: [{ loss: { value: 1, runs: names } }],
  });
  await assert.rejects(aggregate({}, cite("a")), /grid has no runs/);
  await assert.rejects(aggregate({ a: 1, b: 2 }, cite("a")), /1 of 2 runs feed no cell.*"b"/);
  await assert.rejects(aggregate({ a: 1 }, cite("a", "c")), /rows\.0\.loss cites run "c"/);
  await assert.rejects(
    aggregate({ a: 1 }, (runs) => runs["seed=9"].json("metrics.json")),
    /asks for run "seed=9", which the grid does not have \(a, …\)/,
  );
});
