/** @file What is drawn in the experiments on filtering, by its keys. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { JobNode } from "../../../../pipeline/graph.ts";
import { jobs, values } from "../grid_jobs.ts";
import { paramsOf as params } from "../spoken.ts";

Deno.test("8,192 rollouts are drawn of five systems at lambda .92", () => {
  const most = jobs("filter-leaderboard", "standard", "generate")
    .filter((job) => params(job).sequences === 8192).map((job) => params(job).system);
  assert.deepEqual(
    most.map(({ lambda, key }) => `${lambda} ${key}`),
    [853, 346, 1056, 1418, 26].map((key) => `0.92 ${key}`),
  );
});

Deno.test("every draw has the key that is stated: another key is another number everywhere", () => {
  const system = { latentDim: 64, obsDim: 2, lambda: 0.92, sigma: 1, structure: "diagonal" };
  const law = { ...system, condition: 1, observation: "matched", length: 2 };
  /** First 31 of the 32 bits that a hash of the law, the system, the use and its repetition begins with. */
  const keyOf = (key: number, use: string, repetition = 0) => {
    const sorted = Object.fromEntries(Object.entries(law).sort(([a], [b]) => a < b ? -1 : 1));
    const text = JSON.stringify([sorted, key, use, repetition]);
    const hash = createHash("sha256").update(text).digest();
    return hash.readUInt32BE(0) >>> 1;
  };
  const of = (id: string, stage: string) =>
    jobs(id, "quick", stage).filter((job) => params(job).system.lambda === 0.92);
  const seed = (key: number, repetition = 0) => ({
    system: key,
    initialisation: keyOf(key, "initialisation", repetition),
    data: keyOf(key, "training", repetition),
  });
  const sweep = (stage: string, pick: (job: JobNode) => unknown) =>
    values(of("eigenvalue-sweep", stage), pick);
  assert.deepEqual(sweep("train", (job) => params(job).seeds), [[seed(972), seed(1152)]]);
  const drawn = sweep(
    "generate",
    (job) => [params(job).length, params(job).system.key, params(job).dataSeed],
  );
  assert.deepEqual(
    drawn.map(String).sort(),
    [972, 1152].flatMap((key) => [
      [128, key, keyOf(key, "rollouts")],
      [256, key, keyOf(key, "scored")],
    ]).map(String).sort(),
  );
  const twice = values(of("variances", "train"), (job) => params(job).seeds);
  assert.deepEqual(twice, [0, 1].map((r) => [seed(972, r), seed(1152, r)]));
  const tuned = values(
    jobs("eigenvalue-sweep", "standard", "tune"),
    (job) => params(job).seeds.map((one: { system: number }) => one.system),
  );
  assert.deepEqual(tuned, [[1738, 1126, 1688, 6]]);
  const few = values(
    jobs("eigenvalue-sweep", "smoke", "tune"),
    (job) => params(job).seeds[0].system,
  );
  assert.deepEqual(few, [1126]);
});
