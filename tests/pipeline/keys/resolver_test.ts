/** @file Whether a job is done, stale or waiting, over a cache that the test fills. */
import assert from "node:assert/strict";
import { z } from "zod";
import { Graph, type GraphBuilder, type JobNode, type JobRef } from "../../../pipeline/graph.ts";
import type { Fingerprints } from "../../../pipeline/keys/fingerprint.ts";
import { Resolver } from "../../../pipeline/keys/resolver.ts";
import { Overrides } from "../../../pipeline/overrides.ts";
import { profileOf } from "../../../pipeline/profiles.ts";
import type { StagePart } from "../../../pipeline/stage.ts";
import type { EngineName } from "../../../lib/engine/engines.ts";
import type { DoneIndex } from "../../../pipeline/store/done_index.ts";
import { isCpuForm } from "../../../lib/engine/tfjs/addon.ts";

const part = (name: string, usesEngine: boolean): StagePart => ({
  name,
  path: `${name}.ts`,
  schema: z.strictObject({ id: z.string() }),
  usesEngine,
  permissions: {},
});

const STAGES = { work: part("work", false), play: part("play", false), train: part("train", true) };

function nodesOf(grid: (g: GraphBuilder) => JobRef): JobNode[] {
  const graph = new Graph("/", STAGES, new Overrides());
  graph.add("e", grid, profileOf("smoke"));
  return graph.jobs;
}

/** A resolver for which every stage has the same code, and packages have the versions given. */
function resolverOf({ present = [], engine = "ort", device, deno, versions = {} }: {
  present?: string[];
  engine?: EngineName;
  device?: string;
  deno?: string;
  versions?: Record<string, string>;
} = {}) {
  const jobs: DoneIndex["jobs"] = new Map();
  const asked: string[] = [];
  const fingerprints = {
    of: () => ({ code: "c", packages: {}, files: {}, tables: [] }),
    packages: {
      version(name: string) {
        asked.push(name);
        return versions[name];
      },
    },
  } as unknown as Fingerprints;
  const resolver = new Resolver(fingerprints, { jobs } as DoneIndex, new Set(present), {
    engine,
    device,
    deno,
  });
  return { resolver, jobs, asked };
}

Deno.test("a job waits until the content of every input is known, in whatever order that comes", async () => {
  const [a, b, c, d] = nodesOf((g) => {
    const [a, b, c] = ["a", "b", "c"].map((id) => g.job("work", { id }, {}, id));
    return g.job("work", { id: "d" }, { a, twice: a, b, c }, "d");
  });
  const { resolver } = resolverOf();
  resolver.finished(b, "kb", "content b", []);
  assert.deepEqual(await resolver.resolve(d), { state: "waiting", on: a });
  assert.deepEqual(await resolver.resolve(d), { state: "waiting", on: a });
  assert.equal(resolver.keys.get(d), undefined);
  resolver.finished(a, "ka", "content a", []);
  assert.deepEqual(await resolver.resolve(d), { state: "waiting", on: c });
  resolver.finished(c, "kc", "content c", []);
  const now = await resolver.resolve(d);
  assert.equal(now.state, "stale");
  assert.deepEqual((now as { ingredients: { inputs: unknown } }).ingredients.inputs, {
    a: "content a",
    twice: "content a",
    b: "content b",
    c: "content c",
  });
});

Deno.test("stage, parameters and the names of inputs are part of the key", async () => {
  const nodes = nodesOf((g) => {
    const a = g.job("work", { id: "a" }, {}, "a");
    const others = [
      g.job("play", { id: "a" }, {}, "b"),
      g.job("work", { id: "c" }, {}, "c"),
      g.job("work", { id: "a" }, { x: a }, "d"),
      g.job("work", { id: "a" }, { y: a }, "e"),
    ];
    return others[0];
  });
  const { resolver } = resolverOf();
  for (const node of nodes) {
    await resolver.resolve(node);
    resolver.finished(node, resolver.keys.get(node)!, "same content", []);
  }
  const keys = nodes.map((node) => resolver.keys.get(node));
  assert.equal(new Set(keys).size, nodes.length, keys.join("\n"));
});

