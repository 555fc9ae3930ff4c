/** @file A checkpoint brings back what a long job saved last, with its curve so far. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { checkpointOf } from "../../../pipeline/store/checkpoints.ts";
import type { MetricPoint } from "../../../pipeline/store/changes.ts";
import { Objects } from "../../../pipeline/store/objects.ts";
import { scratch } from "./helpers.ts";

Deno.test("a job without a checkpoint loads nothing, and its curve stays", async () => {
  using store = scratch();
  const metrics: MetricPoint[] = [["loss", 1, 2]];
  assert.equal(await checkpointOf(new Objects(store.dir), "key", metrics).load(), undefined);
  assert.deepEqual(metrics, [["loss", 1, 2]]);
});

Deno.test("the last save comes back whole, with the curve as it was then", async () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  const metrics: MetricPoint[] = [["loss", 1, NaN]];
  const checkpoint = checkpointOf(objects, "key", metrics);
  await checkpoint.save(Uint8Array.from({ length: 1000 }, (_, i) => i));
  metrics.push(["loss", 2, Infinity], ["é", 2, -Infinity]);
  // Part of a larger buffer, as a typed array of a model's weights is.
  await checkpoint.save(Uint8Array.of(9, 1, 2, 9).subarray(1, 3));
  metrics.push(["loss", 3, 0]);
  const resumed: MetricPoint[] = [["junk", 0, 0]];
  const found = await checkpointOf(objects, "key", resumed).load();
  assert.deepEqual(found, Uint8Array.of(1, 2));
  assert.deepEqual([found!.byteOffset, found!.buffer.byteLength], [0, 2], "an array of its own");
  assert.deepEqual(resumed, [["loss", 1, NaN], ["loss", 2, Infinity], ["é", 2, -Infinity]]);
});

Deno.test("bytes may be none, and a curve too, or longer than 64 KiB", async () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  for (const points of [0, 5000]) {
    const metrics = Array.from({ length: points }, (_, i): MetricPoint => ["loss", i, 1 / i]);
    await checkpointOf(objects, "key", metrics).save(new Uint8Array(0));
    const resumed: MetricPoint[] = [];
    assert.deepEqual(await checkpointOf(objects, "key", resumed).load(), new Uint8Array(0));
    assert.deepEqual(resumed, metrics);
  }
});

Deno.test("each key has a checkpoint of its own", async () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  const of = (key: string) => checkpointOf(objects, key, []);
  await of("a").save(Uint8Array.of(1));
  await of("b").save(Uint8Array.of(2));
  assert.deepEqual(await of("a").load(), Uint8Array.of(1));
  assert.deepEqual(await of("b").load(), Uint8Array.of(2));
  assert.equal(objects.checkpointPath("a"), store.at("checkpoints", "a"));
  assert.ok(existsSync(store.at("checkpoints", "b")));
  assert.deepEqual(readdirSync(objects.temporaryDir), []);
});
