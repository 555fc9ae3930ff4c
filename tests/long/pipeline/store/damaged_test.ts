/** @file What is said and what is kept when a disk has damaged the catalogue, its journal or its sums. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Catalog } from "../../../../pipeline/store/catalog.ts";
import { isEarlierSound } from "../../../../pipeline/store/catalog_files.ts";
import type { MetricPoint } from "../../../../pipeline/store/changes.ts";
import { doneJob, dump, RUN } from "../../../pipeline/fixtures/catalog.ts";
import { contents, errors, killed, LATER, left, scratch } from "../../../pipeline/store/killed.ts";

async function committed(dir: string, key: string) {
  const catalog = await Catalog.open(dir);
  await catalog.commit(RUN, [doneJob(key)]);
  await catalog.close();
}

async function readContents(dir: string) {
  const catalog = await Catalog.read(dir);
  try {
    return await dump(catalog);
  } finally {
    await catalog.close();
  }
}

function flip(path: string, place: number) {
  const bytes = readFileSync(path);
  bytes[place] ^= 1 << (place % 8);
  writeFileSync(path, bytes);
}

Deno.test("a damaged line in the middle loses its change and no other, and is said", async () => {
  using at = scratch();
  const before = await killed(at.dir);
  const bytes = readFileSync(at.journal);
  bytes[bytes.indexOf(10) + 41] ^= 1;
  writeFileSync(at.journal, bytes);
  using said = errors();
  const after = await contents(at.dir);
  assert.match(said.lines.join(), /catalog\.journal is damaged in line 2; a copy is .*\.damaged/);
  // The second line has the jobs k1 and k2, of which k2 failed later.
  assert.deepEqual(after.job, before.job.filter((row) => !row.startsWith("key=k1 ")));
  assert.deepEqual(after.run, before.run);
  assert.deepEqual(after.failure, before.failure);
  assert.deepEqual(readFileSync(`${at.journal}.damaged`), bytes);
});

Deno.test("a damaged catalogue is made again from the copy before it and the journal", async () => {
  using at = scratch();
  for (const key of ["k1", "k2"]) await committed(at.dir, key);
  const damages: Record<string, () => void> = {
    "cut off": () => truncateSync(at.original, 20_000),
    longer: () => appendFileSync(at.original, "xxx"),
    empty: () => truncateSync(at.original),
    gone: () => rmSync(at.original),
    "a folder": () => {
      rmSync(at.original);
      mkdirSync(at.original);
      writeFileSync(join(at.original, "x"), "x");
    },
    "the one before it": () => copyFileSync(at.earlier, at.original),
  };
  for (const part of [0, 0.1, 0.3, 0.6, 0.9, 1]) {
    // Files of later catalogues may be shorter.
    damages[`a bit after ${part} of it`] = () =>
      flip(at.original, Math.floor(part * (statSync(at.original).size - 1)));
  }
  using said = errors();
  for (const [what, damage] of Object.entries(damages)) {
    // So that the one before it lacks something.
    await committed(at.dir, what);
    const before = await contents(at.dir);
    damage();
    assert.deepEqual(await readContents(at.dir), before, `${what}, to a reader`);
    assert.match(
      said.lines.splice(0).join(),
      /catalog\.duckdb is damaged or missing; what it held/,
    );
    assert.deepEqual(await contents(at.dir), before, what);
    assert.match(
      said.lines.splice(0).join(),
      /was damaged or missing; it was made again .*nothing/,
    );
    // From here on it is as if nothing had been.
    assert.deepEqual(await contents(at.dir), before);
    assert.deepEqual(said.lines, [], what);
    assert.deepEqual(
      left(at.dir),
      ["catalog.damaged.duckdb", ...LATER].filter((name) => existsSync(join(at.dir, name))).sort(),
    );
  }
});

Deno.test("the first catalogue of a store, and one with a journal that a kill left, too", async () => {
  using at = scratch();
  using said = errors();
  await committed(at.dir, "k0");
  assert.ok(!existsSync(at.earlier));
  const first = await contents(at.dir);
  flip(at.original, 9000);
  assert.deepEqual(await contents(at.dir), first);
  assert.equal(said.lines.length, 1);
  const before = await killed(at.dir);
  assert.ok(before.job.some((row) => row.startsWith("key=k0 ")));
  truncateSync(at.original, 100);
  assert.deepEqual(await readContents(at.dir), before);
  assert.deepEqual(await contents(at.dir), before);
  assert.deepEqual(await contents(at.dir), before);
});

Deno.test("a kill while it is made again changes nothing", async () => {
  using at = scratch();
  await committed(at.dir, "k1");
  await killed(at.dir);
  const before = await contents(at.dir);
  using said = errors();
  const steps: (() => void)[] = [
    // The journal of everything is there, the damaged catalogue still in its place.
    () => copyFileSync(at.earlierJournal, at.journal),
    // Also the sums.
    () => copyFileSync(at.earlierJournal, at.journal),
  ];
  for (const step of steps) {
    flip(at.original, 5000);
    step();
    assert.deepEqual(await contents(at.dir), before);
  }
  assert.equal(said.lines.length, 2);
});

Deno.test("damage while a run goes on, or of the catalogue that a kill left on its way, is not taken for the truth", async () => {
  using at = scratch();
  using said = errors();
  await committed(at.dir, "k1");
  await committed(at.dir, "k2");
  const catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k3")]);
  // Of what is about to become the copy before.
  flip(at.original, 5000);
  await catalog.close();
  assert.ok(!isEarlierSound(at.dir));
  const before = await contents(at.dir);
  assert.equal(before.job.length, 3);
  assert.deepEqual(said.lines, []);
  await committed(at.dir, "k4");
  assert.ok(isEarlierSound(at.dir));
  const all = await contents(at.dir);
  for (const part of [0.1, 0.5, 0.9]) {
    renameSync(at.original, at.next);
    flip(at.next, Math.floor(part * statSync(at.next).size));
    assert.deepEqual(await contents(at.dir), all, `${part}`);
    assert.match(said.lines.splice(0).join(), /was damaged or missing; it was made again/);
    // Once more from the start, so that there is a copy before.
    await committed(at.dir, `after ${part}`);
    Object.assign(all, await contents(at.dir));
  }
});

Deno.test("damage of the catalogue and of the copy before it is an error that says what to do", async () => {
  using at = scratch();
  for (const key of ["k1", "k2"]) await committed(at.dir, key);
  flip(at.original, 5000);
  flip(at.earlier, 5000);
  const bytes = [at.original, at.earlier].map((path) => readFileSync(path));
  for (const open of [contents, readContents]) {
    await assert.rejects(
      open(at.dir),
      /The catalogue .*catalog\.duckdb cannot be read.*earlier\.duckdb.* Put copies .*or move .*catalog\.\* away/s,
    );
  }
  assert.deepEqual([at.original, at.earlier].map((path) => readFileSync(path)), bytes);
});

Deno.test("without sums, or with damaged ones, a catalogue that can be read is taken, and another is not", async () => {
  using said = errors();
  for (
    const damage of [rmSync, (path: string) => flip(path, 40), (path: string) => truncateSync(path)]
  ) {
    using at = scratch();
    const curve = Array.from(
      { length: 3000 },
      (_, i): MetricPoint => [`loss ${i}`, i, Math.sin(i)],
    );
    await committed(at.dir, "k1");
    const catalog = await Catalog.open(at.dir);
    await catalog.commit(RUN, [doneJob("k2", { metrics: curve })]);
    await catalog.close();
    const before = await contents(at.dir);
    damage(at.sums);
    assert.deepEqual(await readContents(at.dir), before);
    assert.deepEqual(await contents(at.dir), before);
    assert.deepEqual(said.lines, []);
    // Now there are sums again, of it and of a copy.
    flip(at.original, 5000);
    assert.deepEqual(await contents(at.dir), before);
    assert.equal(said.lines.splice(0).length, 1);
    // Where the rows lie, not the tables' description.
    damage(at.sums);
    const { length } = readFileSync(at.original);
    for (const part of [0.3, 0.5, 0.7]) flip(at.original, Math.floor(part * length));
    assert.deepEqual(await contents(at.dir), before);
    assert.match(said.lines.splice(0).join(), /was damaged or missing; it was made again/);
    damage(at.sums);
    rmSync(at.earlier);
    for (const part of [0.3, 0.5, 0.7]) flip(at.original, Math.floor(part * length));
    await assert.rejects(
      contents(at.dir),
      /The catalogue .* cannot be read: /,
    );
  }
});

Deno.test("a wrong question is no damage", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  await assert.rejects(catalog.query("SELECT nonsense"), /^Error: (?!The catalogue).*nonsense/);
  await catalog.close();
});

Deno.test("a catalogue that is only read sees what a kill left, stays as it is and refuses changes", async () => {
  using at = scratch();
  const before = await killed(at.dir);
  const files = left(at.dir);
  const journal = readFileSync(at.journal);
  const catalog = await Catalog.read(at.dir);
  assert.deepEqual(await dump(catalog), before);
  await assert.rejects(catalog.forget(["k1"]), /was opened to be read only/);
  await catalog.close();
  assert.deepEqual(left(at.dir), files);
  assert.deepEqual(readFileSync(at.journal), journal);
  // A writer may put a new one in its place meanwhile.
  const open = await Catalog.read(at.dir);
  await committed(at.dir, "later");
  assert.deepEqual(await dump(open), before);
  await open.close();
  assert.equal((await readContents(at.dir)).job.length, before.job.length + 1);
  using none = scratch();
  assert.deepEqual((await readContents(none.dir)).job, []);
  assert.deepEqual(left(none.dir), []);
});

Deno.test("a journal between the copies that has lost its end, which no line tells, is noticed", async () => {
  using at = scratch();
  using said = errors();
  for (const key of ["k1", "k2"]) await committed(at.dir, key);
  assert.ok(isEarlierSound(at.dir));
  const bytes = readFileSync(at.earlierJournal);
  const lines = bytes.toString().split("\n");
  const endings: Record<string, () => void> = {
    "in the middle of a line": () => truncateSync(at.earlierJournal, bytes.length - 9),
    "a whole line": () => writeFileSync(at.earlierJournal, lines.slice(0, -2).join("\n") + "\n"),
    "all of it": () => rmSync(at.earlierJournal),
  };
  for (const [what, damage] of Object.entries(endings)) {
    damage();
    assert.ok(!isEarlierSound(at.dir), what);
    writeFileSync(at.earlierJournal, bytes);
    assert.ok(isEarlierSound(at.dir), what);
  }
  // Where it is needed it is told that something is lost.
  endings["a whole line"]();
  flip(at.original, 9000);
  const { job } = await contents(at.dir);
  assert.deepEqual(job.map((row) => /^key=(\S+)/.exec(row)![1]), ["k1"]);
  assert.match(
    said.lines.join(),
    /and the journal, which is damaged too: what is lost runs again\./,
  );
  said.lines.length = 0;
  assert.deepEqual((await contents(at.dir)).job, job);
  await committed(at.dir, "k3");
  assert.ok(isEarlierSound(at.dir));
  assert.deepEqual(said.lines, []);
  // What a damaged line of a journal held is in neither of the catalogues: they agree.
  await killed(at.dir);
  flip(at.journal, readFileSync(at.journal).indexOf(10) + 41);
  await contents(at.dir);
  assert.match(said.lines.join(), /catalog\.journal is damaged in line 2/);
  assert.ok(isEarlierSound(at.dir));
});
