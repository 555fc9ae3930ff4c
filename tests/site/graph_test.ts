/** @file The graph of jobs: by stage, in a picture, with what is behind the stale ones, and as pages of bounded size. */
import assert from "node:assert/strict";
import { causesIn, causesOf } from "../../site/graph/causes.ts";
import { countsOf, jobGraph, type Standing, type StandingJob } from "../../site/graph/jobs.ts";
import { type Laid, layOut } from "../../site/graph/layout.ts";
import { stageGraph } from "../../site/graph/stages.ts";
import pages from "../../site/jobs.page.ts";
import type { ExperimentResult, JobResult, Results } from "../../site/results.ts";

const job = (
  label: string,
  stage: string,
  inputs: number[] = [],
  state: Standing = "done",
  why?: string[],
): StandingJob => ({
  ...{ label, stage, state, inputs, experiments: [label.split("/")[0]] },
  ...(why ? { why } : {}),
});

const edgesOf = ({ edges }: ReturnType<typeof stageGraph>) =>
  edges.map(({ from, to, count }) => `${from} ${to} ${count}`).sort();

Deno.test("stages come after what they are made from, and an edge counts the inputs behind it", () => {
  const jobs = [
    job("a/table", "aggregate", [3, 4], "waiting"), // in any order
    job("a/data", "generate"),
    job("a/more", "generate"),
    job("a/1", "train", [1, 2], "stale"),
    job("a/2", "train", [1, 3], "waiting"),
    job("b/3", "train", [1]),
  ];
  const graph = stageGraph(jobs);
  assert.deepEqual(graph.nodes, [
    { stage: "generate", count: 2, counts: { done: 2 } },
    { stage: "train", count: 3, counts: { stale: 1, waiting: 1, done: 1 } },
    { stage: "aggregate", count: 1, counts: { waiting: 1 } },
  ]);
  assert.deepEqual(edgesOf(graph), ["generate train 4", "train aggregate 2", "train train 1"]);
  const ofB = stageGraph(jobs, [5]);
  assert.deepEqual(ofB.nodes.map(({ stage, count }) => [stage, count]), [["train", 1]]);
  assert.deepEqual(edgesOf(ofB), []); // its input is another's
  assert.deepEqual(stageGraph([]), { nodes: [], edges: [] });
});

const nodes = (...names: string[]) => names.map((stage) => ({ stage, count: 1, counts: {} }));
const edges = (...pairs: string[]) =>
  pairs.map((pair) => ({ from: pair[0], to: pair[1], count: 1 }));
const drawn = ({ paths }: Laid) => paths.map(({ from, to }) => from + to).sort();
const rowOf = ({ boxes }: Laid, stage: string) => {
  const rows = [...new Set(boxes.map(({ y }) => y))].sort((a, b) => a - b);
  return rows.indexOf(boxes.find((box) => box.stage === stage)!.y);
};

Deno.test("arrows lead down, those that follow from others, loops and ways back are left out", () => {
  const laid = layOut({
    nodes: nodes("a", "b", "d", "c", "x"),
    edges: edges("ab", "bc", "ac", "cc", "cb", "dc"),
  });
  assert.deepEqual(drawn(laid), ["ab", "bc", "dc"]);
  // What is made from nothing stands right before its user; what has no arrows last.
  assert.deepEqual(["a", "b", "d", "c", "x"].map((stage) => rowOf(laid, stage)), [0, 1, 1, 2, 3]);
  assert.deepEqual(layOut({ nodes: [], edges: [] }), {
    width: 348,
    height: 0,
    boxes: [],
    paths: [],
  });
});

/** Points of a path, and the middle of each of its pieces. */
function pointsOf(d: string): [number, number][] {
  const numbers = (text: string) => text.split(/[ ,]/).map(Number);
  const points: [number, number][] = [];
  let [x, y] = [NaN, NaN];
  for (const [, kind, text] of d.matchAll(/([MCV])([^MCV]*)/g)) {
    const n = numbers(text);
    if (kind === "V") n.unshift(x);
    const [toX, toY] = n.slice(-2);
    if (kind === "V") points.push([x, (y + toY) / 2]);
    [x, y] = [toX, toY];
    points.push([x, y]);
  }
  return points;
}

