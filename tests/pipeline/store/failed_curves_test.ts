/** @file The curve of a job that failed, in the catalogue. */
import assert from "node:assert/strict";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import type { MetricPoint } from "../../../pipeline/store/changes.ts";
import { doneJob, RUN } from "../fixtures/catalog.ts";
import { scratch } from "./helpers.ts";

Deno.test("a job that failed keeps its curve until it runs again or is forgotten", async () => {
  using at = scratch();
  const failing = (key: string, ...values: number[]) => ({
    key,
    label: `e/${key}`,
    message: "diverged",
    metrics: values.map((value, step): MetricPoint => ["loss", step, value]),
  });
  let catalog = await Catalog.open(at.dir);
  const curve = async (key: string) =>
    (await catalog.query("SELECT step, value FROM metric WHERE job_key = $key ORDER BY step", {
      key,
    })).map(({ step, value }) => [step, value]);
  await catalog.startRun(RUN);
  await catalog.commit(RUN, [], [failing("f1", 1, 2, Infinity), failing("f2", 3, NaN)]);
  await catalog.commit(RUN, [], [{ key: "f3", label: "e/f3", message: "no curve" }]);
  await catalog.close();
  catalog = await Catalog.open(at.dir);
  assert.deepEqual(await curve("f1"), [[0, 1], [1, 2], [2, Infinity]]);
  await catalog.commit(RUN, [], [failing("f4", 1)]);
  await catalog.commit(RUN, [], [failing("f4", 2), failing("f4", 3)]);
  assert.deepEqual(await curve("f4"), [[0, 3]]);
  await catalog.commit(RUN, [doneJob("f4", { metrics: [] })]);
  assert.deepEqual(await curve("f4"), []);
  // Failing again, or not, leaves one curve.
  await catalog.commit(RUN, [], [failing("f1", 7)]);
  assert.deepEqual(await curve("f1"), [[0, 7]]);
  await catalog.commit(RUN, [doneJob("f1", { metrics: [["loss", 5, 0.5]] })]);
  assert.deepEqual(await curve("f1"), [[5, 0.5]]);
  await catalog.forget(["f2"]);
  assert.deepEqual([await curve("f2"), await catalog.query("SELECT key FROM failure")], [
    [],
    [{ key: "f3" }],
  ]);
  await catalog.close();
});
