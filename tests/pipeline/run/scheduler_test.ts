/** @file The scheduler: order, failures, what is cut off, stops. */
import assert from "node:assert/strict";
import { keyOf } from "../../../pipeline/keys/ingredients.ts";
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

Deno.test("a table over very many jobs lacks each that failed, and is skipped once", async () => {
  const width = 1000;
  const wide = (job: JobOf) =>
    job(
      "table",
      Object.fromEntries(Array.from({ length: width }, (_, i) => [`m${i}`, job(`m${i}`)])),
    );
  const { told, statusOf } = await play({
    grid: wide,
    capacity: width,
    answer: () => new Error("no"),
  });
  assert.equal(told.filter((line) => line === "table skipped").length, 1);
  assert.equal(new Set(statusOf("table").lacking).size, width);
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

Deno.test("the longest chain starts first", async () => {
  const grid = (job: JobOf) => {
    const short = job("short");
    const chain = job("c3", { x: job("c2", { x: job("c1") }) });
    return job("end", { short, chain });
  };
  const { started } = await play({ grid, capacity: 1 });
  // From the second job of the chain on, both ways are equally long, and the first asked for goes first.
  assert.deepEqual(started, ["c1", "c2", "short", "c3", "end"]);
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

Deno.test("what starts the longest chain by the estimates goes first, not the longest job", async () => {
  const grid = (job: JobOf) => {
    const long = job("long");
    const chain = job("c2", { x: job("c1") });
    return job("end", { long, chain, other: job("other") });
  };
  const seconds: Record<string, number> = { long: 5, c1: 1, c2: 4.5, other: 6, end: 100 };
  const started = async (seconds?: Record<string, number>) =>
    (await play({
      grid,
      capacity: 1,
      seconds: seconds && (({ label }) => seconds[label.slice(2)]),
    })).started;
  assert.deepEqual(await started(seconds), ["other", "c1", "long", "c2", "end"]);
  assert.deepEqual(await started({ ...seconds, c2: 5.5 }), ["c1", "other", "c2", "long", "end"]);
  // Equal chains: as the grid asks for them.
  assert.deepEqual(await started({ long: 0, c1: 0, c2: 0, other: 0, end: 0 }), [
    ...["long", "c1", "c2", "other", "end"],
  ]);
});

Deno.test("the longest of several chains behind a job gives its rank", async () => {
  const grid = (job: JobOf) => {
    const plain = job("plain");
    const fork = job("fork");
    return job("end", { plain, b1: job("b1", { fork }), b2: job("b2", { fork }) });
  };
  const seconds: Record<string, number> = { plain: 10, fork: 1, b1: 9.5, b2: 1, end: 1 };
  const { started } = await play({
    grid,
    capacity: 1,
    seconds: ({ label }) => seconds[label.slice(2)],
  });
  assert.deepEqual(started, ["fork", "plain", "b1", "b2", "end"]);
});

Deno.test("a job that becomes urgent while others wait goes before them", async () => {
  const grid = (job: JobOf) => {
    const waiting = Object.fromEntries([1, 2, 3].map((i) => [`w${i}`, job(`w${i}`)]));
    return job("end", { ...waiting, chain: job("c2", { x: job("c1") }) });
  };
  const seconds = ({ label }: { label: string }) => label === "e/c2" ? 10 : 1;
  const { started } = await play({ grid, capacity: 2, seconds });
  assert.deepEqual(started.slice(0, 2), ["c1", "w1"]);
  assert.equal(started.indexOf("c2"), 2);
});

Deno.test("a free place is taken at once, whatever the other jobs take", async () => {
  const grid = (job: JobOf) => {
    const slow = job("slow");
    const quick = Object.fromEntries([1, 2, 3, 4].map((i) => [`q${i}`, job(`q${i}`)]));
    return job("end", { slow, ...quick });
  };
  let quickDone = 0;
  const { states } = await play({
    grid,
    takes: (name) => name === "slow" ? 200 : 1,
    answer(label) {
      if (label.startsWith("e/q")) quickDone++;
      if (label === "e/slow") assert.equal(quickDone, 4);
      return label;
    },
  });
  assert.equal(states.end, "ran");
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

Deno.test("chains are longer than a stack is deep: behind a failure all are skipped, behind equal bytes all are done", async () => {
  const length = 12_000;
  const chain = (job: JobOf) => {
    let last = job("0");
    for (let i = 1; i < length; i++) last = job(`${i}`, { last });
    return last;
  };
  const failed = await play({ grid: chain, answer: () => new Error("no") });
  assert.deepEqual(failed.started, ["0"]);
  assert.equal(
    Object.values(failed.states).filter((state) => state === "skipped").length,
    length - 1,
  );
  assert.equal(failed.told.at(-1), `${length - 1} skipped`);
  // Everything but the head is done, which is known when that has run.
  const first = await play({ grid: chain, done: doneChain(length) });
  assert.deepEqual(first.started, ["0"]);
  assert.equal(
    Object.values(first.states).filter((state) => state === "cached").length,
    length - 1,
  );
});

/** What a store holds after a chain of jobs has run that leave their labels, but for the first of them. */
function doneChain(length: number) {
  const done = new Map<string, { content: string; objects: string[] }>();
  let content = "e/0";
  for (let i = 1; i < length; i++) {
    const ingredients = {
      stage: "work",
      code: "c",
      packages: {},
      deno: Deno.version.deno,
      params: { id: `${i}` },
      inputs: { last: content },
    };
    content = `e/${i}`;
    done.set(keyOf(ingredients), { content, objects: [] });
  }
  return done;
}
