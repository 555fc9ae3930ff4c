/** @file What a real SLURM counts of a task is in the catalogue, with each of the jobs that the task did. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Catalog } from "../../../../../../pipeline/store/catalog.ts";
import { call, makeProbe } from "../../../../../pipeline/helpers.ts";
import { clusterTest } from "./cluster.ts";

clusterTest(
  "what sacct counts of a task is observed of its jobs, beside what their workers measured",
  { nodes: 2, accounting: true },
  async () => {
    // Long enough to be looked at: memory is once a second.
    using demo = makeProbe(`
      const data = g.job("generate", { seed: 1, delay: 3000 }, {}, "data");
      return g.job("collect", { title: "t" }, { data }, "table");`);
    const ended = await call(demo, "run", "--executor", "slurm", "--jobs", "1", "--time", "5");
    assert.equal(ended.code, 0, ended.out);
    const catalog = await Catalog.read(join(demo.root, ".store"));
    const rows = await catalog.query(
      "SELECT label, name, value FROM observation JOIN job ON key = job_key",
    );
    await catalog.close();
    const of = (label: string) =>
      Object.fromEntries(
        rows.filter((row) => row.label === `probes/${label}`).map((row) => [row.name, row.value]),
      ) as Record<string, number>;
    const [data, table] = [of("data"), of("table")];
    assert.equal(data["task jobs"], 2, "one task did both");
    assert.ok(data["task seconds"] >= 3);
    assert.ok(data["task cpu seconds"] > 0);
    // A worker of Deno, and the task's own process.
    assert.ok(data["task peak memory bytes"] > data["peak memory bytes"]);
    assert.ok(data["cpu seconds"] > 0 && data["cpu seconds"] < data["task cpu seconds"]);
    for (
      const name of ["task jobs", "task seconds", "task cpu seconds", "task peak memory bytes"]
    ) {
      assert.equal(table[name], data[name], name);
    }
    assert.doesNotMatch(ended.out, /accounts/);
  },
);
