/** @file A run played through with estimated times. */
import assert from "node:assert/strict";
import { playThrough, type Task } from "../../../pipeline/estimate/schedule.ts";

const task = (seconds: number, more: Partial<Task> = {}): Task => ({
  ...{ seconds, memory: 1, after: [], code: "same", load: 0 },
  ...more,
});

Deno.test("tasks that run alone wait for all others, and workers beside them are idle", () => {
  const plain = [task(4), task(3), task(2)];
  const alone = [task(5, { alone: true }), task(1, { alone: true })];
  // By hand: 4 | 3 then 2, so 5 s on two workers; then 5 and 1, one after the other.
  assert.equal(playThrough([...alone, ...plain], 2).wallSeconds, 5 + 6);
  assert.equal(playThrough([...plain, ...alone], 1).wallSeconds, 9 + 6);
  assert.equal(playThrough(alone, 8).wallSeconds, 6);
  assert.equal(playThrough(plain, 2).wallSeconds, 5);
});

Deno.test("what a task alone leads to runs before the next one alone", () => {
  const tasks = [
    task(1, { alone: true }),
    task(7, { after: [0] }),
    task(6, { after: [0] }),
    task(2, { alone: true }),
  ];
  // 1, then 7 beside 6, then 2; the one with the longer chain goes first.
  assert.equal(playThrough(tasks, 2).wallSeconds, 1 + 7 + 2);
});
