/** @file Grids: parameters with their defaults, mistakes, `--set`, the choice of jobs and profiles. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { Graph, type GraphBuilder, type JobRef } from "../../pipeline/graph.ts";
import { Overrides } from "../../pipeline/overrides.ts";
import { profileOf } from "../../pipeline/profiles.ts";
import { findJob, selectJobs } from "../../pipeline/workspace.ts";
import { build, part, STAGES } from "./graph_builder.ts";

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
  graph.later.set("three", "standard");
  assert.throws(
    () => selectJobs(graph, { only: ["three"] }),
    /Experiment "three" begins at the profile standard: --profile standard\./,
  );
});

Deno.test("an experiment whose data are missing is left out alone, and leaves nothing behind", () => {
  const graph = new Graph("/tmp", STAGES, new Overrides());
  const meta = { title: "", question: "", hypothesis: "", method: "" };
  const job = (g: GraphBuilder, lr: number, name: string) => g.job("train", { lr }, {}, name);
  const good = (id: string, lr: number) => ({
    meta: { ...meta, id },
    path: "x.ts",
    grid: (g: GraphBuilder) =>
      g.job("table", {}, { a: job(g, 1, "shared"), b: job(g, lr, "own") }, "t"),
  });
  const lacking = (id: string, fail: (g: GraphBuilder) => JobRef) => ({
    meta: { ...meta, id },
    path: "x.ts",
    grid: (g: GraphBuilder) =>
      g.job("table", {}, { a: job(g, 1, "shared"), b: job(g, 7, "own"), c: fail(g) }, "t"),
  });
  graph.addExperiment(good("one", 2), profileOf("smoke"));
  graph.addExperiment(lacking("two", (g) => g.file("/nowhere/x.csv")), profileOf("smoke"));
  graph.addExperiment(lacking("folder", (g) => g.file("/")), profileOf("smoke"));
  graph.addExperiment(good("three", 7), profileOf("smoke"));
  assert.deepEqual([...graph.unavailable], [
    ["two", "/nowhere/x.csv: the input file cannot be read: there is none."],
    ["folder", "/: the input file cannot be read: it is a folder."],
  ]);
  assert.deepEqual(graph.jobs.map(({ label }) => label), [
    ...["one/shared", "one/own", "one/t", "three/own", "three/t"],
  ]);
  assert.deepEqual(graph.jobs.map(({ index }) => index), [0, 1, 2, 3, 4]);
  assert.deepEqual(graph.jobs[0].labels, ["one/shared", "three/shared"]);
  assert.equal(graph.byLabel.has("two/own"), false);
  assert.throws(
    () => selectJobs(graph, { only: ["two"] }),
    /Experiment "two" cannot be built: \/nowhere\/x\.csv: the input file cannot be read/,
  );
  assert.equal(selectJobs(graph, { only: ["three"] }).length, 3);
  // A mistake in the grid itself is one of the project's.
  const wrong = lacking("wrong", () => {
    throw new TypeError("a slip");
  });
  assert.throws(() => graph.addExperiment(wrong, profileOf("smoke")), /a slip/);
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
  assert.match(
    message((g) => g.file("/tmp/does-not-exist.csv")),
    /does-not-exist\.csv: the input file cannot be read: there is none/,
  );
});

Deno.test("--set changes one parameter of every job of a stage, checked by its schema", () => {
  const grid = (g: GraphBuilder) => g.job("train", { lr: 1 }, {}, "a");
  assert.deepEqual(build(grid, ["train.lr=0.5", "train.optimizer.beta=0"]).jobs[0].params, {
    lr: 0.5,
    optimizer: { beta: 0 },
  });
  assert.throws(() => build(grid, ["train.lr=fast"]), /lr is "fast"|expected number/);
  assert.throws(
    () => build(grid, ["train.speed=1"]),
    /--set train\.speed=1: stage train has no parameter "speed"; it has lr, optimizer/,
  );
  assert.throws(() => build(grid, ["train.lr.x=1"]), /--set train\.lr\.x=1: lr is 1, which has no/);
  assert.throws(
    () => build(grid, ["train.optimizer.betas=1"]),
    /train\.optimizer has no parameter "betas"; it has beta /,
  );
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
  // The whole of it is for everyone; what the table told apart must not become one.
  assert.throws(
    () => build(['score.free={"horizon":4}']),
    /cannot take it: its runs plain and free would be one and the same/,
  );
  assert.throws(
    () => build(["score.fre.share=1"]),
    /--set score\.fre\.share=1: stage score has no parameter "fre"; it has free /,
  );
  assert.throws(
    () => build(["score.free.shar=1"]),
    /score\.free has no parameter "shar"; it has share, horizon /,
  );
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
  assert.throws(() => profileOf("huge"), /the profiles are smoke, quick, paper, standard/);
});
