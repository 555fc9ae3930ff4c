/**
 * @file A store after a power cut at any moment: every operation of a recorded run is followed by all that the disk may then
 * hold, and the store is opened on it.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Catalog } from "../../../../pipeline/store/catalog.ts";
import { checkpointOf } from "../../../../pipeline/store/checkpoints.ts";
import { DoneIndex } from "../../../../pipeline/store/done_index.ts";
import { Objects } from "../../../../pipeline/store/objects.ts";
import { dump } from "../../../pipeline/fixtures/catalog.ts";
import { type Contents, Disk, keyOf, writeContents } from "../../../pipeline/store/disk_model.ts";
import { record } from "../../../pipeline/store/record.ts";
import type { StoreState } from "../../../pipeline/store/recorded_program.ts";
import type { Operation } from "../../../pipeline/store/recording_fs.ts";

type Dump = StoreState["catalog"];
/** An empty catalogue's dump. */
const NOTHING: Dump = Object.fromEntries(
  ["run", "machine", "job", "input", "file", "scalar", "observation", "metric"]
    .concat("code", "node", "failure").map((table) => [table, []]),
);

/** What a catalogue is opened from: not objects, nor copies that are worth nothing. */
const OPENED = /^store\/catalog\.(?!work)/;

function scratch() {
  const dir = mkdtempSync("/tmp/power-");
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

/** The catalogue that a store opens with, and the mirror before that; each distinct one is opened once. */
function opener() {
  const seen = new Map<string, Promise<Dump>>();
  return (contents: Contents): Promise<Dump> => {
    const top = new Map([...contents].filter(([path]) => OPENED.test(path)));
    const key = keyOf(top);
    if (!seen.has(key)) seen.set(key, open(top));
    return seen.get(key)!;
  };
  async function open(contents: Contents): Promise<Dump> {
    using at = scratch();
    writeContents(at.dir, contents);
    const store = join(at.dir, "store");
    const mirror = DoneIndex.fromMirror(store);
    const catalog = await Catalog.open(store);
    try {
      const found = await dump(catalog);
      if (mirror) assert.equal(mirror.jobs.size, found.job.length, "the mirror knows better");
      return found;
    } finally {
      await catalog.close();
    }
  }
}

/** Objects and checkpoint of a store: what was acknowledged is there, and nothing is there in part. */
async function checkFiles(contents: Contents, before: StoreState, after: StoreState) {
  using at = scratch();
  const small = [...contents].filter(([path]) => path.split("/").length > 2);
  writeContents(at.dir, new Map(small));
  const objects = new Objects(join(at.dir, "store"));
  for (const hash of before.objects) objects.read(hash, "an acknowledged object");
  for (const hash of objects.list()) objects.read(hash, "an object");
  const saved = await checkpointOf(objects, { key: "long", label: "e/long" }, []).load();
  const found = saved === undefined ? null : [...saved];
  assert.ok(
    [before, after].some(({ checkpoint }) => String(checkpoint) === String(found)),
    `checkpoint [${found}] is neither [${before.checkpoint}] nor [${after.checkpoint}]`,
  );
}

async function checkAll(root: string, operations: Operation[]): Promise<void> {
  const disk = new Disk(root);
  const open = opener();
  const checked = new Set<string>();
  let before: StoreState = { catalog: NOTHING, objects: [], checkpoint: null };
  for (const [i, operation] of operations.entries()) {
    disk.apply(operation);
    if (operation.op === "acknowledged") before = operation.state as StoreState;
    const next = operations.slice(i + 1).find((o) => o.op === "acknowledged");
    const after = next ? next.state as StoreState : before;
    const allowed = [before, after].map(({ catalog }) => JSON.stringify(catalog));
    for (const contents of disk.afterPowerCut()) {
      const key = keyOf(contents) + JSON.stringify(allowed) + before.objects + before.checkpoint;
      if (checked.has(key)) continue;
      checked.add(key);
      const { data: _, content: __, state: ___, ...what } = operation as Record<string, unknown>;
      const where = `after operation ${i}, ${JSON.stringify(what)}, with ${[...contents.keys()]}`;
      try {
        await checkFiles(contents, before, after);
        const found = JSON.stringify(await open(contents));
        assert.ok(allowed.includes(found), `a catalogue of neither before nor after: ${found}`);
      } catch (cause) {
        throw new Error(`${where}: ${(cause as Error).message}`, { cause });
      }
    }
  }
}

Deno.test("a power cut at any moment of two runs leaves the state before or after a change", async () => {
  using at = scratch();
  const operations = await record(at.dir, "two runs");
  assert.ok(operations.filter(({ op }) => op === "acknowledged").length >= 8);
  await checkAll(at.dir, operations);
});
