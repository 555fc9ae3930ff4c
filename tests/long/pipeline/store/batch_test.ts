/**
 * @file Changes that reach the database together come to what they come to one by one, and no question sees less than
 * was recorded.
 */
import { DuckDBConnection } from "@duckdb/node-api";
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { Catalog } from "../../../../pipeline/store/catalog.ts";
import type { DoneJob, FailedJob } from "../../../../pipeline/store/changes.ts";
import { whole } from "../../../../pipeline/commands/campaign/damages.ts";
import { doneJob, dump, RUN } from "../../../pipeline/fixtures/catalog.ts";
import { opened, scratch } from "../../../pipeline/store/helpers.ts";

const KEYS = ["k1", "k2", "k3", "k4", "k5"];
const BASES = ["p", "q"];

type Step = (catalog: Catalog) => Promise<void>;

/** Any change, of few keys, so that many meet. */
function anyStep(random: (below: number) => number, number: number): Step {
  const one = <T>(list: readonly T[]) => list[random(list.length)];
  const some = <T>(list: readonly T[]) => list.filter(() => random(2));
  const run = { ...RUN, id: `r${random(2)}`, profile: one(["smoke", "quick"]) };
  const node = (label: string) => ({ label, key: one(KEYS), doneKey: one([null, ...KEYS]) });
  const labels = () => some(["e/a", "e/b", "e/c"]).map(node);
  switch (random(7)) {
    case 0:
      return (c) => c.startRun({ ...run, machine: { id: "m", description: `${number}` } });
    case 1: {
      const moved = some(KEYS).map((key) => ({ key, name: one(["i", "j"]), input: one(KEYS) }));
      return (c) => c.moveInputs(moved);
    }
    case 2: {
      const keys = some(KEYS);
      return (c) => c.forget(keys);
    }
    case 3: {
      const keys = some(KEYS);
      return (c) => c.markDamaged(keys);
    }
    case 4: {
      const nodes = labels();
      return (c) => c.setNodes(run.profile, nodes);
    }
    case 5: {
      const of = some(KEYS).map((key) => ({ key, observations: { [one(["rss", "x"])]: number } }));
      return (c) => c.observe(of);
    }
    default: {
      const done = some(KEYS).map((key): DoneJob => ({
        ...doneJob(key, { content: `${number}`, seconds: random(9) }),
        ingredients: { ...doneJob(key).ingredients, code: one(["c", "d"]) },
        inputs: ["i", "j"].map((name) => ({ name, key: one(KEYS), content: "x" })),
        metrics: Array.from({ length: random(3) }, (_, step) => ["loss", step, number]),
        ...(random(2)
          ? { program: { base: one(BASES), digests: one(["d", "e"]), sameAs: one(KEYS) } }
          : {}),
      }));
      const failed = some(KEYS).map((key): FailedJob => ({
        ...{ key, label: `e/${key}`, message: `${number}` },
        ...(random(2) ? { metrics: [["loss", 0, number]] } : {}),
      }));
      const nodes = labels();
      return (c) => c.commit(run, done, failed, nodes);
    }
  }
}

/** Times differ from one catalogue to the other. */
async function timeless(catalog: Catalog) {
  const tables = Object.entries(await dump(catalog));
  return tables.map(([name, rows]) => [
    name,
    rows.map((row) => row.replace(/(started|finished)=[^=]*?(?= \w+=|$)/g, "")),
  ]);
}

/** What is asked of single jobs and bases. */
async function answers(catalog: Catalog) {
  const found: unknown[] = [];
  for (const key of KEYS) {
    found.push(
      key,
      await catalog.failure(key),
      await catalog.isDamaged(key),
      await catalog.ingredients(key),
      await catalog.sameAs(key),
      await catalog.artifact(key),
      await catalog.outcome(key).catch(({ message }) => message),
    );
  }
  for (const base of BASES) {
    found.push((await catalog.programs(base)).sort((a, b) => a.key < b.key ? -1 : 1));
  }
  return found;
}

