/** @file What the grids of all experiments must keep to, of whatever family. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Graph, JobNode } from "../../../pipeline/graph.ts";
import { profileOf, PROFILES } from "../../../pipeline/profiles.ts";
import type { Params } from "../../../pipeline/stages/aggregate.ts";
import { graphOf, plan } from "./grids.ts";
import { paramsOf as params } from "./spoken.ts";

const unique = <T>(values: T[]) => [...new Set(values)];

const grids = PROFILES.flatMap((profile) =>
  plan.experiments.filter(({ meta }) => profileOf(profile).atLeast(meta.from ?? "smoke"))
    .map((experiment) => ({ id: experiment.meta.id, graph: graphOf(experiment, profile) }))
);

Deno.test("the experiments have different ids, and every grid ends in the table of its own", () => {
  const ids = plan.experiments.map(({ meta }) => meta.id);
  assert.equal(unique(ids).length, ids.length);
  for (const { id, graph } of grids) {
    const { stage, params } = graph.results.get(id)!;
    const path = plan.experiments.find(({ meta }) => meta.id === id)!.path;
    assert.equal(stage.name, "aggregate");
    const { runs: _, ...named } = params as Params;
    assert.deepEqual(named, { experiment: id, path });
  }
});

Deno.test("--set reaches every job of its stage, and of others those that share it", () => {
  for (
    const experiment of plan.experiments.filter(({ meta }) =>
      profileOf("smoke").atLeast(meta.from ?? "smoke") &&
      meta.id !== "eigenvalue-sweep" // tells runs apart by steps
    )
  ) {
    const plain = graphOf(experiment, "smoke");
    const stages = unique(plain.jobs.map(({ stage }) => stage.name));
    if (!stages.includes("train") || !stages.includes("tune")) continue;
    const set = graphOf(experiment, "smoke", ["train.steps=77", "tune.weightDecay=0.5"]);
    const changed = (job: JobNode) => {
      const own = params(job);
      if (job.stage.name === "train") return { ...own, steps: 77, weightDecay: 0.5 };
      return job.stage.name === "tune" ? { ...own, weightDecay: 0.5 } : own;
    };
    const all = (graph: Graph, of: (job: JobNode) => unknown) =>
      unique(graph.jobs.map((job) => `${job.stage.name} ${JSON.stringify(of(job))}`)).sort();
    const sorted = (job: JobNode) => Object.entries(changed(job)).sort();
    assert.deepEqual(
      all(set, (job) => Object.entries(params(job)).sort()),
      all(plain, sorted),
      experiment.meta.id,
    );
  }
});

Deno.test("--set of a rollout's part leaves the scores of one step what they are", () => {
  const sweep = plan.experiments.find(({ meta }) => meta.id === "eigenvalue-sweep")!;
  const rollouts = (...set: string[]) =>
    graphOf(sweep, "smoke", set).jobs.filter((job) => job.stage.name === "evaluate")
      .map((job) => params(job).rollout);
  const plain = rollouts();
  assert.ok(plain.includes(undefined) && plain.some((rollout) => rollout !== undefined));
  assert.deepEqual(
    rollouts("evaluate.protocol.rollout.warmup=32"),
    plain.map((rollout) => rollout && { ...rollout, warmup: 32 }),
  );
});

Deno.test("every experiment has tests", () => {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  const tests = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(folder, name), "utf8"));
  for (const { path } of plan.experiments) {
    assert.ok(tests.some((test) => test.includes(`/${path}"`)), path);
  }
});