Deno.test("boxes neither overlap nor leave the picture, and no arrow passes behind one", () => {
  const names = [..."abcdefgijklmhz"];
  const some = "ab ac ad be bf cf fg gh hz ez dz fi fj gk gl lz".split(" ");
  const laid = layOut({ nodes: nodes(...names), edges: edges(...some) });
  assert.equal(laid.boxes.length, names.length);
  assert.deepEqual(drawn(laid), some.toSorted());
  for (const [i, a] of laid.boxes.entries()) {
    assert.ok(a.x >= 0 && a.x + a.width <= laid.width && a.y + a.height <= laid.height, a.stage);
    for (const b of laid.boxes.slice(i + 1)) {
      const apart = a.x + a.width < b.x || b.x + b.width < a.x || a.y !== b.y;
      assert.ok(apart, `${a.stage} and ${b.stage}`);
    }
  }
  let passed = 0;
  for (const { from, to, d } of laid.paths) {
    const points = pointsOf(d);
    const [start, end] = [from, to].map((name) => laid.boxes.find((b) => b.stage === name)!);
    assert.deepEqual(points[0], [start.x + start.width / 2, start.y + start.height]);
    assert.deepEqual(points.at(-1), [end.x + end.width / 2, end.y - 5]);
    for (const [x, y] of points) {
      assert.ok(x >= 0 && x <= laid.width);
      const behind = laid.boxes.find((b) =>
        x > b.x && x < b.x + b.width && y > b.y && y < b.y + b.height
      );
      assert.equal(behind?.stage, undefined, `${from} to ${to} passes behind ${behind?.stage}`);
    }
    passed += points.length - 2;
  }
  assert.ok(passed > 5, "some arrows pass a row");
});

Deno.test("what changed is a file, a parameter or an input, each once a job", () => {
  const hashes = `${"0".repeat(12)} -> ${"f".repeat(12)}`;
  assert.deepEqual(
    causesIn([
      `code: ${hashes}`,
      "code: lib/a.ts: f 1 -> 2",
      "code: lib/a.ts: g 3 -> (gone)",
      "code: lib/b.ts: now reached",
      "parameter: steps: 100 -> 200",
      'input: data: "abc" -> "def"',
      "unless its programs have the bytes of those of job abc: then it ends there",
    ]),
    [
      "code: lib/a.ts",
      "code: lib/b.ts",
      "parameter: steps: 100 -> 200",
      "input: data has another content",
    ],
  );
  assert.deepEqual(causesIn([`code: ${hashes}`]), [
    "code: it is not known any more which file",
  ]);
  assert.deepEqual(
    causesIn(["output: object abc is missing", "its curves are kept up to step 3"]),
    [
      "output: an object is missing",
    ],
  );
  const [long] = causesIn([`parameter: ${"x".repeat(500)}`]);
  assert.deepEqual([long.length, long.slice(-2)], [160, " …"]);
  assert.deepEqual(
    causesOf([
      job("a/1", "fit", [], "stale", ["code: lib/a.ts: f 1 -> 2", "parameter: b: 1 -> 2"]),
      job("a/2", "train", [], "stale", ["code: lib/a.ts: f 1 -> 2"]),
      job("a/3", "fit", [], "stale"),
    ]),
    [
      { text: "code: lib/a.ts", jobs: 2, stages: ["fit", "train"] },
      { text: "parameter: b: 1 -> 2", jobs: 1, stages: ["fit"] },
    ],
  );
});

const result = (key: string, stage: string, inputs: (string | null)[] = []) =>
  ({
    ...{ key, stage, label: `label ${key}` },
    inputs: inputs.map((job) => ({ name: "i", job, content: "c" })),
  }) as JobResult;

const published = (jobs: Record<string, JobResult[]>) =>
  ({
    profile: "standard",
    experiments: Object.entries(jobs).map(([id, jobs]) =>
      ({ id, title: `Title of ${id}`, older: null, jobs }) as unknown as ExperimentResult
    ),
  }) as Results;

