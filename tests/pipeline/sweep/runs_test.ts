/** @file How a run of a sweep stands, by the standing of its jobs, and what the sweep's file says of it. */
import assert from "node:assert/strict";
import type { JobNode } from "../../../pipeline/graph.ts";
import type { JobStatus } from "../../../pipeline/run/scheduler.ts";
import {
  type Candidate,
  nameOf,
  nodesOf,
  recordOf,
  standing,
} from "../../../pipeline/sweep/runs.ts";

/** A job of a stage, made from others. */
const node = (index: number, stage: string, ...inputs: JobNode[]) =>
  ({
    ...{ index, kind: "job", label: stage, stage: { name: stage } },
    inputs: Object.fromEntries([
      ...inputs.map((input, i) => [`input${i}`, input]),
      ["file", { kind: "file" }],
    ]),
  }) as unknown as JobNode;

const data = node(0, "generate");
const train = node(1, "train", data);
const evaluate = node(2, "evaluate", train, data);
const jobs = { "one-step": evaluate, train };

const candidate = (more: Partial<Candidate> = {}) =>
  ({ index: 3, name: "0003", parameters: { a: 1 }, jobs, measures: [], ...more }) as Candidate;

/** Jobs that are done, and what the others are. */
function stand(done: JobNode[], states: [JobNode, Partial<JobStatus>][], failures = {}) {
  const resolver = {
    contentOf: (at: JobNode) => done.includes(at) ? "content" : undefined,
    keys: new Map([[train, "key of train"]]),
  };
  return standing(
    candidate(),
    { resolver } as never,
    new Map(states as [JobNode, JobStatus][]),
    new Map(Object.entries(failures)),
  );
}

const stale = (key: string) => ({ stale: { key } }) as unknown as Partial<JobStatus>;

Deno.test("a run's name has four digits, or more where they are needed", () => {
  assert.deepEqual([0, 12, 9999, 10_000].map(nameOf), ["0000", "0012", "9999", "10000"]);
});

Deno.test("jobs of runs come once, with what they are made from, inputs first", () => {
  const other = node(3, "baseline", data);
  const runs = [candidate({ jobs: { baseline: other } }), candidate(), candidate()];
  assert.deepEqual(nodesOf(runs), [data, train, evaluate, other]);
  assert.deepEqual(nodesOf([candidate({ jobs: {} })]), []);
});

Deno.test("a run is done when all of its own jobs are, whatever they were made from", () => {
  assert.deepEqual(stand([train, evaluate], []), { state: "done" });
  assert.deepEqual(stand([train], []), { state: "open" });
  assert.deepEqual(stand([data, train], [[evaluate, { state: "running" }]]), { state: "open" });
});

Deno.test("a run has failed when a job that it needs has, now or in an earlier call", () => {
  const now = { state: "failed", error: "out of memory" } as const;
  assert.deepEqual(stand([], [[data, now]]), { state: "failed", error: "generate: out of memory" });
  assert.deepEqual(
    stand([data, train], [[evaluate, stale("k")]], { k: "it diverged", other: "x" }),
    { state: "failed", error: "evaluate: it diverged" },
  );
  assert.deepEqual(stand([data, train], [[evaluate, stale("k")]], { other: "x" }), {
    state: "open",
  });
  // What failed once and then succeeded is no failure.
  assert.deepEqual(stand([data, train], [[train, now]]), { state: "open" });
  // The error of this call, not the one before.
  const both = { ...now, ...stale("k") };
  assert.deepEqual(stand([data], [[train, both]], { k: "before" }).error, "train: out of memory");
});

Deno.test("a run whose parameters are refused has failed, and says why", () => {
  const refused = candidate({ jobs: {}, problem: "no parameter x" });
  assert.deepEqual(
    standing(refused, { resolver: { contentOf: () => "content" } } as never, new Map(), new Map()),
    { state: "failed", error: "no parameter x" },
  );
});

Deno.test("the record of a run has the keys that are known, and its error without a stack", () => {
  const resolver = { keys: new Map([[train, "key of train"]]) };
  const record = (error?: string) =>
    recordOf(candidate(), { state: "failed", error }, { loss: 1 }, { resolver } as never);
  assert.deepEqual(record(), {
    ...{ name: "0003", parameters: { a: 1 }, state: "failed", metrics: { loss: 1 } },
    jobs: { "one-step": null, train: "key of train" },
  });
  assert.equal(
    record("Error: no\n  at f (a.ts:1)\n    at g\nfor a reason\n").error,
    "Error: no for a reason",
  );
  assert.equal(record("x".repeat(600)).error, "x".repeat(500));
});
