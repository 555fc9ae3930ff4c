/** @file Numbers from the catalogue in the place of what a summary asks for. */
import assert from "node:assert/strict";
import { isCell, parseSummary } from "../../pipeline/results.ts";
import { verdictWhenPublished } from "../../pipeline/table/judged.ts";
import { meanInterval } from "../../lib/analysis/intervals.ts";
import { type Noted, resolveObserved } from "../../pipeline/publish/observed.ts";
import type { JobRecord } from "../../pipeline/publish/source.ts";
import type { Observed, Summary } from "../../pipeline/results.ts";

function job(key: string, stage: string, inputs: string[], seconds: number | null): JobRecord {
  return {
    ...{ key, stage, seconds, label: key, params: {}, code: "", engine: "", engineVersion: "" },
    ...{ machine: null, seed: null, commit: null, command: "" },
    inputs: inputs.map((input) => ({ name: input, job: input, content: "" })),
  };
}

/** Three seeds: data and tuning lead to training, training and data to scores. */
const jobs = new Map(
  [
    job("data", "generate", [], 1),
    job("tuned", "tune", ["data"], 50),
    job("t0", "train", ["tuned"], 10),
    job("t1", "train", ["tuned"], 20),
    job("t2", "train", ["tuned"], 30),
    job("s0", "evaluate", ["t0", "data"], 2),
    job("r0", "evaluate", ["t0", "data"], 3),
    job("s1", "evaluate", ["t1", "data"], null),
    job("s2", "evaluate", ["t2", "data"], 6),
    job("both", "evaluate", ["t0", "t1"], 4),
    job("closed", "baseline", ["data"], 5),
  ].map((j) => [j.key, j]),
);
const runs = { "0": "s0", "0/roll": "r0", "1": "s1", "2": "s2", both: "both", closed: "closed" };
const noted = new Map<string, Noted>([
  ["t0", { observations: { "step seconds": 0.5 }, scalars: { steps: 100 } }],
  ["t1", { observations: { "step seconds": 0.7 }, scalars: { steps: 100 } }],
  ["t2", { observations: { "step seconds": 0.2 }, scalars: { steps: 300 } }],
  ["s0", { observations: { "token seconds": NaN }, scalars: {} }],
]);

function resolve(observed: Observed["observed"], cited: string[]) {
  const summary: Summary = {
    columns: [{ id: "x", label: "x" }, { id: "exact", label: "y" }],
    rows: [{ x: { observed, runs: cited }, exact: { value: 1, runs: ["0"] } }],
    verdict: { outcome: "undecided", rule: "r", reason: "r" },
    findings: [],
    plots: [],
  };
  const before = JSON.stringify(summary);
  const { rows: [row], scores = [] } = resolveObserved(summary, runs, jobs, noted);
  assert.equal(JSON.stringify(summary), before, "the summary is as it was");
  assert.deepEqual(row.exact, { value: 1, runs: ["0"] });
  if (!isCell(row.x)) return row.x;
  // Its numbers are published as scores.
  const { terms, ...cell } = row.x;
  assert.equal(terms!.length, 1);
  assert.deepEqual(scores.map(({ run }) => run), terms![0].runs);
  assert.ok(
    Math.abs(scores.reduce((sum, s) => sum + s.value, 0) / scores.length - cell.value) < 1e-9,
  );
  return cell;
}

Deno.test("an observation is looked up on the run or its nearest job of a stage", () => {
  const { mean, low, high } = meanInterval([50, 70, 60]);
  const steps = { name: "step seconds", stage: "train", times: "steps" };
  assert.deepEqual(
    resolve(steps, ["0", "0/roll", "1", "2"]),
    { value: mean, low, high, n: 3, runs: ["0", "0/roll", "1", "2"] },
    "one training behind two runs counts once",
  );
  assert.deepEqual(resolve(steps, ["0", "1"]), { value: 60, n: 2, runs: ["0", "1"] });
  assert.deepEqual(resolve({ name: "seconds", stage: "tune" }, ["0", "1"]), {
    ...{ value: 50, n: 1, runs: ["0", "1"] },
  });
  assert.deepEqual(resolve({ name: "seconds", stage: "evaluate", scale: 1000 }, ["0"]), {
    ...{ value: 2000, n: 1, runs: ["0"] },
  });
  assert.deepEqual(resolve({ name: "seconds" }, ["0", "1"]), {
    ...{ value: 2, n: 1, runs: ["0", "1"] },
  });
});

