/** @file The catalogue that a journal makes: each change once, however often it stands there, and the last one wins. */
import assert from "node:assert/strict";
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { changes, doneJob, dump, RUN } from "../fixtures/catalog.ts";
import { opened, scratch } from "./helpers.ts";

Deno.test("the detail of a code is told once, and stays what it was", async () => {
  using store = scratch();
  const detail = doneJob("k1").codeDetail;
  const lines = () => readFileSync(store.at("catalog.journal"), "utf8").trim().split("\n");
  const again = [{ codeDetail: undefined }, { codeDetail: { other: {} } }];
  {
    await using at = await opened(store.dir);
    // A commit that fails has told nothing.
    const bad = doneJob("k0", { metrics: [["loss", "one" as unknown as number, 1]] });
    await assert.rejects(() => at.catalog.commit(RUN, [bad]));
    await at.catalog.commit(RUN, [doneJob("k1")]);
    for (const over of again) await at.catalog.commit(RUN, [doneJob("k2", over)]);
    const told = lines().map((line) => [line.split("lib/a.ts").length - 1, /other/.test(line)]);
    assert.deepEqual(told, [[1, false], [0, false], [0, false]]);
    assert.deepEqual(await at.catalog.codeDetail("c"), detail);
  }
  await using at = await opened(store.dir);
  for (const over of again) await at.catalog.commit(RUN, [doneJob("k3", over)]);
  assert.deepEqual(await at.catalog.codeDetail("c"), detail);
  assert.deepEqual(await at.rows("SELECT count(*) FROM code"), [[1]]);
});

Deno.test("a journal made twice, and every change of it twice, is made once", async () => {
  using store = scratch();
  using once = scratch();
  {
    await using at = await opened(once.dir);
    for (const change of changes) await change(at.catalog);
    copyFileSync(once.at("catalog.journal"), store.at("catalog.journal"));
  }
  const lines = readFileSync(store.at("catalog.journal"), "utf8").trim().split("\n");
  const twice = lines.flatMap((line) => [line, line]);
  writeFileSync(store.at("catalog.journal"), [...twice, ...twice].join("\n") + "\n");
  await using expected = await opened(once.dir);
  await using found = await opened(store.dir);
  assert.deepEqual(await dump(found.catalog), await dump(expected.catalog));
});

Deno.test("what came later in the journal wins", async () => {
  using store = scratch();
  using other = scratch();
  {
    await using at = await opened(store.dir);
    await at.catalog.commit(RUN, [doneJob("k")]);
    await at.catalog.forget(["k"]);
    await at.catalog.commit(RUN, [doneJob("k", { content: "second" })]);
    await at.catalog.markDamaged(["k"]);
    copyFileSync(store.at("catalog.journal"), other.at("catalog.journal"));
  }
  const ends = readFileSync(other.at("catalog.journal"));
  const cut = ends.lastIndexOf(10, ends.length - 2) + 1;
  await using all = await opened(store.dir);
  assert.deepEqual(await all.rows("SELECT content, status FROM job"), [["second", "damaged"]]);
  truncateSync(other.at("catalog.journal"), cut);
  await using some = await opened(other.dir);
  assert.deepEqual(await some.rows("SELECT content, status FROM job"), [["second", "done"]]);
});
