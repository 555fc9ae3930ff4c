/** @file What the catalogue knows of the programs of jobs, and of what earlier ones left. */
import { DuckDBInstance } from "@duckdb/node-api";
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import type { DoneJob } from "../../../pipeline/store/changes.ts";
import { doneJob, RUN } from "../fixtures/catalog.ts";
import { opened, scratch } from "./helpers.ts";

Deno.test("jobs of one base are found by their programs, those that ran themselves last; done again, a job has its new ones", async () => {
  using store = scratch();
  await using at = await opened(store.dir);
  const job = (key: string, digests: string, sameAs?: string, base = "p") =>
    doneJob(key, { program: { base, digests, ...(sameAs && { sameAs }) } });
  const keys = async (base = "p") =>
    (await at.catalog.programs(base)).map(({ key, digests }) => `${key} ${digests}`);
  assert.deepEqual(await keys(), []);
  await at.catalog.commit(RUN, [job("ran", "d"), job("ended", "d", "ran"), doneJob("none")]);
  await at.catalog.commit(RUN, [job("other", "e", undefined, "q")]);
  assert.deepEqual(await keys(), ["ended d", "ran d"]);
  assert.deepEqual(await keys("q"), ["other e"]);
  await at.catalog.commit(RUN, [job("ended", "e")]);
  assert.deepEqual((await keys()).sort(), ["ended e", "ran d"]);
  assert.equal(await at.catalog.sameAs("ended"), undefined);
  await at.catalog.commit(RUN, [doneJob("ended")]);
  assert.deepEqual(await keys(), ["ran d"]);
});

Deno.test("an outcome has the curves in the order in which they were drawn", async () => {
  using store = scratch();
  const metrics: DoneJob["metrics"] = Array.from(
    { length: 3000 },
    (_, i) => [i % 2 ? "loss" : "rate", 3000 - i, i % 7 ? i / 3 : NaN],
  );
  for (const _ of [0, 1]) {
    await using at = await opened(store.dir);
    await at.catalog.commit(RUN, [doneJob("k", { metrics }), doneJob("other")]);
    assert.deepEqual((await at.catalog.outcome("k")).metrics, metrics);
  }
});

Deno.test("a catalogue of a version that knew no programs opens, keeps its jobs and takes programs", async () => {
  using store = scratch();
  {
    await using at = await opened(store.dir);
    await at.catalog.commit(RUN, [doneJob("k1")]);
  }
  const instance = await DuckDBInstance.create(store.at("catalog.duckdb"));
  const connection = await instance.connect();
  await connection.run("DROP TABLE program");
  connection.closeSync();
  instance.closeSync();
  rmSync(store.at("catalog.sums.json"));
  for (const key of ["k2", "k3"]) {
    await using at = await opened(store.dir);
    assert.deepEqual((await at.catalog.outcome("k1")).metrics, doneJob("k1").metrics);
    assert.equal(await at.catalog.sameAs("k1"), undefined);
    await at.catalog.commit(RUN, [doneJob(key, { program: { base: "p", digests: key } })]);
  }
  await using at = await opened(store.dir);
  assert.deepEqual(await at.rows("SELECT key FROM job ORDER BY key"), [["k1"], ["k2"], ["k3"]]);
  assert.deepEqual((await at.catalog.programs("p")).map(({ key }) => key).sort(), ["k2", "k3"]);
});