Deno.test("what was not observed is an absent cell, not an error", () => {
  for (
    const [observed, cited] of [
      [{ name: "seconds" }, ["1"]], // not recorded
      [{ name: "token seconds" }, ["0"]], // not a number
      [{ name: "bytes", stage: "train" }, ["0"]],
      [{ name: "step seconds", stage: "train", times: "epochs" }, ["0"]],
      [{ name: "seconds", stage: "train" }, ["closed"]], // made without training
      [{ name: "seconds", stage: "train" }, ["elsewhere"]],
    ] as [Observed["observed"], string[]][]
  ) assert.equal(resolve(observed, cited), undefined, JSON.stringify(observed));
});

Deno.test("two equally near jobs of the stage are refused", () => {
  assert.throws(
    () => resolve({ name: "seconds", stage: "train" }, ["both"]),
    /run "both" comes from 2 jobs of stage train \(t0, t1\)/,
  );
  // Farther away there is one again.
  assert.equal((resolve({ name: "seconds", stage: "tune" }, ["both"]) as { n: number }).n, 1);
});

/** The published verdict where seed k observed `effects[k]`. */
function published(effects: (number | undefined)[]) {
  const at = effects.map((_, k) => k);
  const noted = new Map<string, Noted>(
    effects.flatMap((value, k) =>
      value === undefined ? [] : [[`job${k}`, { observations: { gain: value }, scalars: {} }]]
    ),
  );
  const summary: Summary = {
    columns: [{ id: "x", label: "x" }],
    rows: [{ x: 1 }],
    verdict: verdictWhenPublished({
      unit: "seed",
      seeds: [0, 1, 2, 3, 4, 5],
      clauses: [{ what: "gain", metric: "gain", scale: "plain", margin: 2 }],
    }, [{ name: "gain", at, runs: at.map((k) => `run${k}`) }]),
    findings: [],
    plots: [],
  };
  // As it travels.
  const travelled = parseSummary(JSON.parse(JSON.stringify(summary)), "made");
  const keys = Object.fromEntries(at.map((k) => [`run${k}`, `job${k}`]));
  const { verdict, scores = [] } = resolveObserved(travelled, keys, new Map(), noted);
  assert.ok(!("observed" in verdict));
  return { verdict, scores };
}

Deno.test("a verdict on what jobs observed is judged when it is published, from scores that are published", () => {
  const { verdict, scores } = published([3, 3.5, 4, 2.5, 3, 5]);
  assert.equal(verdict.outcome, "supported");
  assert.equal(verdict.clauses![0].effect, 3.5);
  assert.equal(verdict.clauses![0].margin, 2);
  assert.deepEqual(verdict.clauses![0].terms, [
    { coefficient: 1, metric: "gain", runs: [0, 1, 2, 3, 4, 5].map((k) => `run${k}`) },
  ]);
  assert.deepEqual(scores[3], { run: "run3", metric: "gain", value: 2.5 });
  assert.equal(published([1, 1.5, 1, 0.5, 1, 1]).verdict.outcome, "refuted");
  assert.equal(published([3, 1, 3, 1, 3, 1]).verdict.outcome, "undecided");
});

Deno.test("a unit that observed nothing is missing, and without any the verdict stays open", () => {
  const some = published([3, undefined, 3, NaN, 3, 3]);
  assert.equal(some.verdict.outcome, "illustration");
  assert.deepEqual(some.scores.map(({ run }) => run), ["run0", "run2", "run4", "run5"]);
  const none = published([undefined, undefined]);
  assert.equal(none.verdict.outcome, "undecided");
  assert.match(none.verdict.reason, /has not been read/);
  assert.deepEqual(none.scores, []);
});
