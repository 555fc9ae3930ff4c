/** @file What a sample of a sweep's runs says of all: numbers by hand, on one machine and on a cluster. */
import assert from "node:assert/strict";
import { type Place, reportOf, reportText } from "../../../pipeline/commands/sweep_report.ts";
import type { JobNode } from "../../../pipeline/graph.ts";
import type { StagePart } from "../../../pipeline/stage.ts";
import type { Candidate } from "../../../pipeline/sweep/runs.ts";

const stage = (name: string) => ({ name }) as StagePart;
const node = (index: number, name: string, ...inputs: JobNode[]) =>
  ({
    ...{ index, kind: "job", label: `${index}`, stage: stage(name) },
    inputs: { ...inputs },
  }) as unknown as JobNode;
const run = (job: JobNode) => ({ jobs: { job } }) as unknown as Candidate;

/** Eight runs of one job each. */
const ALL = Array.from({ length: 8 }, (_, i) => node(i, "train"));
const HERE: Place = { words: "here", nodes: 1, tasks: 4, perNode: () => 4 };

function reportFor(seconds: number[], place = HERE, { failed = 0, machine = ["m"] } = {}) {
  const recorded = new Map(seconds.map((seconds, i) => [
    ALL[i],
    { seconds, machine: machine[i % machine.length] },
  ]));
  const runs = ALL.map(run);
  return reportOf(
    { sweep: "s", runs, done: runs.slice(0, seconds.length), failed },
    recorded,
    place,
  );
}

const near = (a: number | undefined, b: number) => assert.ok(Math.abs(a! - b) < 1e-9, `${a} ${b}`);

Deno.test("on one machine a node hour is an hour of all its workers", () => {
  const r = reportFor(new Array(8).fill(3600));
  assert.deepEqual([r.runs, r.measured, r.nodes, r.tasks], [8, 8, 1, 4]);
  assert.deepEqual(r.taskHours, { value: 8, low: 8, high: 8 });
  assert.deepEqual(r.nodeHours, { value: 2, low: 2, high: 2 });
  assert.deepEqual(r.wallSeconds, { value: 7200, low: 7200, high: 7200 });
  assert.deepEqual([r.longestRunSeconds, r.limitSeconds], [3600, null]);
});

Deno.test("no more run at the same time than nodes take, and none is quicker than the longest run", () => {
  const cluster = { words: "p", nodes: 3, tasks: 32, perNode: () => 2, minutes: 30 };
  const few = reportFor(new Array(8).fill(1800), cluster);
  assert.deepEqual([few.tasks, few.nodes, few.wallSeconds.value], [6, 3, 8 * 1800 / 6]);
  near(few.nodeHours.value, 2);
  assert.equal(few.limitSeconds, 1800);
  const wide = reportFor([1000, 3000], { ...cluster, nodes: 100 });
  assert.deepEqual([wide.tasks, wide.nodes], [32, 16]);
  // 16,000 seconds on 32 tasks are 500, and one run has taken 3,000.
  assert.deepEqual([wide.wallSeconds.value, wide.wallSeconds.low], [3000, 3000]);
  near(wide.taskHours.value, 8 * 2000 / 3600);
  assert.match(
    reportText(wide),
    /The longest run that was measured took 50 min 00 s, its longest job 50 min 00 s: more than a task may take\./,
  );
  assert.doesNotMatch(reportText(few), /more than a task/);
  assert.throws(
    () => reportFor([1], { ...cluster, perNode: () => 0 }),
    /A job of the stage train fits on no node: p\. Give it less/,
  );
});

Deno.test("jobs that have a node to themselves count as a whole one", () => {
  const time = node(9, "time", ALL[0]);
  const recorded = new Map([ALL[0], time].map((node) => [node, { seconds: 3600, machine: "m" }]));
  const runs = [run(time)];
  const place = { ...HERE, perNode: ({ name }: StagePart) => name === "time" ? 1 : 4 };
  const r = reportOf({ sweep: "s", runs, done: runs, failed: 0 }, recorded, place);
  assert.deepEqual([r.taskHours.value, r.nodeHours.value], [2, 1.25]);
  assert.equal(r.longestRunSeconds, 7200);
  assert.equal(r.longestJobSeconds, 3600);
});

Deno.test("the text has an interval, or says why not, and tells of machines that differ", () => {
  const text = reportText(reportFor([3600, 3600.5], HERE, { failed: 1, machine: ["a", "b"] }));
  assert.match(
    text,
    /^All 8 runs, from 2 that were done \(1 of the sample failed, and are left out\), on here:/,
  );
  assert.match(text, /jobs, one after the other {2}8\.0 h \(95 %: 8\.0 h to 8\.0 h\)/);
  assert.match(text, /node hours {17}2\.0 h/);
  assert.match(text, /wall time .*2 h 00 min.* with 4 at the same time on 1 node /);
  assert.match(text, /machines of 2 kinds, which these numbers mix: a; b\./);
  assert.match(reportText(reportFor([5])), /0\.011 h \(one run has no interval\)/);
  assert.match(reportText(reportFor([5])), /\nMeasured on m\.$/);
});
