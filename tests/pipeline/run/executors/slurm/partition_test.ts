/** @file What sinfo says of nodes, and how many tasks such nodes take. */
import assert from "node:assert/strict";
import type { Needs } from "../../../../../pipeline/run/executors/slurm/needs.ts";
import {
  gpusOf,
  readPartition,
  tasksPerNode,
} from "../../../../../pipeline/run/executors/slurm/partition.ts";

const SAID = `cpu*|10|16|64000|1-00:00:00|(null)
cpu*|2|8|128000|1-00:00:00|(null)
gpu|3|64|512000|infinite|gpu:a100:4(S:0-1),mps:400
short|1|2|2000|30:00|(null)
`;

Deno.test("a partition is as its smallest nodes are, the cluster's own where none is named", () => {
  const cpu = { name: "cpu", nodes: 12, cpus: 8, memory: 64000, gpus: 0, minutes: 1440 };
  assert.deepEqual(readPartition(SAID), cpu);
  assert.deepEqual(readPartition(SAID, "cpu"), cpu);
  assert.deepEqual(readPartition(SAID, "gpu"), {
    ...{ name: "gpu", nodes: 3, cpus: 64, memory: 512000, gpus: 4 },
  });
  assert.equal(readPartition(SAID, "short").minutes, 30);
  // Without a default, the first.
  assert.equal(readPartition(SAID.replaceAll("*", "")).name, "cpu");
  assert.throws(
    () => readPartition(SAID, "cqu"),
    /no partition "cqu"; the partitions are cpu, gpu, short\./,
  );
  assert.throws(() => readPartition(""), /no partition ""; the partitions are none\./);
});

Deno.test("GPUs of a node or a task, by kind or not", () => {
  const known: [string, number][] = [
    ["gpu:4", 4],
    ["gpu", 1],
    ["gpu:a100:2(S:0,1)", 2],
    ["gpu:a100", 1],
    ["mps:100,gpu:1", 1],
    ["gpu:a:1,gpu:b:2", 3],
    ["(null)", 0],
    ["", 0],
  ];
  for (const [text, count] of known) assert.equal(gpusOf(text), count, text);
});

Deno.test("tasks share a node's CPUs, memory and GPUs; one that measures time shares nothing", () => {
  const node = { name: "p", nodes: 1, cpus: 16, memory: 64 * 1024, gpus: 4 };
  const fit = (over: Partial<Needs>) =>
    tasksPerNode({ memory: "2G", exclusive: false, others: [], ...over }, node);
  assert.equal(fit({}), 16);
  assert.equal(fit({ memory: "10G" }), 6);
  assert.equal(fit({ memory: "8192" }), 8, "MiB");
  assert.equal(fit({ memory: "8g" }), 8);
  assert.equal(fit({ memory: "1T" }), 0);
  // That sbatch takes it has been asked before.
  assert.equal(fit({ memory: "?" }), 16);
  assert.equal(fit({ memory: "1024K" }), 16);
  assert.equal(fit({ gres: "gpu:2" }), 2);
  assert.equal(fit({ gres: "gpu:8" }), 0);
  assert.equal(fit({ exclusive: true }), 1);
  assert.equal(fit({ exclusive: true, memory: "100G" }), 0);
});
