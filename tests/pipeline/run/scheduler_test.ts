/** @file The scheduler: inputs before what needs them, failures, what is cut off, stops. */
import assert from "node:assert/strict";
import { type JobOf, play } from "./play.ts";

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
    const { states, started, most, inputsAtStart } = await play({ grid: wide, capacity });
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
  const { states, started, scheduler } = await play({
    grid,
    answer: (l) => l === "e/bad" ? new Error("no") : l,
  });
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
  const first = await play({ grid: diamond });
  assert.deepEqual(first.started, ["top", "left", "right", "bottom"]);
  // The artifact of `top` is gone; it comes back with the same content.
  const done = first.done;
  const [topKey] = [...done.keys()];
  done.delete(topKey);
  const second = await play({ grid: diamond, done });
  assert.deepEqual(second.started, ["top"]);
  assert.deepEqual(second.states, {
    top: "ran",
    left: "cached",
    right: "cached",
    bottom: "cached",
  });
});

Deno.test("when an input comes out different, what is behind it runs, as far as it matters", async () => {
  const first = await play({ grid: diamond });
  const [topKey] = [...first.done.keys()];
  first.done.delete(topKey);
  // Left and right do not depend on the content of top, so bottom is cut off.
  const second = await play({
    grid: diamond,
    answer: (l) => l === "e/top" ? "other" : l,
    done: first.done,
  });
  assert.deepEqual(second.started, ["top", "left", "right"]);
  assert.equal(second.states.bottom, "cached");
});

Deno.test("after a stop nothing starts, and what ran to its end counts", async () => {
  const { states, started } = await play({
    grid: (job) => job("c", { b: job("b", { a: job("a") }) }),
    answer(label, scheduler) {
      if (label === "e/b") scheduler.stop();
      return label;
    },
  });
  assert.deepEqual(started, ["a", "b"]);
  assert.deepEqual(states, { a: "ran", b: "ran", c: "stopped" });
});

Deno.test("a job that was stopped is not a failure", async () => {
  const { states } = await play({
    grid: (job) => job("b", { a: job("a") }),
    answer(_, scheduler) {
      scheduler.stop();
      return "abort";
    },
  });
  assert.deepEqual(states, { a: "stopped", b: "stopped" });
});

Deno.test("planning looks everything up, counts what is open and starts nothing", async () => {
  const grid = (job: JobOf) => job("c", { b: job("b", { a: job("a") }), d: job("d") });
  const first = await play({ grid });
  assert.equal(first.open, 4);
  const again = await play({ grid, done: first.done });
  assert.equal(again.open, 0);
  assert.deepEqual([again.started, again.told], [[], []]);
  assert.deepEqual(again.states, { a: "cached", b: "cached", c: "cached", d: "cached" });
  // The artifact of d is gone; until it has run nobody knows about c.
  const [d] = [...first.done.keys()].filter((key) => first.done.get(key)!.content === "e/d");
  first.done.delete(d);
  const third = await play({ grid, done: first.done });
  assert.deepEqual([third.open, third.started], [2, ["d"]]);
  assert.deepEqual(third.told, ["d running", "d ran", "c cached"]);
});

Deno.test("what is cut off behind several jobs is looked up to the end", async () => {
  const grid = (job: JobOf) => job("d", { c: job("c", { b: job("b", { a: job("a") }) }) });
  const first = await play({ grid });
  const [a] = [...first.done.keys()];
  first.done.delete(a);
  const { states, started, told } = await play({ grid, done: first.done });
  assert.deepEqual(started, ["a"]);
  assert.deepEqual(states, { a: "ran", b: "cached", c: "cached", d: "cached" });
  assert.deepEqual(told, ["a running", "a ran", "b cached", "c cached", "d cached"]);
});

Deno.test("every change of state is told, in the order of a job's life", async () => {
  const grid = (job: JobOf) => job("c", { b: job("b", { a: job("a") }) });
  const { told } = await play({ grid });
  assert.deepEqual(told, [
    ...["a running", "a ran", "b ready", "b running", "b ran", "c ready", "c running", "c ran"],
  ]);
});

Deno.test("jobs that end together are recorded together, and each is what its own outcome says", async () => {
  const grid = (job: JobOf) => {
    const all = Object.fromEntries(["a", "b", "c"].map((name) => [name, job(name)]));
    return job("end", all);
  };
  const { commits, states, statusOf } = await play({
    grid,
    capacity: 3,
    together: 3,
    answer: (label) => label === "e/b" ? new Error("b broke") : label,
  });
  assert.deepEqual(commits, [["a", "b", "c"]]);
  assert.deepEqual(states, { a: "ran", b: "failed", c: "ran", end: "skipped" });
  assert.equal(statusOf("b").error, "b broke");
  assert.equal(statusOf("a").error, undefined);
});

