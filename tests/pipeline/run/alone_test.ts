/** @file Jobs that measure time: nothing runs beside them, and nothing waits for them that could run before. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeProbe } from "../helpers.ts";
import { addStage, openBench } from "./helpers.ts";
import { type JobOf, play } from "./play.ts";

Deno.test("a job alone starts when all that can run without it has run, and nothing starts beside it", async () => {
  const grid = (job: JobOf) => {
    const time = job("time");
    const chain = job("c3", { x: job("c2", { x: job("c1") }) });
    const slow = job("slow");
    const behind = job("behind", { time });
    return job("end", { chain, slow, behind, other: job("other") });
  };
  for (const capacity of [1, 2, 5]) {
    const { started, beside, most, states } = await play({
      grid,
      capacity,
      alone: ["time"],
      takes: (name) => name === "slow" ? 40 : 2,
      // However urgent it is.
      seconds: ({ label }) => label === "e/time" ? 100 : 1,
    });
    assert.deepEqual(started.slice(-3), ["time", "behind", "end"]);
    assert.deepEqual(beside.filter((pair) => /\btime\b/.test(pair)), []);
    assert.equal(most, Math.min(capacity, 3)); // the others did run at the same time
    assert.ok(Object.values(states).every((state) => state === "ran"));
  }
});

Deno.test("several jobs alone run one after the other, the longest chain first", async () => {
  const grid = (job: JobOf) => {
    const all = ["t1", "t2", "t3"].map((name) => [name, job(name)]);
    return job("end", { ...Object.fromEntries(all), a: job("a"), b: job("b") });
  };
  const { started, beside } = await play({
    grid,
    capacity: 3,
    alone: ["t1", "t2", "t3"],
    seconds: ({ label }) => label === "e/t3" ? 5 : 1,
  });
  assert.deepEqual(started, ["a", "b", "t3", "t1", "t2", "end"]);
  assert.deepEqual(beside, ["a b"]);
});

Deno.test("what a job alone leads to runs before the next one that is alone", async () => {
  const grid = (job: JobOf) => {
    const [t1, t2] = [job("t1"), job("t2")];
    return job("end", { t2, x: job("x", { t1 }), y: job("y", { t1 }) });
  };
  const { started, beside } = await play({ grid, capacity: 2, alone: ["t1", "t2"] });
  assert.deepEqual(started, ["t1", "x", "y", "t2", "end"]);
  assert.deepEqual(beside, ["x y"]);
});

Deno.test("a failure before a job alone does not keep it from running, a stop does", async () => {
  const grid = (job: JobOf) =>
    job("end", { bad: job("bad"), good: job("good"), time: job("time") });
  const failed = await play({
    grid,
    alone: ["time"],
    answer: (label) => label === "e/bad" ? new Error("no") : label,
  });
  assert.deepEqual(failed.states, { bad: "failed", good: "ran", time: "ran", end: "skipped" });
  const stopped = await play({
    grid,
    alone: ["time"],
    answer(label, scheduler) {
      if (label === "e/good") scheduler.stop();
      return label;
    },
  });
  assert.equal(stopped.states.time, "stopped");
  assert.ok(!stopped.started.includes("time"));
});

Deno.test("real workers: while a job alone is at work no other process is", async () => {
  using demo = makeProbe(`
    const of = (stage, id) => g.job(stage, { id }, {}, stage + id);
    const all = [of("plain", 1), of("alone", 1), of("plain", 2), of("alone", 2), of("plain", 3)];
    return g.job("probe", { id: 0, behave: "well" }, Object.fromEntries(all.map((job, i) => ["j" + i, job])), "end");
  `);
  const folder = join(demo.root, ".store", "tmp");
  const log = join(folder, "spans");
  // Each notes when it was at work; plain ones go on once three of them are.
  const body = (name: string, wait: string) => `
    const { readdirSync, writeFileSync, appendFileSync } = await import("node:fs");
    const start = Date.now();
    ${wait}
    appendFileSync("${log}", ["${name}", start, Date.now()].join(" ") + "\\n");
  `;
  const meeting = `
    writeFileSync("${folder}/here-" + ctx.params.id, "");
    while (readdirSync("${folder}").filter((name) => name.startsWith("here-")).length < 3) {
      await new Promise((go) => setTimeout(go, 5));
    }
  `;
  addStage(demo, "plain", body("plain", meeting));
  const nap = "await new Promise((go) => setTimeout(go, 50));";
  addStage(demo, "alone", body("alone", nap), "export const alone = true;");
  await using bench = await openBench(demo, { capacity: 5 });
  const { scheduler, executor, recorder } = bench;
  await scheduler.run(executor, {
    prepare: (status) => recorder.spec(status),
    commit: (finished) => recorder.commit(finished),
    changed() {},
    log() {},
  });
  const spans = readFileSync(log, "utf8").trim().split("\n").map((line) => {
    const [name, ...times] = line.split(" ");
    const [start, end] = times.map(Number);
    return { name, start, end };
  });
  assert.equal(spans.length, 5);
  const overlap = (a: typeof spans[0], b: typeof spans[0]) => a.start < b.end && b.start < a.end;
  const pairs = spans.flatMap((a, i) =>
    spans.slice(i + 1).filter((b) => overlap(a, b)).map((b) => [a.name, b.name])
  );
  assert.ok(pairs.every((names) => !names.includes("alone")), JSON.stringify(spans));
  assert.equal(pairs.length, 3); // plain ones with each other
});
