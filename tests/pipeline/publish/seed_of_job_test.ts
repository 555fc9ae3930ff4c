/** @file The seed of a job, by the parameters that stages have. */
import assert from "node:assert/strict";
import { seedOf } from "../../../pipeline/publish/seed_of_job.ts";
import { graphOf, plan } from "../experiments/grids.ts";

Deno.test("jobs on one system are published with it, those on several or none with none", () => {
  const known = new Map<string, number>();
  for (const id of ["eigenvalue-sweep", "filter-leaderboard"]) {
    const { jobs } = graphOf(plan.experiments.find(({ meta }) => meta.id === id)!, "quick");
    for (const { stage, label, params } of jobs) {
      if (stage.name === "aggregate") continue;
      const [, tagged] = label.match(/seed=(\d+)/) ?? [];
      assert.equal(seedOf(params as object), tagged === undefined ? null : Number(tagged), label);
      if (tagged !== undefined) known.set(stage.name, (known.get(stage.name) ?? 0) + 1);
    }
  }
  assert.deepEqual([...known.keys()].sort(), ["evaluate", "fit", "generate", "reference"]);
  assert.equal(seedOf({ seeds: [{ instance: 7 }] }), 7);
  assert.equal(seedOf({ seeds: [{ instance: 7 }, { instance: 8 }] }), null);
});
