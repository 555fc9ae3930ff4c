/** @file A sample of a sweep on a real SLURM: its nodes are what that says, its seconds what was measured there. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { partitionOf } from "../../../../../../pipeline/run/executors/slurm/partition.ts";
import { call, type Demo } from "../../../../../pipeline/helpers.ts";
import { clusterTest } from "./cluster.ts";

const root = fileURLToPath(new URL("../../../../../..", import.meta.url));

clusterTest(
  "a sample of a sweep says how many node hours all of it takes there",
  { nodes: 2 },
  async () => {
    const main = { name: "main", nodes: 1, cpus: 2, memory: 16000, gpus: 0 };
    assert.deepEqual(await partitionOf(undefined), main);
    assert.deepEqual(await partitionOf("main"), main);
    await assert.rejects(partitionOf("nowhere"), /no partition "nowhere"|invalid partition/i);
    const folder = mkdtempSync("/tmp/sample-");
    try {
      const example = join(root, "pipeline/sweep/examples/learning_rate.yaml");
      const sweep = (...more: string[]) =>
        call({ root } as Demo, "sweep", example, "--store", join(folder, "store"), ...more);
      const place = ["--executor", "slurm", "--jobs", "8", "--time", "10", "--mem", "2G"];
      const sampled = await sweep("--sample", "2", ...place);
      assert.equal(sampled.code, 0, sampled.out);
      assert.match(sampled.out, /^SLURM: array \d+, \d tasks? of 10 min, 2G/m);
      assert.match(
        sampled.out,
        /^All 3 runs, from 2 that were done, on partition main: 1 node of 2 CPUs, 15 GiB; no limit of time a task:$/m,
      );
      // Eight tasks may run, and two fit.
      assert.match(sampled.out, /with 2 at the same time on 1 node/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
