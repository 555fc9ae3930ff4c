/**
 * @file What is said to be done is on the disk by then: the order of the file operations of a store, as a recorder saw them,
 * and what becomes of a change that the disk refuses.
 */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import { dump } from "../fixtures/catalog.ts";
import { FIRST, left } from "./killed.ts";
import { record } from "./record.ts";
import type { StoreState } from "./recorded_program.ts";
import type { Operation } from "./recording_fs.ts";

async function recorded(scenario: string) {
  const dir = mkdtempSync("/tmp/durability-");
  const operations = await record(dir, scenario);
  return {
    store: join(dir, "store"),
    operations,
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}

let known: Promise<{ store: string; operations: Operation[] }> | undefined;

/** The same recording for every test that only looks at it. */
function twoRuns() {
  return known ??= (async () => {
    using run = await recorded("two runs");
    return { ...run };
  })();
}

type Of<Op extends Operation["op"]> = Extract<Operation, { op: Op }>;

/** The operations of a kind, each with what came before and after. */
function each<Op extends Operation["op"]>(operations: Operation[], op: Op) {
  return operations.flatMap((operation, i) =>
    operation.op === op
      ? [{
        it: operation as Of<Op>,
        before: operations.slice(0, i),
        after: operations.slice(i + 1),
      }]
      : []
  );
}

/** Until the program next says that something is done. */
function untilAcknowledged(after: Operation[]): Operation[] {
  const end = after.findIndex(({ op }) => op === "acknowledged");
  return end < 0 ? [] : after.slice(0, end);
}

const syncs = (operations: Operation[], path: string) =>
  operations.some((o) => o.op === "sync" && o.path === path);

Deno.test("what takes a name by renaming is synced before, and its folder after", async () => {
  const run = await twoRuns();
  const renamings = each(run.operations, "rename")
    // The mirror is worth nothing after a power cut, and is told so by its stamp.
    .filter(({ it }) => basename(it.to) !== "index.json");
  // Two objects, two states of a checkpoint, two catalogues that are first "next", two journals and one catalogue that become
  // earlier, and the sums before and after.
  assert.equal(renamings.length, 15);
  for (const { it, before, after } of renamings) {
    const open = before.findLastIndex((o) => o.op === "open" && o.path === it.from);
    const last = before.findLastIndex((o) => o.op === "sync" && o.path === it.from);
    // It was synced under the name that it had before, in the run before.
    const moves = ["catalog.next.duckdb", "catalog.duckdb"].includes(basename(it.from));
    if (!moves) assert.ok(last > open, `${it.from} is synced`);
    const file = open < 0 ? -1 : (before[open] as Of<"open">).file;
    const since = before.slice(last + 1);
    // The number of a file that is closed is the next one's.
    const reused = since.findIndex((o) => o.op === "open" && o.file === file);
    const late = since.slice(0, reused < 0 ? undefined : reused)
      .filter((o) => o.op === "write" && o.file === file);
    if (last > open) assert.deepEqual(late, [], `nothing is written to ${it.from} after its sync`);
    assert.ok(syncs(untilAcknowledged(after), dirname(it.to)), `the folder of ${it.to} is synced`);
  }
});

Deno.test("a line of the journal is synced before its change is acknowledged, and so is its name", async () => {
  const run = await twoRuns();
  const journal = join(run.store, "catalog.journal");
  const opened = each(run.operations, "open").filter(({ it }) => it.path === journal);
  assert.equal(opened.length, 2, "one journal for each run");
  for (const { it, after } of opened) {
    assert.ok(it.created && !it.emptied);
    assert.ok(syncs(untilAcknowledged(after), run.store));
    const lines = each(untilAcknowledged(after), "write").filter((w) => w.it.file === it.file);
    assert.ok(lines.length > 0);
    for (const line of lines) {
      const end = after.findIndex((o) => o.op === "acknowledged");
      const rest = after.slice(after.indexOf(line.it) + 1, end);
      assert.ok(syncs(rest, journal), "a line that nobody waited for");
    }
  }
});

Deno.test("the journal moves when all of it is in the next catalogue, and before that has its name", async () => {
  const run = await twoRuns();
  const [journal, next] = ["catalog.journal", "catalog.next.duckdb"].map((n) => join(run.store, n));
  const moves = each(run.operations, "rename").filter(({ it }) => it.from === journal);
  assert.equal(moves.length, 2);
  for (const { it, before, after } of moves) {
    assert.equal(basename(it.to), "catalog.earlier.journal");
    const named = before.findLastIndex((o) => o.op === "rename" && o.to === next);
    assert.ok(
      syncs(before.slice(named + 1), run.store),
      "the next catalogue's name is on the disk",
    );
    const takes = after.findIndex((o) => o.op === "rename" && o.from === next);
    assert.ok(syncs(after.slice(0, takes), run.store), "the journal's end is on the disk");
  }
});

Deno.test("a new folder is on the disk before anything in it is acknowledged", async () => {
  const run = await twoRuns();
  const folders = each(run.operations, "folder");
  const names = folders.map(({ it }) => it.path.slice(run.store.length));
  assert.ok(
    ["", "/tmp", "/objects", "/checkpoints"].every((name) => names.includes(name)),
    `${names}`,
  );
  for (const { it, after } of folders) {
    assert.ok(syncs(untilAcknowledged(after), dirname(it.path)), it.path);
  }
});

Deno.test("a line that the disk refuses leaves nothing in the journal, and the next one is whole", async () => {
  using run = await recorded("a journal that cannot be written");
  const told = each(run.operations, "acknowledged").map(({ it }) => it);
  assert.deepEqual(told.map(({ what }) => what), ["second job", "refused"]);
  // The process ended without closing: only the journal is left.
  const catalog = await Catalog.open(run.store);
  const found = await dump(catalog);
  await catalog.close();
  assert.deepEqual(found, (told[1].state as StoreState).catalog);
  assert.deepEqual(found.job.map((row) => row.split(" ")[0]), ["key=k1", "key=k2"]);
  assert.deepEqual(left(run.store), FIRST, "no line is said to be damaged");
});

Deno.test("what the database refuses counts all the same, and all of the journal stays for the next command", async () => {
  using run = await recorded("a database that refuses");
  const told = each(run.operations, "acknowledged").map(({ it }) => it);
  const whats = ["first job", "second job", "out of space", "third job", "end"];
  assert.deepEqual(told.map(({ what }) => what), whats);
  const keys = (jobs: string[]) => jobs.map((row) => row.split(" ")[0]);
  // Refused for a while only, it was there when somebody asked again.
  const { catalog: third } = told[3].state as StoreState;
  assert.deepEqual(keys(third.job), ["key=k1", "key=k2", "key=k3"]);
  assert.ok(existsSync(join(run.store, "catalog.journal")));
  assert.ok(!existsSync(join(run.store, "catalog.duckdb")), "a catalogue without the fourth job");
  const catalog = await Catalog.open(run.store);
  const { job } = await dump(catalog);
  await catalog.close();
  assert.deepEqual(keys(job), ["key=k1", "key=k2", "key=k3", "key=k4"]);
  assert.deepEqual(left(run.store), FIRST);
});
