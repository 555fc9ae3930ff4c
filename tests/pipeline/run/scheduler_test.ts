/** @file The scheduler over an executor that the test controls: no process, no file. */
import assert from "node:assert/strict";
import { z } from "zod";
import type { DoneIndex } from "../../../pipeline/store/done_index.ts";
import type { Executor, Outcome } from "../../../pipeline/run/executors/executor.ts";
import type { Fingerprints } from "../../../pipeline/keys/fingerprint.ts";
import { Graph, type GraphBuilder, type JobRef } from "../../../pipeline/graph.ts";
import { Overrides } from "../../../pipeline/overrides.ts";
import { profileOf } from "../../../pipeline/profiles.ts";
import type { JobSpec } from "../../../pipeline/run/protocol.ts";
import { Resolver } from "../../../pipeline/keys/resolver.ts";
import { Scheduler } from "../../../pipeline/run/scheduler.ts";

type Answer = string | Error | "abort";

/** Builds a graph of `work` jobs and runs it; `answer` gives each job's content. */
async function run(
  grid: (job: (name: string, inputs?: Record<string, JobRef>) => JobRef) => JobRef,
  answer: (label: string, scheduler: Scheduler) => Answer,
  capacity = 2,
  done = new Map<string, { content: string; objects: string[] }>(),
) {
  const stage = {
    name: "work",
    path: "work.ts",
    schema: z.strictObject({ id: z.string() }),
    usesEngine: false,
    permissions: {},
  };
  const graph = new Graph("/", { work: stage }, new Overrides());
  graph.add(
    "e",
    (g: GraphBuilder) => grid((name, inputs) => g.job("work", { id: name }, inputs, name)),
    profileOf("smoke"),
  );
  const fingerprints = { of: () => ({ code: "c", packages: {}, files: {} }) };
  const resolver = new Resolver(
    fingerprints as unknown as Fingerprints,
    { jobs: done } as unknown as DoneIndex,
    new Set(),
    "ort",
  );
  const scheduler = new Scheduler(graph.jobs, resolver);
  const started: string[] = [];
  const inputsAtStart: boolean[] = [];
  let running = 0;
  let most = 0;
  const executor: Executor = {
    capacity,
    async run(spec) {
      started.push(spec.label);
      const node = graph.byLabel.get(spec.label)!;
      inputsAtStart.push(
        Object.values(node.inputs).every((i) => resolver.contentOf(i) !== undefined),
      );
      most = Math.max(most, ++running);
      await new Promise((go) => setTimeout(go, 1));
      const value = answer(spec.label, scheduler);
      running--;
      if (value === "abort") return { ok: false, message: "stopped", aborted: true };
      if (value instanceof Error) return { ok: false, message: value.message, aborted: false };
      return { ok: true, result: { content: value } } as unknown as Outcome;
    },
    abort() {},
    close: () => Promise.resolve(),
  };
  await scheduler.plan();
  await scheduler.run(executor, {
    prepare: ({ node }) => Promise.resolve({ label: node.label } as JobSpec),
    commit: (finished) =>
      Promise.resolve(
        finished.map(({ outcome }) =>
          outcome.ok
            ? {
              content: (outcome.result as unknown as { content: string }).content,
              objects: [],
              seconds: 0,
            }
            : { error: outcome.message }
        ),
      ),
    changed() {},
    log() {},
  });
  const states = Object.fromEntries(
    [...scheduler.statuses.values()].map((s) => [s.node.label.slice(2), s.state]),
  );
  return { states, started: started.map((l) => l.slice(2)), most, inputsAtStart, scheduler, done };
}

type JobOf = (name: string, inputs?: Record<string, JobRef>) => JobRef;

const diamond = (job: JobOf) => {
  const top = job("top");
  return job("bottom", { left: job("left", { top }), right: job("right", { top }) });
};

Deno.test("no job starts before its inputs, none runs twice, and the pool is never exceeded", async () => {
  const wide = (job: JobOf) => {
    const first = job("first");
    const middle = Array.from({ length: 17 }, (_, i) => [`m${i}`, job(`m${i}`, { first })]);
    return job("last", Object.fromEntries(middle));
  };
  for (const capacity of [1, 3]) {
    const { states, started, most, inputsAtStart } = await run(wide, (l) => l, capacity);
    assert.equal(started.length, 19);
    assert.equal(new Set(started).size, 19);
    assert.equal(most, capacity);
    assert.ok(inputsAtStart.every(Boolean));
    assert.ok(Object.values(states).every((state) => state === "ran"));
  }
});

Deno.test("a failure skips what needs it and nothing else", async () => {
  const grid = (job: JobOf) => {
    const [good, bad] = [job("good"), job("bad")];
    const [a, b] = [job("a", { good }), job("b", { bad })];
    return job("table", { a, b });
  };
  const { states, started, scheduler } = await run(
    grid,
    (l) => l === "e/bad" ? new Error("no") : l,
  );
  assert.deepEqual(states, {
    good: "ran",
    bad: "failed",
    a: "ran",
    b: "skipped",
    table: "skipped",
  });
  assert.ok(!started.includes("table") && !started.includes("b"));
  const table = [...scheduler.statuses.values()].find((s) => s.node.label === "e/table")!;
  assert.deepEqual(table.lacking!.map((n) => n.label), ["e/b"]);
});

Deno.test("when inputs come out the same, what is behind them is done", async () => {
  const first = await run(diamond, (l) => l);
  assert.deepEqual(first.started, ["top", "left", "right", "bottom"]);
  // The artifact of `top` is gone; it comes back with the same content.
  const done = first.done;
  const [topKey] = [...done.keys()];
  done.delete(topKey);
  const second = await run(diamond, (l) => l, 2, done);
  assert.deepEqual(second.started, ["top"]);
  assert.deepEqual(second.states, {
    top: "ran",
    left: "cached",
    right: "cached",
    bottom: "cached",
  });
});

Deno.test("when an input comes out different, what is behind it runs, as far as it matters", async () => {
  const first = await run(diamond, (l) => l);
  const [topKey] = [...first.done.keys()];
  first.done.delete(topKey);
  // Left and right do not depend on the content of top, so bottom is cut off.
  const second = await run(diamond, (l) => l === "e/top" ? "other" : l, 2, first.done);
  assert.deepEqual(second.started, ["top", "left", "right"]);
  assert.equal(second.states.bottom, "cached");
});

Deno.test("the longest chain starts first", async () => {
  const grid = (job: JobOf) => {
    const short = job("short");
    const chain = job("c3", { x: job("c2", { x: job("c1") }) });
    return job("end", { short, chain });
  };
  const { started } = await run(grid, (l) => l, 1);
  // From the second job of the chain on, both ways are equally long, and the first asked for goes first.
  assert.deepEqual(started, ["c1", "c2", "short", "c3", "end"]);
});

Deno.test("after a stop nothing starts, and what ran to its end counts", async () => {
  const { states, started } = await run(
    (job) => job("c", { b: job("b", { a: job("a") }) }),
    (label, scheduler) => {
      if (label === "e/b") scheduler.stop();
      return label;
    },
  );
  assert.deepEqual(started, ["a", "b"]);
  assert.deepEqual(states, { a: "ran", b: "ran", c: "stopped" });
});

Deno.test("a job that was stopped is not a failure", async () => {
  const { states } = await run(
    (job) => job("b", { a: job("a") }),
    (_, scheduler) => {
      scheduler.stop();
      return "abort";
    },
  );
  assert.deepEqual(states, { a: "stopped", b: "stopped" });
});
