/** @file What a run says about itself: counts, the time that is left, and what did not run for want of inputs. */
import assert from "node:assert/strict";
import { parseCommand } from "../../../pipeline/commands/options.ts";
import {
  count,
  reportFailure,
  reportSkipped,
  Tally,
} from "../../../pipeline/commands/run_report.ts";
import type { JobNode } from "../../../pipeline/graph.ts";
import type { View } from "../../../pipeline/run/display.ts";
import type { JobStatus, Scheduler } from "../../../pipeline/run/scheduler.ts";
import { errors } from "../store/killed.ts";

const node = (label: string, inputs: object = {}) =>
  ({
    ...{ label, inputs, kind: "job", stage: { name: "fit" }, params: { b: NaN, a: [1] } },
  }) as unknown as JobNode;

/** A scheduler with jobs in these states. */
const scheduler = (...statuses: Partial<JobStatus>[]) =>
  ({
    statuses: new Map(statuses.map((status, i) => {
      const at = status.node ?? node(`e/${i}`);
      return [at, { node: at, ...status }];
    })),
  }) as unknown as Scheduler;

/** A clock that stands still. */
function clock() {
  const { now } = performance;
  performance.now = () => 100_000;
  return { [Symbol.dispose]: () => void (performance.now = now) };
}

const ago = (seconds: number) => 100_000 - 1000 * seconds;
const left = (seconds: number, ...statuses: Partial<JobStatus>[]) =>
  count(scheduler(...statuses), () => seconds).eta;

Deno.test("every job is counted, and those that are through by how", () => {
  const states = ["cached", "cached", "ran", "failed", "skipped", "skipped", "skipped"] as const;
  const open = ["ready", "waiting", "running", "stopped"] as const;
  assert.deepEqual(count(scheduler(...[...states, ...open].map((state) => ({ state })))), {
    ...{ total: 11, cached: 2, ran: 1, failed: 1, skipped: 3 },
  });
  const [ran, same] = [{ state: "ran" }, { state: "ran", sameAs: "k" }] as const;
  assert.deepEqual(count(scheduler(ran, same, { state: "cached" }, same)), {
    ...{ total: 4, cached: 1, ran: 3, same: 2, failed: 0, skipped: 0 },
  });
  assert.deepEqual(count(scheduler()), { total: 0, cached: 0, ran: 0, failed: 0, skipped: 0 });
});

Deno.test("time left: what waits by its estimate, shared by the jobs at the same time", () => {
  const statuses = scheduler({ state: "ready" }, { state: "waiting" }, { state: "ran" });
  const seconds = (at: JobNode) => at.label === "e/0" ? 3 : 5;
  assert.equal(count(statuses, seconds).eta, 8);
  assert.equal(count(statuses, seconds, 4).eta, 2);
  assert.equal(left(0.25, { state: "ready" }), 0.25);
  assert.equal(left(7, { state: "ran" }), undefined, "none when nothing is left");
  assert.equal(count(statuses).eta, undefined, "none without an estimate");
});

Deno.test("time left of a running job: by its progress, or by its estimate until that is over", () => {
  using _ = clock();
  const running = (seconds: number, progress?: { done: number; total: number }) =>
    ({ state: "running", startedAt: ago(seconds), progress }) as Partial<JobStatus>;
  // A quarter took 6 seconds.
  assert.equal(left(1000, running(6, { done: 5, total: 20 })), 18);
  assert.equal(left(10, running(4)), 6);
  assert.equal(left(10, running(4, { done: 0, total: 20 })), 6);
  assert.equal(left(10, running(11)), undefined);
  assert.equal(left(10, running(4), running(12), { state: "ready" }), 16);
});

Deno.test("a failure has its error, its parameters, and the command that repeats it alone", async () => {
  const said: string[] = [];
  const view = { say: (line: string) => said.push(line) } as unknown as View;
  const status = { node: node("e/a b"), error: "Error: no\n  at x" } as unknown as JobStatus;
  reportFailure(status, view, await parseCommand("run", ["--profile", "smoke"]));
  assert.deepEqual(said, [
    "\nfit e/a b failed:\n  Error: no\n    at x\n" +
    '  its parameters: {"a":[1],"b":"NaN"}\n' +
    "  to run it alone: deno task pipeline --profile smoke --job 'e/a b'\n",
  ]);
});