Deno.test("changes that wait for each other come to the same as one by one, after a kill too", async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const random = whole(seed);
    const steps = Array.from({ length: 12 }, (_, i) => anyStep(random, i));
    using together = scratch();
    using single = scratch();
    using killed = scratch();
    {
      await using many = await opened(together.dir);
      await using one = await opened(single.dir);
      for (const [i, step] of steps.entries()) {
        await step(many.catalog);
        // Some of them together; what was there before is in the database then.
        if (i === 5) await timeless(many.catalog);
        await step(one.catalog);
        await one.catalog.query("SELECT 1");
      }
      copyFileSync(together.at("catalog.journal"), killed.at("catalog.journal"));
    }
    await using many = await opened(together.dir);
    await using one = await opened(single.dir);
    await using after = await opened(killed.dir);
    const expected = await timeless(one.catalog);
    assert.deepEqual(await timeless(many.catalog), expected, `seed ${seed}`);
    assert.deepEqual(await timeless(after.catalog), expected, `seed ${seed}, after a kill`);
  }
});

Deno.test("no answer about a job lacks what was recorded just before", async () => {
  for (let seed = 1; seed <= 2; seed++) {
    const random = whole(seed);
    using store = scratch();
    await using at = await opened(store.dir);
    for (let i = 0; i < 20; i++) {
      await anyStep(random, i)(at.catalog);
      // One question, so that the others have not had the database written for them.
      const before = [
        () => at.catalog.failure(KEYS[i % 5]),
        () => at.catalog.isDamaged(KEYS[i % 5]),
        () => at.catalog.ingredients(KEYS[i % 5]),
        () => at.catalog.sameAs(KEYS[i % 5]),
        () => at.catalog.artifact(KEYS[i % 5]),
        () => at.catalog.programs(BASES[i % 2]),
      ][random(6)];
      const answer = await before();
      await at.catalog.query("SELECT 1");
      assert.deepEqual(answer, await before(), `seed ${seed}, step ${i}: ${before}`);
      if (random(3) === 0) await answers(at.catalog);
    }
  }
});

Deno.test("what is not in the database yet can be moved, damaged, forgotten and asked for", async () => {
  using store = scratch();
  await using at = await opened(store.dir);
  const { catalog } = at;
  const inputs = ["a", "b"].map((name) => ({ name, key: "old", content: "x" }));
  await catalog.commit(RUN, [doneJob("k1", { inputs }), doneJob("k2", { inputs })]);
  await catalog.moveInputs([{ key: "k1", name: "b", input: "new" }]);
  await catalog.markDamaged(["k1"]);
  await catalog.commit(RUN, [doneJob("k3")], [{ key: "k4", label: "e/k4", message: "no" }]);
  await catalog.forget(["k3"]);
  assert.equal(await catalog.failure("k4"), "no");
  assert.equal(await catalog.isDamaged("k1"), true);
  assert.deepEqual(await at.rows("SELECT key, status FROM job ORDER BY key"), [
    ["k1", "damaged"],
    ["k2", "done"],
  ]);
  const moved = "SELECT job_key, name, job_key_of_input FROM input ORDER BY ALL";
  assert.deepEqual(await at.rows(moved), [
    ["k1", "a", "old"],
    ["k1", "b", "new"],
    ["k2", "a", "old"],
    ["k2", "b", "old"],
  ]);
  // A key that nothing is known of, until it fails.
  assert.equal(await catalog.failure("k5"), undefined);
  await catalog.commit(RUN, [], [{ key: "k5", label: "e/k5", message: "not again" }]);
  assert.equal(await catalog.failure("k5"), "not again");
});

Deno.test("what is recorded while others are being written is not forgotten", async () => {
  using store = scratch();
  {
    await using at = await opened(store.dir);
    await at.catalog.commit(RUN, [doneJob("k1")]);
    const asked = at.rows("SELECT key FROM job");
    // The writing has begun.
    await Promise.resolve();
    await at.catalog.commit(RUN, [doneJob("k2")]);
    assert.deepEqual(await asked, [["k1"]]);
    assert.deepEqual(await at.rows("SELECT key FROM job ORDER BY key"), [["k1"], ["k2"]]);
    const again = at.rows("SELECT key FROM job");
    await at.catalog.commit(RUN, [doneJob("k3")]);
    await again;
    await at.catalog.commit(RUN, [doneJob("k4")]);
  }
  await using at = await opened(store.dir);
  const keys = ["k1", "k2", "k3", "k4"].map((key) => [key]);
  assert.deepEqual(await at.rows("SELECT key FROM job ORDER BY key"), keys);
});

