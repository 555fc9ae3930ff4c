import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { Graph, type GraphBuilder, type JobRef } from "../../pipeline/graph.ts";
import { compare, type Ingredients, keyOf } from "../../pipeline/keys/ingredients.ts";
import { Overrides } from "../../pipeline/overrides.ts";
import { Packages } from "../../pipeline/keys/packages.ts";
import type { StagePart } from "../../pipeline/plan.ts";
import { profileOf } from "../../pipeline/profiles.ts";
import { findJob, selectJobs } from "../../pipeline/workspace.ts";

const part = (name: string, schema: z.ZodType): StagePart => ({
  name,
  path: `pipeline/stages/${name}.ts`,
  schema,
  usesEngine: false,
  permissions: {},
});

const STAGES = {
  train: part(
    "train",
    z.strictObject({
      lr: z.number().positive().default(0.1),
      optimizer: z.strictObject({ beta: z.number().default(0.9) }).prefault({}),
    }),
  ),
  table: part("table", z.strictObject({})),
  loose: part("loose", z.object({ a: z.number().default(1) })),
};

function build(grid: (g: GraphBuilder) => JobRef, set: string[] = [], id = "e") {
  const overrides = new Overrides(set);
  const graph = new Graph("/tmp", STAGES, overrides);
  graph.add(id, grid, profileOf("smoke"));
  overrides.checkAllUsed(Object.keys(STAGES));
  return graph;
}

Deno.test("defaults are filled in before anything compares parameters", () => {
  const graph = build((g) => {
    const a = g.job("train", {}, {}, "a");
    const b = g.job("train", { lr: 0.1, optimizer: { beta: 0.9 } }, {}, "b");
    assert.equal(a, b);
    return g.job("table", {}, { a, b }, "table");
  });
  assert.equal(graph.jobs.length, 2);
  assert.deepEqual(graph.jobs[0].labels, ["e/a", "e/b"]);
  assert.deepEqual(graph.jobs[0].params, { lr: 0.1, optimizer: { beta: 0.9 } });
});

Deno.test("experiments share jobs, and each can be selected alone", () => {
  const graph = new Graph("/tmp", STAGES, new Overrides());
  const grid = (lr: number) => (g: GraphBuilder) => {
    const shared = g.job("train", {}, {}, "shared");
    return g.job("table", {}, { shared, own: g.job("train", { lr }, {}, "own") }, "table");
  };
  graph.add("one", grid(1), profileOf("smoke"));
  graph.add("two", grid(2), profileOf("smoke"));
  assert.equal(graph.jobs.length, 5);
  assert.deepEqual(selectJobs(graph, { only: ["two"] }).map((n) => n.label), [
    "one/shared",
    "two/own",
    "two/table",
  ]);
  assert.deepEqual(selectJobs(graph, { job: "two/own" }).length, 1);
  assert.equal(findJob(graph, "two/shared"), findJob(graph, "one/shared"));
  assert.throws(() => findJob(graph, "table"), /matches 2 jobs; name one of\n {2}one\/table/);
  assert.throws(() => findJob(graph, "nothing"), /No job "nothing"/);
  assert.throws(
    () => selectJobs(graph, { only: ["three"] }),
    /No experiment "three"; the experiments are one, two/,
  );
});

Deno.test("mistakes in a grid name experiment, job, field, value and what is allowed", () => {
  const message = (grid: (g: GraphBuilder) => JobRef, set: string[] = []) => {
    try {
      build(grid, set);
    } catch (error) {
      return (error as Error).message;
    }
    return "no error";
  };
  const wrong = message((g) => g.job("train", { lr: -1 }, {}, "a"));
  assert.match(wrong, /Experiment e, job a: wrong parameters for stage train/);
  assert.match(wrong, /lr is -1: .*>0/);
  assert.match(message((g) => g.job("train", { LR: 1 })), /Unrecognized key: "LR"/);
  assert.match(message((g) => g.job("tain", {})), /no stage "tain".*there are train, table, loose/);
  assert.match(
    message((g) => g.job("table", {}, { a: undefined as unknown as JobRef })),
    /input "a" is no job/,
  );
  assert.match(message(() => undefined as unknown as JobRef), /grid must return the aggregate job/);
  assert.match(
    message((g) => {
      g.job("train", { lr: 1 }, {}, "a");
      return g.job("train", { lr: 2 }, {}, "a");
    }),
    /the label "e\/a" already names another train job/,
  );
  assert.match(message((g) => g.file("/tmp/does-not-exist.csv")), /does-not-exist\.csv cannot be/);
});