Deno.test("a skipped job names the inputs that it lacks, and the jobs that were to make them", () => {
  const [bad, good, worse] = ["e/bad", "e/good", "e/worse"].map((label) => node(label));
  const file = { kind: "file" };
  const skipped = node("e/table", { x: bad, y: good, again: bad, z: worse, file });
  using said = errors();
  reportSkipped(scheduler(
    { node: bad, state: "failed" },
    { node: skipped, state: "skipped", lacking: [bad, bad, worse] },
    { node: good, state: "ran" },
  ));
  assert.deepEqual(said.lines, [
    "fit e/table did not run: 3 of its 5 inputs are missing: x, again, z (e/bad, e/worse).",
  ]);
});

Deno.test("of very many skipped jobs, and of one with very many inputs, some are named", () => {
  using said = errors();
  const failed = Array.from({ length: 60 }, (_, i) => node(`e/${i}`));
  const table = node("e/table", Object.fromEntries(failed.map((at, i) => [`m${i}`, at])));
  const chain = Array.from({ length: 70 }, (_, i) => node(`e/c${i}`, { m: failed[0] }));
  reportSkipped(scheduler(
    { node: table, state: "skipped", lacking: failed },
    ...chain.map((at) => ({ node: at, state: "skipped" as const, lacking: [failed[0]] })),
  ));
  assert.equal(said.lines.length, 51);
  assert.match(
    said.lines[0],
    /^fit e\/table did not run: 60 of its 60 inputs are missing: m0, m1, .*, m49 and 10 more \(e\/0, .*, e\/49 and 10 more\)\.$/,
  );
  assert.equal(said.lines[49], "fit e/c48 did not run: 1 of its 1 inputs are missing: m (e/0).");
  assert.equal(said.lines[50], "21 more jobs did not run for want of these.");
});

Deno.test("counts that are kept are those that a look at all jobs gives", () => {
  const states = ["waiting", "ready", "waiting", "cached", "waiting"] as const;
  const at = scheduler(...states.map((state) => ({ state })));
  const statuses = [...at.statuses.values()];
  const tally = new Tally(at);
  const becomes = (i: number, change: Partial<JobStatus>) => {
    Object.assign(statuses[i], change);
    assert.deepEqual(tally.with(statuses[i]), count(at));
  };
  becomes(1, { state: "running" });
  becomes(1, { progress: { done: 1, total: 2 } });
  becomes(1, { state: "ran", sameAs: "k" });
  becomes(1, {});
  becomes(3, {});
  becomes(0, { state: "failed" });
  becomes(2, { state: "skipped" });
  becomes(4, { state: "ran" });
});

Deno.test("the share of the work: by what jobs are estimated to take, whatever their number", () => {
  using _ = clock();
  const share = (...statuses: Partial<JobStatus>[]) =>
    count(scheduler(...statuses), (at) => at.label === "e/0" ? 90 : 10).share;
  assert.equal(share({ state: "ready" }, { state: "ran", seconds: 1 }), 0.1);
  assert.equal(share({ state: "ran", seconds: 1 }, { state: "ready" }), 0.9);
  // What was done before, failed or was skipped is no work of this run.
  assert.equal(share({ state: "ran", seconds: 9 }, { state: "cached" }, { state: "failed" }), 1);
  assert.equal(share({ state: "cached" }), undefined);
  const running = { state: "running", startedAt: ago(30) } as const;
  assert.equal(share({ ...running, progress: { done: 1, total: 4 } }), 0.25);
  // Without progress it nears the end, and is not there.
  const late = (seconds: number) => share({ ...running, startedAt: ago(seconds) })!;
  assert.ok(
    late(9) > 0.09 && late(9) < 0.1 && late(90) > 0.6 && late(1000) > 0.99 && late(1000) < 1,
  );
  assert.equal(count(scheduler({ state: "ran", seconds: 1 })).share, undefined);
});
