/** @file The file that says what a run is doing, for other terminals. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { LiveFile, type LiveRun, readLive } from "../../../pipeline/run/live.ts";
import { machineInfo } from "../../../pipeline/run/machine.ts";

function scratch() {
  const dir = mkdtempSync("/tmp/live-");
  return {
    dir,
    path: join(dir, "live.json"),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}

const run = (profile: string): LiveRun => ({
  ...{ pid: 42, profile, command: "deno task pipeline", jobs: [] },
  totals: { total: 0, cached: 0, ran: 0, failed: 0, skipped: 0 },
});

/** Timers that the test lets fire, and writes that take as long as it says. */
function timers() {
  const { setTimeout, clearTimeout } = globalThis;
  const real = performance.now;
  const waiting = new Map<number, [fire: () => void, ms: number]>();
  let [id, now] = [0, 0];
  performance.now = () => now;
  Object.assign(globalThis, {
    setTimeout: (fire: () => void, ms: number) => waiting.set(++id, [fire, ms]) && id,
    clearTimeout: (of: number) => waiting.delete(of),
  });
  return {
    waits: () => [...waiting.values()].map(([, ms]) => ms),
    pass: (ms: number) => void (now += ms),
    fire() {
      const all = [...waiting];
      waiting.clear();
      for (const [, [fire]] of all) fire();
    },
    [Symbol.dispose]() {
      Object.assign(globalThis, { setTimeout, clearTimeout });
      performance.now = real;
    },
  };
}

Deno.test("the file is there from the start, follows a change soon, and is gone after the run", () => {
  using at = scratch();
  using clock = timers();
  let profile = "first";
  const live = new LiveFile(at.dir, () => run(profile));
  assert.deepEqual(readLive(at.dir, 42), run("first"));
  profile = "second";
  assert.equal(readLive(at.dir, 42)!.profile, "first");
  live.touch();
  live.touch();
  assert.deepEqual(clock.waits(), [100]);
  clock.fire();
  assert.equal(readLive(at.dir, 42)!.profile, "second");
  profile = "third";
  live.touch();
  assert.deepEqual(clock.waits(), [100]);
  clock.fire();
  assert.equal(readLive(at.dir, 42)!.profile, "third");
  live.touch();
  live.close();
  assert.deepEqual(readdirSync(at.dir), []);
  assert.deepEqual(clock.waits(), []);
  live.touch();
  assert.deepEqual(clock.waits(), []);
  live.close();
});

Deno.test("a write at once takes the place of the one that was to follow", () => {
  using at = scratch();
  using clock = timers();
  const live = new LiveFile(at.dir, () => run("a"), 250);
  live.touch();
  assert.deepEqual(clock.waits(), [250]);
  live.write();
  assert.deepEqual(clock.waits(), []);
  live.touch();
  assert.deepEqual(clock.waits(), [250]);
  live.close();
});

Deno.test("a file that takes long to write is written seldom, but at least once a second", () => {
  using at = scratch();
  using clock = timers();
  let takes = 0;
  const live = new LiveFile(at.dir, () => {
    clock.pass(takes);
    return run("a");
  });
  // A twentieth of the time at most, between a tenth of a second and one.
  for (const [ms, wait] of [[4, 100], [6, 120], [40, 800], [60, 1000], [1, 100]]) {
    takes = ms;
    live.write();
    live.touch();
    assert.deepEqual(clock.waits(), [wait], `after ${ms} ms`);
  }
  live.close();
});

Deno.test("the file of another process, a damaged one and none say nothing", () => {
  using at = scratch();
  assert.equal(readLive(at.dir, 42), undefined);
  writeFileSync(at.path, JSON.stringify(run("a")));
  assert.deepEqual(readLive(at.dir, 42), run("a"));
  assert.equal(readLive(at.dir, 43), undefined);
  writeFileSync(at.path, readFileSync(at.path, "utf8").slice(0, -4));
  assert.equal(readLive(at.dir, 42), undefined);
});

Deno.test("a machine is one line, and an id that is the same as long as that is", () => {
  const { id, description } = machineInfo();
  assert.match(id, /^[0-9a-f]{12}$/);
  assert.deepEqual(machineInfo(), { id, description });
  const [, cores, memory] = /^.+, (\d+) cores, (\d+) GiB, \w+ \w+, Deno /.exec(description)!;
  assert.equal(Number(cores), cpus().length);
  const bytes = Deno.systemMemoryInfo().total;
  assert.ok(Math.abs(Number(memory) - bytes / 2 ** 30) <= 0.5, `${memory} GiB of ${bytes} bytes`);
  assert.ok(description.endsWith(`, Deno ${Deno.version.deno}`));
});

Deno.test("a file that cannot be written, at first or later, is no reason to fail", () => {
  using at = scratch();
  using time = timers();
  const file = join(at.dir, "a file, no folder");
  writeFileSync(file, "");
  new LiveFile(file, () => run("a")).close();
  const live = new LiveFile(at.dir, () => run("b"));
  // A folder that holds something gives way and is kept.
  rmSync(at.path);
  mkdirSync(join(at.path, "x"), { recursive: true });
  live.touch();
  time.fire();
  live.write();
  assert.equal(readLive(at.dir, 42)!.profile, "b");
  assert.ok(existsSync(join(`${at.path}.moved`, "x")));
  live.close();
});
