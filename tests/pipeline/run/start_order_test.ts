/** @file Which of the jobs that could start does: what the longest chain waits for, by the estimates. */
import assert from "node:assert/strict";
import { type JobOf, play } from "./play.ts";

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