Deno.test("a job is done while every object of its artifact is there, and stale when one is not", async () => {
  const [a] = nodesOf((g) => g.job("work", { id: "a" }, {}, "a"));
  const { resolver, jobs } = resolverOf({ present: ["o1", "o2"] });
  const fresh = await resolver.resolve(a);
  assert.ok(fresh.state === "stale");
  assert.equal(fresh.missing, undefined);
  jobs.set(fresh.key, { content: "x", objects: ["o1", "o2"] });
  const done = await resolver.resolve(a);
  assert.ok(done.state === "done");
  assert.deepEqual([done.key, done.content], [fresh.key, "x"]);
  assert.equal(resolver.contentOf(a), "x");
  jobs.set(fresh.key, { content: "x", objects: ["o1", "o3", "o2"] });
  const damaged = await resolver.resolve(a);
  assert.ok(damaged.state === "stale");
  assert.equal(damaged.missing, "o3");
});

Deno.test("an artifact without files is done as soon as it is recorded", async () => {
  const [a] = nodesOf((g) => g.job("work", { id: "a" }, {}, "a"));
  const { resolver, jobs } = resolverOf();
  const { key } = await resolver.resolve(a) as { key: string };
  jobs.set(key, { content: "x", objects: [] });
  assert.equal((await resolver.resolve(a)).state, "done");
});

Deno.test("what has run is done from then on, with its objects", async () => {
  const [a, b] = nodesOf((g) => {
    const a = g.job("work", { id: "a" }, {}, "a");
    return g.job("work", { id: "b" }, { a }, "b");
  });
  const { resolver } = resolverOf();
  const { key } = await resolver.resolve(a) as { key: string };
  resolver.finished(a, key, "content", ["o1"]);
  assert.equal((await resolver.resolve(a)).state, "done");
  assert.equal((await resolver.resolve(b)).state, "stale");
});

Deno.test("the engine's version is that of the package it comes in", async () => {
  const expected: [EngineName, RegExp][] = [
    ["ort", /^onnxruntime-node$/],
    ["ort-webgpu", /^onnxruntime-node$/],
    ["ort-cuda", /^onnxruntime-node$/],
    ["jax", /^@jax-js\/jax$/],
    ["jax-webgpu", /^@jax-js\/jax$/],
    ["tfjs", /^@tensorflow\/tfjs-core$/],
    ["tfjs-node-gpu", /@tensorflow\/tfjs-node-gpu/],
  ];
  for (const [engine, package_] of expected) {
    const [train] = nodesOf((g) => g.job("train", { id: "a" }, {}, "a"));
    const { resolver, asked } = resolverOf({ engine });
    const resolution = await resolver.resolve(train);
    assert.ok(resolution.state === "stale");
    assert.equal(asked.length, 1);
    assert.match(asked[0], package_);
    const form = engine === "tfjs-node-gpu" && isCpuForm() ? ", CPU form" : "";
    assert.deepEqual(resolution.ingredients.engine, { name: engine, version: `unknown${form}` });
    const known = await resolverOf({ engine, versions: { [asked[0]]: "1.2.3" } }).resolver.resolve(
      train,
    );
    assert.ok(known.state === "stale");
    assert.deepEqual(known.ingredients.engine, { name: engine, version: `1.2.3${form}` });
  }
});

Deno.test("the GPU and its driver are part of the engine", async () => {
  const keys = [];
  for (const device of [undefined, "one (driver 1)", "one (driver 2)"]) {
    const [train] = nodesOf((g) => g.job("train", { id: "a" }, {}, "a"));
    const versions = { "onnxruntime-node": "1.30.0" };
    const resolution = await resolverOf({ engine: "ort-webgpu", device, versions }).resolver
      .resolve(train);
    assert.ok(resolution.state === "stale");
    const version = device ? `1.30.0 on ${device}` : "1.30.0";
    assert.deepEqual(resolution.ingredients.engine, { name: "ort-webgpu", version });
    keys.push(resolution.key);
  }
  assert.equal(new Set(keys).size, 3);
});

Deno.test("a job that uses no engine is keyed without one", async () => {
  const [work] = nodesOf((g) => g.job("work", { id: "a" }, {}, "a"));
  const { resolver, asked } = resolverOf();
  const resolution = await resolver.resolve(work);
  assert.ok(resolution.state === "stale");
  assert.equal("engine" in resolution.ingredients, false);
  assert.deepEqual(asked, []);
});

Deno.test("the exact version of Deno is part of the key, by default that of this process", async () => {
  const [a] = nodesOf((g) => g.job("work", { id: "a" }, {}, "a"));
  const keyWith = async (deno?: string) => {
    const { resolver } = resolverOf({ deno });
    await resolver.resolve(a);
    return resolver.keys.get(a);
  };
  assert.equal(await keyWith(), await keyWith(Deno.version.deno));
  const keys = await Promise.all(["2.9.5", "2.9.6", "2.10.0", "3.0.0"].map(keyWith));
  assert.equal(new Set(keys).size, 4);
});
