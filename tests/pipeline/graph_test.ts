import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { contentOf, sha256 } from "../../pipeline/keys/canonical.ts";
import { Graph, type GraphBuilder, type JobRef } from "../../pipeline/graph.ts";
import { Overrides } from "../../pipeline/overrides.ts";
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

Deno.test("a job is another by stage, by parameters, or by which input has which name", () => {
  const graph = build((g) => {
    const [a, b] = [g.job("train", { lr: 1 }, {}, "a"), g.job("train", { lr: 2 }, {}, "b")];
    g.job("loose", {}, { x: a, y: b }, "one");
    g.job("loose", {}, { y: b, x: a }, "the same");
    g.job("loose", {}, { x: b, y: a }, "turned");
    g.job("loose", {}, { x: a }, "fewer");
    g.job("loose", { a: 2 }, { x: a, y: b }, "other parameters");
    return g.job("table", {}, { x: a, y: b }, "other stage");
  });
  const labels = graph.jobs.map(({ labels }) => labels.map((l) => l.slice(2)).join());
  assert.deepEqual(labels, [
    ...["a", "b", "one,the same", "turned", "fewer", "other parameters", "other stage"],
  ]);
  assert.deepEqual(graph.jobs.map((node) => node.index), [0, 1, 2, 3, 4, 5, 6]);
  // Without any parameters, too.
  const bare = new Graph(
    "/tmp",
    { ...STAGES, chart: part("chart", z.strictObject({})) },
    new Overrides(),
  );
  bare.add("e", (g) => {
    assert.notEqual(g.job("chart", {}, {}, "chart"), g.job("table", {}, {}, "table"));
    return g.job("table", {}, {}, "table");
  }, profileOf("smoke"));
});

Deno.test("every job comes after its inputs, and knows the experiments that need it", () => {
  const graph = new Graph("/tmp", STAGES, new Overrides());
  const grid = (lr: number) => (g: GraphBuilder) => {
    g.job("train", { lr: lr + 10 }, {}, "needed by nobody");
    const shared = g.job("loose", {}, { deep: g.job("train", {}, {}, "deep") }, "shared");
    return g.job("table", {}, { shared, own: g.job("train", { lr }, {}, "own") }, "table");
  };
  graph.add("one", grid(1), profileOf("smoke"));
  graph.add("two", grid(2), profileOf("smoke"));
  for (const node of graph.jobs) {
    for (const input of Object.values(node.inputs)) {
      assert.ok(input.kind === "job" && input.index < node.index);
    }
  }
  const of = (label: string) => [...graph.byLabel.get(label)!.experiments].sort();
  for (const label of ["one/shared", "two/deep"]) assert.deepEqual(of(label), ["one", "two"]);
  for (const label of ["one/own", "one/table"]) assert.deepEqual(of(label), ["one"]);
  assert.deepEqual(of("two/needed by nobody"), []);
  assert.equal(graph.results.get("two"), graph.byLabel.get("two/table"));
  assert.deepEqual([...graph.results.keys()], ["one", "two"]);
});

Deno.test("a job without a label has one of its stage and what it is, the same in every graph", () => {
  const labelOf = (params: object) => build((g) => g.job("train", params)).jobs[0].label;
  assert.match(labelOf({ lr: 1 }), /^e\/train-[0-9a-f]{8}$/);
  assert.equal(labelOf({ lr: 0.1 }), labelOf({}));
  assert.notEqual(labelOf({ lr: 1 }), labelOf({ lr: 2 }));
  const twice = build((g) => g.job("train", {}) && g.job("train", {}));
  assert.deepEqual([twice.jobs.length, twice.jobs[0].labels.length], [1, 1]);
});

Deno.test("the same label in two experiments names two jobs", () => {
  const graph = new Graph("/tmp", STAGES, new Overrides());
  for (const [id, lr] of [["one", 1], ["two", 2]] as const) {
    graph.add(id, (g) => g.job("train", { lr }, {}, "fit"), profileOf("smoke"));
  }
  assert.deepEqual([...graph.byLabel.keys()], ["one/fit", "two/fit"]);
  assert.equal(graph.jobs.length, 2);
});