Deno.test("without a store the graph is that of the published tables; a job of two of them is one", () => {
  const data = result("d", "generate", [null]);
  const results = published({ a: [data, result("t", "train", ["d"])], b: [data] });
  assert.deepEqual(jobGraph(results), {
    source: "published",
    jobs: [
      { label: "label d", stage: "generate", state: "done", experiments: ["a", "b"], inputs: [] },
      { label: "label t", stage: "train", state: "done", experiments: ["a"], inputs: [0] },
    ],
  });
  const known = [job("a/x", "fit")];
  assert.deepEqual(jobGraph(results, known), { source: "store", jobs: known });
  assert.deepEqual(countsOf(known), { done: 1 });
});

// deno-lint-ignore no-explicit-any -- data for a layout
const pagesOf = (results: Results, standing?: StandingJob[]): any[] => [
  ...pages({ results, families: [], standing }),
];

Deno.test("pages say what stands, list first what is stale, and say when they know no states", () => {
  const standing = [
    job("a/data", "generate"),
    job("a/one", "fit", [0], "stale", ["parameter: b: 1 -> 2"]),
    job("a/two", "fit", [0], "failed"),
    job("a/table", "aggregate", [1, 2], "waiting"),
    { ...job("a/data-2", "generate"), experiments: ["a", "new"] },
  ];
  const [front, ofA, ofNew, ...rest] = pagesOf(published({ a: [] }), standing);
  assert.deepEqual([front.url, ofA.url, ofNew.url, rest.length], [
    ...["/jobs.html", "/jobs/a.html", "/jobs/new.html"],
    0,
  ]);
  assert.deepEqual([front.isStore, front.count, front.isDone], [true, "5", false]);
  assert.equal(front.tally, "1 failed, 1 stale, 1 waiting, 2 done");
  assert.deepEqual([front.explained, front.stale], ["1", "2"]);
  assert.deepEqual(front.causes, [{ text: "parameter: b: 1 -> 2", jobs: "1 job", stages: "fit" }]);
  assert.deepEqual(front.groups[0].experiments.map((e: { tally: string }) => e.tally), [
    "1 failed, 1 stale, 1 waiting, 2 done",
    "1 done",
  ]);
  const fit = ofA.stages.find((s: { stage: string }) => s.stage === "fit");
  assert.deepEqual(fit, {
    ...{ stage: "fit", tally: "1 failed, 1 stale", open: true, from: "generate", more: "" },
    jobs: [
      { label: "two", state: "failed", why: [] },
      { label: "one", state: "stale", why: ["parameter: b: 1 -> 2"] },
    ],
  });
  assert.deepEqual(ofA.graph.boxes[1].parts.map((p: { state: string }) => p.state), [
    "stale",
    "failed",
  ]);
  // Of an experiment that was never published there are no other pages to lead to.
  assert.deepEqual([ofA.id, ofNew.id, ofNew.isDone], ["a", "", true]);
  const [shown, one] = pagesOf(published({ a: [result("d", "generate")] }));
  assert.deepEqual([shown.isStore, shown.groups[0].experiments[0].tally], [false, "1 job"]);
  assert.deepEqual([shown.groups[0].experiments[0].bar, one.stages[0].jobs[0].state], [[], ""]);
  assert.deepEqual(pagesOf(published({})), []);
});

Deno.test("a hundred thousand jobs are pages of bounded size, and none of them is lost from the counts", () => {
  const stages = ["generate", "tune", "train", "evaluate", "aggregate"];
  const standing = Array.from({ length: 100_000 }, (_, i) =>
    job(
      `e${i % 20}/lambda=${i}/${"tag=value/".repeat(i % 7)}`,
      stages[Math.floor(i / 20_000)],
      i < 20_000 ? [] : [i - 20_000],
      i % 3 ? "done" : "stale",
      i % 300 ? undefined : [`parameter: p${i}: 1 -> 2`],
    ));
  const made = pagesOf(published({}), standing);
  assert.equal(made.length, 21);
  for (const page of made.slice(1)) {
    let shown = 0;
    for (const { jobs, more } of page.stages) {
      assert.equal(jobs.length + Number(more.replaceAll(",", "")), 1000);
      shown += jobs.length;
    }
    assert.ok(shown > 500 && shown <= 700, `${shown} jobs`);
    assert.ok(JSON.stringify(page).length < 150_000, `${JSON.stringify(page).length} letters`);
    assert.ok(page.causes.length <= 40);
  }
  assert.equal(made[0].count, "100,000");
  assert.equal(made[0].more, 334 - 40);
});