Deno.test("a change with a value that its column cannot hold is refused before it is recorded", async () => {
  using store = scratch();
  const good = doneJob("k");
  const wrong: [Partial<Record<keyof DoneJob, unknown>>, RegExp][] = [
    [{ label: 7 }, /label of the table job is a VARCHAR, not 7/],
    [{ seconds: "long" }, /seconds of the table job is a DOUBLE, not "long"/],
    [{ observations: { rss: true } }, /value of the table observation is a DOUBLE, not true/],
    [{ metrics: [["loss", 1, "x"]] }, /value of the table metric is a DOUBLE, not "x"/],
    [
      { artifact: { files: [{ name: "f", sha256: "h", bytes: 1.5 }], scalars: {} } },
      /bytes of the table file is a BIGINT, not 1\.5/,
    ],
    [{ inputs: [{ name: {}, key: null, content: "" }] }, /name of the table input is a VARCHAR/],
  ];
  {
    await using at = await opened(store.dir);
    for (const [over, message] of wrong) {
      const bad = { ...good, ...over } as DoneJob;
      await assert.rejects(() => at.catalog.commit(RUN, [doneJob("other"), bad]), message);
    }
    await at.catalog.commit(RUN, [good]);
  }
  await using at = await opened(store.dir);
  assert.deepEqual(await at.rows("SELECT key FROM job"), [["k"]]);
});

Deno.test("labels of any text lead where they led last", async () => {
  using store = scratch();
  const labels = ["", "a\0b", "half of a pair \ud83d", "🙂", `"quoted" \\ '`, "é".repeat(3000)];
  const lead = (key: string) => labels.map((label) => ({ label, key, doneKey: null }));
  await using at = await opened(store.dir);
  for (const key of ["k1", "k2", "k3"]) {
    await at.catalog.setNodes("smoke", lead(key));
    const found = await at.rows("SELECT label, key FROM node");
    const expected = labels.map((label) => [label.toWellFormed(), key]);
    assert.deepEqual(found.sort(), expected.sort());
  }
});

Deno.test("many rows do not wait for the end, and curves of any length are there", async () => {
  using store = scratch();
  using killed = scratch();
  const metrics = Array.from({ length: 100_001 }, (_, i): [string, number, number] => ["l", i, i]);
  {
    await using at = await opened(store.dir);
    await at.catalog.commit(RUN, [doneJob("k1", { metrics })]);
    await at.catalog.commit(RUN, [doneJob("k2", { metrics })]);
    await at.catalog.commit(RUN, [doneJob("k1", { metrics: metrics.slice(0, 2) })]);
    copyFileSync(store.at("catalog.journal"), killed.at("catalog.journal"));
  }
  const points = "SELECT job_key, count(*), sum(value) FROM metric GROUP BY job_key ORDER BY ALL";
  for (const dir of [store.dir, killed.dir]) {
    await using at = await opened(dir);
    assert.deepEqual(await at.rows(points), [["k1", 2, 1], ["k2", 100_001, 100_001 * 50_000]]);
  }
});

Deno.test("a hundred jobs that end one by one cost the database no more than one", async () => {
  const calls: string[] = [];
  const { run, createAppender } = DuckDBConnection.prototype;
  DuckDBConnection.prototype.run = function (sql, ...rest) {
    calls.push(sql);
    return run.call(this, sql, ...rest);
  };
  DuckDBConnection.prototype.createAppender = function (table, ...rest) {
    calls.push(table);
    return createAppender.call(this, table, ...rest);
  };
  try {
    const counts: number[] = [];
    for (const jobs of [1, 100]) {
      using store = scratch();
      await using at = await opened(store.dir);
      await at.catalog.startRun(RUN);
      calls.length = 0;
      for (let i = 0; i < jobs; i++) {
        const key = `new ${i}`;
        // As a run asks before and after each.
        assert.equal(await at.catalog.failure(key), undefined);
        assert.equal(await at.catalog.isDamaged(key), false);
        assert.equal(await at.catalog.ingredients(key), undefined);
        const nodes = [{ label: `e/${i}`, key, doneKey: key }];
        await at.catalog.commit(RUN, [doneJob(key)], [], nodes);
      }
      assert.deepEqual(calls, []);
      assert.deepEqual(await at.rows("SELECT count(*) FROM node"), [[jobs]]);
      counts.push(calls.length);
    }
    assert.equal(counts[1], counts[0]);
  } finally {
    Object.assign(DuckDBConnection.prototype, { run, createAppender });
  }
});