Deno.test("a stage's modules follow from the parameters with their defaults, and a grid is given its profile", () => {
  const stages = {
    train: {
      ...STAGES.train,
      modules: (params: unknown) => ({
        m: { path: `lib/${(params as { lr: number }).lr}.ts`, exports: ["f"] },
      }),
    },
  };
  const graph = new Graph("/tmp", stages, new Overrides(["train.optimizer.beta=0.5"]));
  const profile = profileOf("standard");
  graph.add("e", (g, given) => {
    assert.equal(given, profile);
    assert.equal(g.profile, profile);
    return g.job("train", {}, {}, "a");
  }, profile);
  assert.deepEqual(graph.jobs[0].modules, { m: { path: "lib/0.1.ts", exports: ["f"] } });
  assert.deepEqual(graph.jobs[0].params, { lr: 0.1, optimizer: { beta: 0.5 } });
});

Deno.test("a file is found from the root or by its whole path, once, and says what it holds", () => {
  const dir = Deno.makeTempDirSync();
  try {
    writeFileSync(`${dir}/series.csv`, "£1\n");
    const graph = new Graph(dir, STAGES, new Overrides());
    const files: unknown[] = [];
    graph.add("e", (g) => {
      files.push(g.file("series.csv"), g.file(`${dir}/series.csv`), g.file("./series.csv", "mine"));
      return g.job("table", {}, { data: files[0] as JobRef }, "t");
    }, profileOf("smoke"));
    assert.ok(files.every((file) => file === files[0]));
    const hash = sha256("£1\n");
    assert.deepEqual(files[0], {
      kind: "file",
      label: "series.csv",
      path: `${dir}/series.csv`,
      name: "series.csv",
      sha256: hash,
      bytes: 4,
      content: contentOf({ "series.csv": hash }, {}),
    });
    const named = new Graph(dir, STAGES, new Overrides());
    named.add("e", (g) => {
      assert.equal(g.file("series.csv", "mine").label, "mine");
      return g.job("table", {}, {}, "t");
    }, profileOf("smoke"));
    const other = new Graph(dir, STAGES, new Overrides());
    assert.throws(
      () => other.add("e", (g) => g.file("series.csv"), profileOf("smoke")),
      /grid must return the aggregate job/,
    );
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});

Deno.test("files with the same bytes, or the same name in other folders, are other inputs of other jobs", () => {
  const dir = Deno.makeTempDirSync();
  try {
    const names = ["1.csv", "2.csv", "more/1.csv"];
    Deno.mkdirSync(`${dir}/more`);
    for (const name of names) writeFileSync(`${dir}/${name}`, "x");
    const graph = new Graph(dir, STAGES, new Overrides());
    graph.add("e", (g) => {
      const [last] = names.map((name) => g.job("table", {}, { data: g.file(name) }, name)).slice(
        -1,
      );
      return last;
    }, profileOf("smoke"));
    assert.equal(graph.jobs.length, 3);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});

Deno.test("up to five wrong parameters are named, each with its value", () => {
  const many = part(
    "many",
    z.strictObject(Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((n) => [n, z.number()]))),
  );
  const graph = new Graph("/tmp", { many, train: STAGES.train }, new Overrides());
  const message = (stage: string, params: object) => {
    try {
      graph.add("x", (g) => g.job(stage, params), profileOf("smoke"));
    } catch (error) {
      return (error as Error).message.split("\n");
    }
    return assert.fail("nothing is wrong");
  };
  const lines = message("many", { a: "1", b: null, c: [], d: {} });
  assert.equal(lines.length, 6);
  assert.equal(
    lines[0],
    "Experiment x, job many: wrong parameters for stage many (pipeline/stages/many.ts):",
  );
  assert.match(lines[1], /^ {2}a is "1": .*expected number/);
  assert.match(lines[2], /^ {2}b is null: /);
  assert.match(lines[5], /^ {2}e is missing: /);
  assert.match(message("train", { optimizer: { beta: "x" } })[1], /^ {2}optimizer\.beta is "x": /);
  assert.match(message("train", { speed: 1 })[1], /^ {2}\(parameters\): Unrecognized key: "speed"/);
});