Deno.test("a failure is told to everything behind it, each once, with what it lacks", async () => {
  const grid = (job: JobOf) => {
    const [x, y, good] = [job("x"), job("y"), job("good")];
    const both = job("both", { x, y, good });
    return job("last", { both, x, beside: job("beside", { good }) });
  };
  const { states, told, statusOf, started } = await play({
    grid,
    answer: (l) => l === "e/x" || l === "e/y" ? new Error("no") : l,
  });
  assert.deepEqual(states, {
    ...{ x: "failed", y: "failed", good: "ran", both: "skipped", beside: "ran", last: "skipped" },
  });
  assert.deepEqual(started.toSorted(), ["beside", "good", "x", "y"]);
  assert.equal(told.filter((line) => line === "both skipped").length, 1);
  assert.equal(told.filter((line) => line === "last skipped").length, 1);
  const lacking = (name: string) => statusOf(name).lacking!.map((n) => n.label).sort();
  assert.deepEqual(lacking("both"), ["e/x", "e/y"]);
  assert.deepEqual(lacking("last"), ["e/both", "e/x"]);
  assert.equal(statusOf("beside").lacking, undefined);
});

Deno.test("a job that cannot be prepared fails, and the others go on", async () => {
  const { states, statusOf, told } = await play({
    grid: (job) => job("c", { a: job("a"), b: job("b") }),
    prepare(name) {
      if (name === "a") throw new Error("no input file");
    },
    capacity: 1,
  });
  assert.deepEqual(states, { a: "failed", b: "ran", c: "skipped" });
  assert.match(statusOf("a").error!, /^The job could not be started: Error: no input file\n +at /);
  assert.deepEqual(told.slice(0, 2), ["a running", "a failed"]);
});

Deno.test("an executor is given what the stage may do, and heard as its job", async () => {
  const progress: unknown[] = [];
  const { said, permissions, told, statusOf } = await play({
    grid: (job) => job("b", { a: job("a") }),
    says(label, hooks) {
      hooks.log("hello from " + label);
      hooks.metrics!([["loss", 1, 2]]);
      hooks.progress(1, 3);
    },
    answer(label, scheduler) {
      for (const { state, progress: at } of scheduler.statuses.values()) {
        if (state === "running") progress.push(at);
      }
      return label;
    },
  });
  assert.deepEqual(permissions, [{ ffi: true }, { ffi: true }]);
  const points = '[["loss",1,2]]';
  assert.deepEqual(said, [
    ...["a: hello from e/a", `a: ${points}`, "b: hello from e/b", `b: ${points}`],
  ]);
  assert.deepEqual(progress, Array(2).fill({ done: 1, total: 3 }));
  assert.deepEqual(told.slice(0, 3), ["a running", "a running", "a ran"]);
  assert.equal(statusOf("a").progress, undefined);
});

Deno.test("a job's seconds are those from its start to its record", async () => {
  const begun = performance.now();
  const { statusOf } = await play({ grid: (job) => job("a"), takes: () => 60 });
  const seconds = (performance.now() - begun) / 1000;
  const { startedAt, seconds: of } = statusOf("a");
  assert.ok(startedAt! >= begun);
  assert.ok(of! >= 0.058 && of! <= seconds, `${of} of ${seconds} s`);
});

Deno.test("a stop before the start runs nothing, and what was done stays done", async () => {
  const grid = (job: JobOf) => job("d", { c: job("c", { b: job("b"), a: job("a") }) });
  const first = await play({ grid });
  const [, , c] = [...first.done.keys()];
  first.done.delete(c);
  const { states, told } = await play({
    grid,
    done: first.done,
    before: (scheduler) => scheduler.stop(),
  });
  assert.deepEqual(states, { a: "cached", b: "cached", c: "stopped", d: "stopped" });
  assert.deepEqual(told, []);
});

Deno.test("after a stop what waits and what is ready is stopped, what failed or ran is not", async () => {
  const { states, told } = await play({
    grid: (job) =>
      job("end", { a: job("a"), bad: job("bad"), b: job("b"), next: job("next", { b: job("b") }) }),
    capacity: 2,
    answer(label, scheduler) {
      if (label === "e/bad") return new Error("no");
      scheduler.stop();
      return label;
    },
    takes: (name) => name === "a" ? 30 : 1,
    seconds: ({ label }) => label === "e/a" || label === "e/bad" ? 100 : 1,
  });
  assert.deepEqual(states, { a: "ran", bad: "failed", b: "ran", next: "stopped", end: "skipped" });
  assert.ok(!told.includes("next running"));
});
