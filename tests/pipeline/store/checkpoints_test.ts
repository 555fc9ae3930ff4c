/** @file A checkpoint brings back what a long job saved last, with its curve so far. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
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

Deno.test("a checkpoint with any damage is none, and the curve stays what it is", async () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  await checkpointOf(objects, "key", [["loss", 1, 0.5]]).save(Uint8Array.of(1, 2, 3, 4, 5));
  const path = objects.checkpointPath("key");
  const whole = readFileSync(path);
  const warn = console.warn;
  const said: string[] = [];
  console.warn = (line) => said.push(line);
  try {
    const damages: Uint8Array[] = [new Uint8Array(0), whole.subarray(0, 35), whole.subarray(0, -1)];
    damages.push(Uint8Array.from([...whole, 0]));
    for (let bit = 0; bit < 8 * whole.length; bit++) {
      const other = Uint8Array.from(whole);
      other[bit >> 3] ^= 1 << (bit & 7);
      damages.push(other);
    }
    for (const damaged of damages) {
      writeFileSync(path, damaged);
      const metrics: MetricPoint[] = [["mine", 0, 0]];
      assert.equal(await checkpointOf(objects, "key", metrics).load(), undefined);
      assert.deepEqual(metrics, [["mine", 0, 0]]);
    }
    assert.equal(said.length, damages.length);
    assert.match(said[0], /checkpoints\/key is damaged or of another version; starting anew/);
  } finally {
    console.warn = warn;
  }
  writeFileSync(path, whole);
  assert.deepEqual(await checkpointOf(objects, "key", []).load(), Uint8Array.of(1, 2, 3, 4, 5));
});

Deno.test("a curve of 300,000 points comes back", async () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  const metrics = Array.from({ length: 300_000 }, (_, i): MetricPoint => ["loss", i, 1 - i]);
  await checkpointOf(objects, "key", metrics).save(Uint8Array.of(7));
  const resumed: MetricPoint[] = [];
  assert.deepEqual(await checkpointOf(objects, "key", resumed).load(), Uint8Array.of(7));
  assert.equal(JSON.stringify(resumed), JSON.stringify(metrics));
});
