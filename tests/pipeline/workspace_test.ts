/** @file What commands start from: the jobs that are chosen, and under which labels they are recorded. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Graph, type GraphBuilder } from "../../pipeline/graph.ts";
import { stopBundler } from "../../pipeline/keys/bundle.ts";
import { Overrides } from "../../pipeline/overrides.ts";
import type { StagePart } from "../../pipeline/stage.ts";
import { profileOf } from "../../pipeline/profiles.ts";
import {
  findJob,
  openWorkspace,
  selectJobs,
  type WorkspaceOptions,
} from "../../pipeline/workspace.ts";
import { doneJob, RUN } from "./fixtures/catalog.ts";
import { type Demo, makeDemo } from "./helpers.ts";

const WORK: StagePart = {
  name: "work",
  path: "pipeline/stages/work.ts",
  schema: z.strictObject({ id: z.string() }),
  usesEngine: false,
  permissions: {},
};

/** Two experiments: the first with a chain and a branch beside it, the second with a job of the chain. */
function makeGraph(): Graph {
  const graph = new Graph("/", { work: WORK }, new Overrides());
  const job = (g: GraphBuilder, id: string, inputs = {}) => g.job("work", { id }, inputs, id);
  graph.add("one", (g) => {
    const data = job(g, "data");
    const [fit, other] = [job(g, "fit", { data }), job(g, "other")];
    return job(g, "table", { fit, other });
  }, profileOf("smoke"));
  graph.add("two", (g) => job(g, "last", { data: job(g, "data") }), profileOf("smoke"));
  return graph;
}

const labels = (nodes: { label: string }[]) => nodes.map(({ label }) => label);

Deno.test("a job is found by its label, by the end of one, then by a part of one", () => {
  const graph = makeGraph();
  assert.equal(findJob(graph, "one/fit").label, "one/fit");
  assert.equal(findJob(graph, "two/data").label, "one/data");
  assert.equal(findJob(graph, "fit").label, "one/fit");
  assert.equal(findJob(graph, "he").label, "one/other");
  // Two labels of one job are no doubt.
  assert.equal(findJob(graph, "data").label, "one/data");
  // An end goes before a part: "t" ends one label and is part of others.
  assert.equal(findJob(graph, "r").label, "one/other");
  assert.throws(
    () => findJob(graph, "t"),
    /^Error: "t" matches 2 jobs; name one of\n {2}one\/fit\n {2}two\/last$/,
  );
  assert.throws(
    () => findJob(graph, "two/lsat"),
    /No job "two\/lsat" in this profile; the nearest labels are\n {2}two\/last\n/,
  );
  const empty = new Graph("/", {}, new Overrides());
  assert.throws(() => findJob(empty, "x"), /the nearest labels are\n {2}\(none\)$/);
});

Deno.test("of many jobs that a name matches, eight are named, and of many labels five", () => {
  const graph = new Graph("/", { work: WORK }, new Overrides());
  graph.add("e", (g) => {
    const all = Array.from({ length: 12 }, (_, i) => g.job("work", { id: `${i}` }, {}, `job${i}`));
    return all[0];
  }, profileOf("smoke"));
  const lines = (name: string) => {
    try {
      findJob(graph, name);
    } catch (error) {
      return (error as Error).message.split("\n").slice(1);
    }
  };
  assert.deepEqual(lines("job"), Array.from({ length: 8 }, (_, i) => `  e/job${i}`));
  assert.deepEqual(lines("none"), Array.from({ length: 5 }, (_, i) => `  e/job${i}`));
});

Deno.test("jobs are selected by experiment, or as what one of them is made from", () => {
  const graph = makeGraph();
  const all = ["one/data", "one/fit", "one/other", "one/table", "two/last"];
  assert.deepEqual(labels(selectJobs(graph, {})), all);
  assert.deepEqual(labels(selectJobs(graph, { only: [] })), all);
  assert.deepEqual(labels(selectJobs(graph, { only: ["one"] })), all.slice(0, 4));
  assert.deepEqual(labels(selectJobs(graph, { only: ["two"] })), ["one/data", "two/last"]);
  assert.deepEqual(labels(selectJobs(graph, { only: ["two", "one"] })), all);
  assert.deepEqual(labels(selectJobs(graph, { job: "table" })), all.slice(0, 4));
  assert.deepEqual(labels(selectJobs(graph, { job: "fit" })), all.slice(0, 2));
  // A job that is named goes before experiments that are.
  assert.deepEqual(labels(selectJobs(graph, { job: "fit", only: ["two"] })), all.slice(0, 2));
  assert.throws(() => selectJobs(graph, { only: ["one", "on"] }), /No experiment "on"; the/);
});

