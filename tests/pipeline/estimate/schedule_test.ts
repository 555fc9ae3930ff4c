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

Deno.test("the schedule: what can be worked out by hand", () => {
  const wall = (tasks: Task[], workers: number) => playThrough(tasks, workers).wallSeconds;
  assert.deepEqual(playThrough([], 3), { wallSeconds: 0, loadSeconds: 0, memory: 0 });
  assert.equal(wall([task(2), task(3)], 1), 5);
  assert.equal(wall([task(2), task(3)], 2), 3);
  assert.equal(
    wall([task(2), task(3, { after: [0] }), task(4, { after: [0, 0, 1] })], 5),
    9,
    "a chain has no shortcut",
  );
  // The long chain first, although it starts with the shortest task: 1 + 6 beside 2 + 2 + 2.
  assert.equal(wall([task(2), task(2), task(2), task(1), task(6, { after: [3] })], 2), 7);
  // Four tasks of one second on three workers take two rounds.
  assert.equal(wall([1, 1, 1, 1].map((s) => task(s)), 3), 2);
  // Code is loaded once by each worker that needs it.
  const loads = [1, 1, 1, 1].map((s) => task(s, { load: 0.5 }));
  assert.deepEqual(playThrough(loads, 2), { wallSeconds: 2.5, loadSeconds: 1, memory: 2 });
  // A worker keeps the memory of its largest task.
  const sizes = [5, 1, 3, 2].map((memory) => task(1, { memory }));
  assert.equal(playThrough(sizes, 1).memory, 5);
  assert.equal(playThrough(sizes, 4).memory, 11);
  // Never below the two bounds, never above one worker's time; all tasks with random edges run.
  let state = 7;
  const random = () => (state = Math.imul(state, 48271) % 2147483647 >>> 0) / 4294967296;
  for (let round = 0; round < 50; round++) {
    const tasks = Array.from(
      { length: 30 },
      (_, i) =>
        task(Math.ceil(10 * random()), {
          after: i && random() < 0.6 ? [Math.floor(random() * i)] : [],
        }),
    );
    const total = tasks.reduce((sum, t) => sum + t.seconds, 0);
    const ends: number[] = [];
    for (const t of tasks) ends.push(t.seconds + Math.max(0, ...t.after.map((a) => ends[a])));
    for (const workers of [1, 2, 7]) {
      const found = wall(tasks, workers);
      const bound = Math.max(total / workers, ...ends);
      assert.ok(found >= bound - 1e-9 && found <= total + 1e-9, `${found} of ${bound}..${total}`);
    }
    assert.equal(wall(tasks, 1), total);
  }
});
