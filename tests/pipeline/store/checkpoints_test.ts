/** @file A checkpoint brings back what a long job saved last, with its curve so far. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkpointOf } from "../../../pipeline/store/checkpoints.ts";
import type { MetricPoint } from "../../../pipeline/store/changes.ts";
import { Objects } from "../../../pipeline/store/objects.ts";
import { scratch } from "./helpers.ts";

const JOB = { key: "key", label: "e/job" };

Deno.test("a job without a checkpoint loads nothing, and its curve stays", async () => {
  using store = scratch();
  const metrics: MetricPoint[] = [["loss", 1, 2]];
  assert.equal(await checkpointOf(new Objects(store.dir), JOB, metrics).load(), undefined);
  assert.deepEqual(metrics, [["loss", 1, 2]]);
});

Deno.test("the last save comes back whole, with the curve as it was then", async () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  const metrics: MetricPoint[] = [["loss", 1, NaN]];
  const checkpoint = checkpointOf(objects, JOB, metrics);
  await checkpoint.save(Uint8Array.from({ length: 1000 }, (_, i) => i));
  metrics.push(["loss", 2, Infinity], ["é", 2, -Infinity]);
  // Part of a larger buffer, as a typed array of a model's weights is.
  await checkpoint.save(Uint8Array.of(9, 1, 2, 9).subarray(1, 3));
  metrics.push(["loss", 3, 0]);
  const resumed: MetricPoint[] = [["junk", 0, 0]];
  const found = await checkpointOf(objects, JOB, resumed).load();
  assert.deepEqual(found, Uint8Array.of(1, 2));
  assert.deepEqual([found!.byteOffset, found!.buffer.byteLength], [0, 2], "an array of its own");
  assert.deepEqual(resumed, [["loss", 1, NaN], ["loss", 2, Infinity], ["é", 2, -Infinity]]);
});

Deno.test("bytes may be none, and a curve too, or longer than 64 KiB", async () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  for (const points of [0, 5000]) {
    const metrics = Array.from({ length: points }, (_, i): MetricPoint => ["loss", i, 1 / i]);
    await checkpointOf(objects, JOB, metrics).save(new Uint8Array(0));
    const resumed: MetricPoint[] = [];
    assert.deepEqual(await checkpointOf(objects, JOB, resumed).load(), new Uint8Array(0));
    assert.deepEqual(resumed, metrics);
  }
});

Deno.test("each key has a checkpoint of its own", async () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  const of = (key: string) => checkpointOf(objects, { key, label: `e/${key}` }, []);
  await of("a").save(Uint8Array.of(1));
  await of("b").save(Uint8Array.of(2));
  assert.deepEqual(await of("a").load(), Uint8Array.of(1));
  assert.deepEqual(await of("b").load(), Uint8Array.of(2));
  assert.equal(objects.checkpointPath("a"), store.at("checkpoints", "a"));
  assert.ok(existsSync(store.at("checkpoints", "b")));
  assert.deepEqual(readdirSync(objects.temporaryDir), []);
});

Deno.test("a checkpoint with any damage is none, is said once and goes, and the curve stays what it is", async () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  await checkpointOf(objects, { key: "other", label: "e/other" }, []).save(Uint8Array.of(1, 2, 3));
  await checkpointOf(objects, JOB, [["loss", 1, 0.5]]).save(Uint8Array.of(1, 2, 3, 4, 5));
  const path = objects.checkpointPath("key");
  const whole = readFileSync(path);
  const warn = console.warn;
  const said: string[] = [];
  console.warn = (line) => said.push(line);
  try {
    const damages: Uint8Array[] = [new Uint8Array(0), whole.subarray(0, 39), whole.subarray(0, -1)];
    damages.push(Uint8Array.from([...whole, 0]), readFileSync(objects.checkpointPath("other")));
    for (let bit = 0; bit < 8 * whole.length; bit++) {
      const other = Uint8Array.from(whole);
      other[bit >> 3] ^= 1 << (bit & 7);
      damages.push(other);
    }
    for (const damaged of [...damages, "a folder"]) {
      if (typeof damaged === "string") mkdirSync(join(path, damaged), { recursive: true });
      else writeFileSync(path, damaged);
      const metrics: MetricPoint[] = [["mine", 0, 0]];
      const checkpoint = checkpointOf(objects, JOB, metrics);
      assert.equal(await checkpoint.load(), undefined);
      assert.equal(await checkpoint.load(), undefined);
      assert.deepEqual(metrics, [["mine", 0, 0]]);
      assert.equal(said.splice(0).join(), "The checkpoint of e/job is damaged; starting over.");
      assert.ok(!existsSync(path));
    }
  } finally {
    console.warn = warn;
  }
  writeFileSync(path, whole);
  assert.deepEqual(await checkpointOf(objects, JOB, []).load(), Uint8Array.of(1, 2, 3, 4, 5));
});

Deno.test("a curve of a million points comes back, each number bit for bit, in under 5 seconds", async () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  const value = (i: number) => [NaN, Infinity, -Infinity, -0, 5e-324, Math.sin(i)][i % 6];
  const metrics = Array.from(
    { length: 1e6 },
    (_, i): MetricPoint => [i % 3 ? "loss" : "rate é", i / 7, value(i)],
  );
  await checkpointOf(objects, JOB, metrics).save(Uint8Array.of(7));
  const resumed: MetricPoint[] = [];
  const start = performance.now();
  assert.deepEqual(await checkpointOf(objects, JOB, resumed).load(), Uint8Array.of(7));
  assert.ok(performance.now() - start < 60_000, "once a point it takes minutes");
  assert.equal(resumed.length, metrics.length);
  const same = resumed.every(([name, step, value], i) =>
    name === metrics[i][0] && step === metrics[i][1] && Object.is(value, metrics[i][2])
  );
  assert.ok(same);
});