Deno.test("--set changes one parameter of every job of a stage, checked by its schema", () => {
  const grid = (g: GraphBuilder) => g.job("train", { lr: 1 }, {}, "a");
  assert.deepEqual(build(grid, ["train.lr=0.5", "train.optimizer.beta=0"]).jobs[0].params, {
    lr: 0.5,
    optimizer: { beta: 0 },
  });
  assert.throws(() => build(grid, ["train.lr=fast"]), /lr is "fast"|expected number/);
  assert.throws(() => build(grid, ["train.speed=1"]), /Unrecognized key: "speed"/);
  assert.throws(() => build(grid, ["train.lr.x=1"]), /--set train\.lr\.x=1: lr is 1, which has no/);
  assert.throws(() => build(grid, ["tain.lr=1"]), /no stage "tain"; the stages are train/);
  assert.throws(() => build(grid, ["table.x=1"]), /the graph has no job of stage "table"/);
  assert.throws(() => build(grid, ["lr=1"]), /expected stage\.parameter=value/);
  assert.throws(
    () => build((g) => g.job("loose", {}, {}, "a"), ["loose.b=1"]),
    /stage loose has no parameter "b"/,
  );
});

Deno.test("--set reaches into a part only of the jobs that have it", () => {
  const part_ = z.strictObject({ horizon: z.number().default(2), share: z.number().default(0.5) });
  const stages = { score: part("score", z.strictObject({ free: part_.optional() })) };
  const build = (set: string[]) => {
    const overrides = new Overrides(set);
    const graph = new Graph("/tmp", stages, overrides);
    graph.add("e", (g) => {
      const inputs = { plain: g.job("score", {}), free: g.job("score", { free: {} }) };
      return g.job("score", { free: { horizon: 9 } }, inputs, "table");
    }, profileOf("smoke"));
    overrides.checkAllUsed(Object.keys(stages));
    return graph.jobs.map(({ params }) => params);
  };
  assert.deepEqual(build(["score.free.share=1"]), [
    {},
    { free: { horizon: 2, share: 1 } },
    { free: { horizon: 9, share: 1 } },
  ]);
  // The whole of it is for everyone.
  assert.deepEqual(build(['score.free={"horizon":4}']), [{ free: { horizon: 4, share: 0.5 } }, {
    free: { horizon: 4, share: 0.5 },
  }]);
  assert.throws(
    () => build(["score.fre.share=1"]),
    /--set score\.fre\.share=1: the graph has no job of stage "score" with "fre"/,
  );
  assert.throws(() => build(["score.free.shar=1"]), /Unrecognized key: "shar"/);
});

Deno.test("values of --set are JSON or plain text, the last of two wins, and the grid's own object stays", () => {
  const stages = {
    any: part("any", z.strictObject({ v: z.unknown(), list: z.unknown().optional() })),
  };
  const given = { v: { deep: [1] } };
  const set = (...assignments: string[]) => {
    const overrides = new Overrides(assignments.map((text) => `any.${text}`));
    const graph = new Graph("/tmp", stages, overrides);
    graph.add("e", (g) => g.job("any", given), profileOf("smoke"));
    return graph.jobs[0].params as Record<string, unknown>;
  };
  const values: [string, unknown][] = [
    ["1e-3", 0.001],
    ["true", true],
    ["null", null],
    ["[1,2]", [1, 2]],
    ['{"a":1}', { a: 1 }],
    ['"1"', "1"],
    ["plain text", "plain text"],
    ["a=b=c", "a=b=c"],
    ["", ""],
  ];
  for (const [text, value] of values) assert.deepEqual(set(`v=${text}`).v, value, text);
  assert.equal(set("v=1", "v=2").v, 2);
  assert.deepEqual(set("v.deep=3", "list=[4]"), { v: { deep: 3 }, list: [4] });
  assert.deepEqual(given, { v: { deep: [1] } });
  assert.deepEqual(set(), given);
  assert.equal(new Overrides().empty, true);
  assert.equal(new Overrides(["any.v=1"]).empty, false);
});

