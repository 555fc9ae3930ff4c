/** @file Jobs of a graph: what makes two of them one, their order, labels, modules and files. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { contentOf, sha256 } from "../../pipeline/content/canonical.ts";
import { Graph, type GraphBuilder, type Grid, type JobRef } from "../../pipeline/graph.ts";
import { Overrides } from "../../pipeline/overrides.ts";
import { profileOf, PROFILES } from "../../pipeline/profiles.ts";
import type { ExperimentMeta } from "../../pipeline/results.ts";
import type { Tags } from "../../pipeline/tags.ts";
import { build, part, STAGES } from "./graph_builder.ts";

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

Deno.test("a table gets its runs by the names of their tags, and the tags are its parameters, not theirs", () => {
  const aggregate = part(
    "aggregate",
    z.strictObject({ experiment: z.string(), path: z.string().min(1), runs: z.array(z.any()) }),
  );
  const graphOf = (grid: Grid, path = "x.ts") => {
    const graph = new Graph("/tmp", { ...STAGES, aggregate }, new Overrides());
    graph.add("e", grid, profileOf("smoke"), path);
    return graph;
  };
  const table = (tags: Tags[]): Grid => (g) =>
    g.table(tags.map((tags, lr) => ({ tags, job: g.job("train", { lr: lr + 1 }, {}, tags) })));
  const given = [{ lambda: 0.5, seed: 1 }, { lambda: 0.5, seed: 0 }];
  const graph = graphOf(table(given));
  const { params, inputs, label } = graph.results.get("e")!;
  assert.equal(label, "e/table");
  assert.deepEqual(params, { experiment: "e", path: "x.ts", runs: given });
  assert.deepEqual(
    Object.entries(inputs).map(([name, { label }]) => [name, label]),
    ["lambda=0.5/seed=1", "lambda=0.5/seed=0"].map((name) => [name, `e/${name}`]),
  );
  // Other tags, or the same in another order, make another table of the same trainings.
  const trainings = (graph: Graph) => graph.jobs.filter((job) => job.stage.name === "train");
  for (const other of [given.toReversed(), [{ lambda: 0.5, seed: 1 }, { lambda: 0.5, seed: 2 }]]) {
    const changed = graphOf(table(other));
    assert.notDeepEqual(changed.results.get("e")!.params, params);
    assert.deepEqual(
      trainings(changed).map(({ params, inputs }) => [params, inputs]),
      trainings(graph).map(({ params, inputs }) => [params, inputs]),
    );
  }
  const twice: Grid = (g) => {
    const job = g.job("train", {}, {}, "a");
    return g.table([{ tags: { seed: 1 }, job }, { tags: { seed: 1 }, job }]);
  };
  assert.throws(() => graphOf(twice), /Experiment e: two runs have the tags seed=1\./);
  assert.throws(() => graphOf(table([{ seed: NaN }])), /The tag seed is /);
  assert.throws(() => graphOf(table(given), ""), /wrong parameters for stage aggregate/);
});

Deno.test("an experiment of larger profiles is left out of smaller ones", () => {
  const meta = { id: "large", from: "standard" } as ExperimentMeta;
  const grid: Grid = (g) => g.job("train", {}, {}, "a");
  for (const profile of PROFILES) {
    const graph = new Graph("/tmp", STAGES, new Overrides());
    graph.addExperiment({ meta, path: "x.ts", grid }, profileOf(profile));
    graph.addExperiment({ meta: { ...meta, id: "all", from: undefined }, path: "y.ts", grid }, {
      ...profileOf(profile),
    });
    const large = profile === "standard" || profile === "paper";
    assert.deepEqual([...graph.results.keys()], large ? ["large", "all"] : ["all"]);
    assert.deepEqual([...graph.later], large ? [] : [["large", "standard"]]);
    assert.deepEqual(graph.jobs[0].labels, large ? ["large/a", "all/a"] : ["all/a"]);
  }
});