function open(demo: Demo, over: Partial<WorkspaceOptions> = {}) {
  return openWorkspace({
    ...{ root: demo.root, store: ".store", profile: "smoke", engine: "ort", set: [] },
    ...over,
  });
}

Deno.test("a run with --set has labels of its own, and sees those of the profile beneath them", async () => {
  using demo = makeDemo();
  const plain = await open(demo);
  assert.equal(plain.labelSpace, "smoke");
  const catalog = await plain.catalog();
  assert.equal(await plain.catalog(), catalog, "one catalogue, however often it is asked for");
  await catalog.startRun(RUN);
  await catalog.commit(RUN, [doneJob("k1")]);
  const row = (label: string, key: string) => ({ label, key, doneKey: key });
  await catalog.setNodes("smoke", [row("e/a", "k1"), row("e/b", "k1")]);
  await catalog.setNodes("smoke-set", [row("e/b", "k2")]);
  assert.deepEqual([...await plain.labels()], [["e/a", row("e/a", "k1")], [
    "e/b",
    row("e/b", "k1"),
  ]]);
  await plain.close();
  const set = await open(demo, { set: ["fit.decimals=3"] });
  assert.equal(set.labelSpace, "smoke-set");
  assert.deepEqual([...(await set.labels()).values()], [row("e/a", "k1"), row("e/b", "k2")]);
  await set.close();
  // A graph of another kind has its own only.
  const own = await openWorkspace(plain.options, {
    labelSpace: "smoke-set",
    build: (_root, plan) => new Graph(demo.root, plan.stages, new Overrides()),
  });
  assert.deepEqual([own.labelSpace, own.graph.jobs.length], ["smoke-set", 0]);
  assert.deepEqual([...(await own.labels()).keys()], ["e/b"]);
  await own.close();
  await stopBundler();
});

Deno.test("a workspace knows what is done without opening the database, and saves that when it closes", async () => {
  using demo = makeDemo();
  const first = await open(demo);
  assert.equal(first.storeDir, join(demo.root, ".store"));
  const catalog = await first.catalog();
  await catalog.startRun(RUN);
  const job = doneJob("k1", { artifact: { files: [], scalars: {} } });
  await catalog.commit(RUN, [job]);
  first.index.jobs.set("k1", { content: job.content, objects: [] });
  await first.close();
  assert.ok(existsSync(join(demo.root, ".store/index.json")));
  assert.ok(existsSync(join(demo.root, ".store/cache/fingerprints.json")));
  const second = await open(demo);
  assert.deepEqual([...second.index.jobs.keys()], ["k1"]);
  await second.close();
  // A mirror that is gone is made again from the database.
  Deno.removeSync(join(demo.root, ".store/index.json"));
  const third = await open(demo);
  assert.deepEqual([...third.index.jobs.keys()], ["k1"]);
  await third.close();
  assert.ok(existsSync(join(demo.root, ".store/index.json")));
  await stopBundler();
});

Deno.test("the engine that was asked for is an ingredient of what uses one", async () => {
  using demo = makeDemo();
  const workspace = await open(demo, { engine: "jax" });
  const { stage } = workspace.graph.jobs.find((node) => node.stage.usesEngine)!;
  const [first] = workspace.graph.jobs;
  const found = await workspace.resolver.resolve({ ...first, stage, inputs: {} });
  assert.ok(found.state === "stale");
  assert.equal(found.ingredients.engine?.name, "jax");
  await workspace.close();
  await stopBundler();
});

Deno.test("options reach the graph: profile, parameters, folder of the store", async () => {
  using demo = makeDemo();
  const workspace = await open(demo, {
    profile: "quick",
    store: "/tmp/../" + demo.root + "/other",
    set: ["generate.length=3"],
  });
  assert.equal(workspace.storeDir, join(demo.root, "other"));
  assert.equal(workspace.graph.jobs.filter((n) => n.stage.name === "generate").length, 3);
  for (const { stage, params } of workspace.graph.jobs) {
    if (stage.name === "generate") assert.equal((params as { length: number }).length, 3);
  }
  await assert.rejects(() => open(demo, { set: ["probe.id=1"] }), /no job of stage "probe"/);
  await assert.rejects(() => open(demo, { profile: "huge" }), /Unknown profile "huge"/);
  await stopBundler();
});
