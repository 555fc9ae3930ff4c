/** @file The lock of a store: one holder, who is named; whoever dies leaves it free. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { holderOf, lockStore, StoreBusyError } from "../../../pipeline/store/lock.ts";
import { program, scratch } from "./helpers.ts";

const MODULE = new URL("../../../pipeline/store/lock.ts", import.meta.url);

/** What a process says that takes a lock and keeps it. */
const keeper = (dir: string, command: string) =>
  program(`
    import { lockStore } from "${MODULE}";
    await lockStore(${JSON.stringify(dir)}, "${command}");
    console.log("taken");
    setInterval(() => {}, 1000);`);

/** A clock, for what measures patience, that can be put forward. */
function clock() {
  const { now } = performance;
  let [ahead, asked] = [0, 0];
  performance.now = () => {
    asked++;
    return now.call(performance) + ahead;
  };
  return {
    forward: (ms: number) => void (ahead += ms),
    /** Waits until it was asked a few times. */
    asked() {
      const before = asked;
      return until(() => asked >= before + 3);
    },
    [Symbol.dispose]: () => void (performance.now = now),
  };
}

async function until(done: () => boolean) {
  for (let i = 0; i < 200 && !done(); i++) await new Promise((go) => setTimeout(go, 10));
}

/** What has become of somebody who asked for the lock. */
function watch(promise: Promise<unknown>) {
  let state = "waits";
  promise.then(() => state = "taken", (error) => state = error.name);
  return { now: () => state };
}

Deno.test("the holder signs with its process, host and command, and takes its name away", async () => {
  using store = scratch();
  const dir = store.at("deep", "store");
  const path = store.at("deep", "store", "lock");
  const lock = await lockStore(dir, "run");
  assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), {
    pid: Deno.pid,
    host: hostname(),
    command: "run",
  });
  await assert.rejects(lockStore(dir, "gc"), (error) => {
    assert.ok(error instanceof StoreBusyError);
    assert.deepEqual(error.holder, { pid: Deno.pid, host: hostname(), command: "run" });
    assert.match(
      error.message,
      new RegExp(`^The store ${dir} is in use by "run" \\(pid ${Deno.pid} on ${hostname()}\\)`),
    );
    return true;
  });
  lock.release();
  assert.equal(readFileSync(path, "utf8"), "");
});

Deno.test("a name that a dead holder left does not hold the store, and goes whole", async () => {
  using store = scratch();
  const path = store.at("lock");
  writeFileSync(path, JSON.stringify({ pid: 1, host: "h".repeat(500), command: "run" }));
  const lock = await lockStore(store.dir, "gc");
  assert.equal(JSON.parse(readFileSync(path, "utf8")).command, "gc");
  lock.release();
});

Deno.test("another process is named, keeps the lock while it lives, and frees it when it is killed", async () => {
  using store = scratch();
  const other = keeper(store.dir, "sweep");
  await other.said();
  const start = performance.now();
  await assert.rejects(
    lockStore(store.dir, "run"),
    new RegExp(`in use by "sweep" \\(pid ${other.pid} on .*stop it with "kill ${other.pid}"`),
  );
  assert.ok(performance.now() - start < 20_000, "nobody waits for a command that takes long");
  await other.kill("SIGKILL");
  (await lockStore(store.dir, "run")).release();
});

Deno.test("somebody who holds the lock for a moment is waited for, a second and no more", async () => {
  using store = scratch();
  using time = clock();
  const first = await lockStore(store.dir, "run");
  const waiting = lockStore(store.dir, "gc");
  const waits = watch(waiting);
  await time.asked();
  assert.equal(waits.now(), "waits");
  first.release();
  (await waiting).release();
  const again = await lockStore(store.dir, "run");
  // In the instant before it has signed.
  writeFileSync(store.at("lock"), "");
  const refused = lockStore(store.dir, "gc");
  const patient = watch(refused);
  await time.asked();
  time.forward(500);
  await time.asked();
  assert.equal(patient.now(), "waits");
  time.forward(501);
  await until(() => patient.now() !== "waits");
  assert.equal(patient.now(), "StoreBusyError");
  await assert.rejects(refused, /in use by "\?" \(pid 0 on \?\)/);
  again.release();
});

Deno.test("who looks for a holder finds one while it lives, keeps nobody out and writes nothing", async () => {
  using store = scratch();
  assert.equal(await holderOf(store.dir), undefined);
  assert.ok(!existsSync(store.at("lock")));
  const other = keeper(store.dir, "sweep");
  await other.said();
  const holder = { pid: other.pid, host: hostname(), command: "sweep" };
  assert.deepEqual(await holderOf(store.dir), holder);
  await other.kill("SIGKILL");
  // Its name is still there.
  assert.deepEqual(JSON.parse(readFileSync(store.at("lock"), "utf8")), holder);
  assert.equal(await holderOf(store.dir), undefined);
  // One that looks just now is not taken for the dead one.
  using file = await Deno.open(store.at("lock"));
  assert.ok(await file.tryLock(false));
  const taking = lockStore(store.dir, "run");
  setTimeout(() => file.unlockSync(), 100);
  (await taking).release();
});