Deno.test("a file of the user's enters by its bytes", () => {
  const path = Deno.makeTempFileSync({ suffix: ".csv" });
  const contentWith = (text: string) => {
    writeFileSync(path, text);
    const graph = build((g) => g.job("table", {}, { data: g.file(path) }, "t"));
    const { data } = graph.jobs[0].inputs;
    return data.kind === "file" ? data.content : "";
  };
  try {
    const first = contentWith("a,b\n1,2\n");
    assert.notEqual(contentWith("a,b\n1,3\n"), first);
    assert.equal(contentWith("a,b\n1,2\n"), first);
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("a profile takes the next smaller size where it has none", () => {
  const sizes = { smoke: 1, standard: 3 };
  assert.deepEqual(
    ["smoke", "quick", "standard", "paper"].map((name) => profileOf(name).pick(sizes)),
    [1, 1, 3, 3],
  );
  assert.ok(profileOf("paper").atLeast("standard") && !profileOf("quick").atLeast("standard"));
  assert.throws(() => profileOf("huge"), /the profiles are smoke, quick, standard, paper/);
});

const BASE: Ingredients = {
  stage: "train",
  code: "c1".padEnd(64, "0"),
  packages: { zod: "4.6.7" },
  params: { lr: 0.1, layers: [1, 2] },
  inputs: { data: "d1".padEnd(64, "0") },
  engine: { name: "ort", version: "1" },
};

Deno.test("every ingredient is part of the key and is named with both values", () => {
  const cases: [Partial<Ingredients>, string, RegExp][] = [
    [{ code: "c2".padEnd(64, "0") }, "code", /^c10{10} -> c20{10}$/],
    [{ params: { lr: 0.2, layers: [1, 2] } }, "parameter", /^lr: 0\.1 -> 0\.2$/],
    [{ params: { lr: 0.1, layers: [1] } }, "parameter", /^layers: \[1,2\] -> \[1\]$/],
    [{ params: { layers: [1, 2] } }, "parameter", /^lr: 0\.1 -> \(none\)$/],
    [{ inputs: { data: "d2".padEnd(64, "0") } }, "input", /^data: "d10+" -> "d20+"$/],
    [{ inputs: {} }, "input", /^data: "d10+" -> \(none\)$/],
    [{ engine: { name: "jax", version: "1" } }, "engine", /^engine\.name: "ort" -> "jax"$/],
    [{ engine: { name: "ort", version: "2" } }, "engine", /^engine\.version: "1" -> "2"$/],
    [{ packages: { zod: "4.7.0" } }, "package", /^zod: "4\.6\.7" -> "4\.7\.0"$/],
  ];
  const keys = new Set([keyOf(BASE)]);
  for (const [change, ingredient, text] of cases) {
    const now = { ...BASE, ...change };
    keys.add(keyOf(now));
    const [found, ...more] = compare(BASE, now, () => undefined);
    assert.equal(found.ingredient, ingredient);
    assert.match(found.text, text);
    assert.deepEqual(more, []);
  }
  assert.equal(keys.size, cases.length + 1);
  assert.deepEqual(compare(BASE, structuredClone(BASE), () => undefined), []);
});

Deno.test("a change of code names file and function where they are known", () => {
  const now = { ...BASE, code: "c2".padEnd(64, "0") };
  const before = { "lib/a.ts": { f: "1", g: "2" }, "lib/b.ts": { h: "3" } };
  const after = { "lib/a.ts": { f: "9", g: "2" }, "lib/c.ts": { h: "3" } };
  const lines = compare(BASE, now, (code) => code === BASE.code ? before : after);
  assert.deepEqual(lines.slice(1).map((l) => l.text), [
    "lib/a.ts: f 1 -> 9",
    "lib/b.ts: no longer reached",
    "lib/c.ts: now reached",
  ]);
});

Deno.test("imports of deno.json lead to packages and folders", () => {
  const packages = new Packages({
    zod: "npm:zod@4.6.7",
    "@scope/name": "npm:@scope/name@^1",
    "@std/": "npm:/deno-std@1.4.0/",
    "#lib/": "./lib/",
  }, {
    specifiers: { "npm:@scope/name@^1": "1.2.3_zod@4.6.7" },
    npm: { "@scope/name@1.2.3_zod@4.6.7": { dependencies: ["zod"] }, "zod@4.6.7": {} },
  });
  const package_ = (name: string, request: string) => ({ kind: "package", name, request });
  assert.deepEqual(packages.resolve("zod"), package_("zod", "zod@4.6.7"));
  assert.deepEqual(packages.resolve("@std/csv/parse.js"), package_("deno-std", "deno-std@1.4.0"));
  assert.deepEqual(packages.resolve("npm:left@1/x.js"), package_("left", "left@1"));
  assert.deepEqual(packages.resolve("#lib/a.ts"), { kind: "file", path: "./lib/a.ts" });
  assert.deepEqual(packages.resolve("node:fs"), { kind: "builtin" });
  assert.deepEqual(packages.resolve("left"), { kind: "unknown" });
  assert.deepEqual(packages.versions(["@scope/name@^1"]), { "@scope/name": "1.2.3", zod: "4.6.7" });
  assert.equal(packages.version("zod"), "4.6.7");
});
