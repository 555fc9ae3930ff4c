/** @file Runs are found by their tags: those that are meant, all of them, in an order of their own. */
import assert from "node:assert/strict";
import { type Run, Runs } from "../../../pipeline/table/runs.ts";
import { nameOf, type Tags } from "../../../pipeline/tags.ts";

/** Runs whose scalar `at` is their place in the grid. */
function runsOf(...all: Tags[]): Runs {
  const runs = all.map((tags, at) => ({ name: nameOf(tags), tags, scalars: { at } }));
  return new Runs(runs as unknown as Run[]);
}

const places = (runs: Runs) => [...runs].map(({ scalars }) => scalars.at);

/** Two lambdas, two models, two seeds; baselines have no model. */
const grid = runsOf(
  ...[0.96, 0.36].flatMap((lambda) =>
    [10, 2].flatMap((seed) => [
      { lambda, seed, result: "baseline" },
      ...["lru", "fir"].map((model) => ({ lambda, model, seed, result: "one-step" })),
    ])
  ),
);

Deno.test("where finds the runs that have all of the tags, in the order of the grid", () => {
  assert.deepEqual(places(grid.where({ lambda: 0.36, model: "lru" })), [7, 10]);
  assert.deepEqual(places(grid.where({ lambda: 0.36 }).where({ model: "lru" })), [7, 10]);
  assert.deepEqual(places(grid.where({ result: "baseline" })), [0, 3, 6, 9]);
  assert.deepEqual(places(grid.where({})).length, 12);
  assert.equal(grid.where({ lambda: 0.96, seed: 2, model: "fir" }).one().scalars.at, 5);
});

Deno.test("tags are compared as what they are", () => {
  const runs = runsOf({ a: 1 }, { a: "one" }, { a: true }, { b: 1 });
  assert.deepEqual(places(runs.where({ a: 1 })), [0]);
  assert.deepEqual(places(runs.where({ a: true })), [2]);
  assert.throws(() => runs.where({ a: "1" }), /No run has a=1/);
});

Deno.test("asking for runs that there are not says what was asked for and what there is", () => {
  assert.throws(
    () => grid.where({ lambda: 0.5, model: "lru" }),
    /^Error: No run has lambda=0\.5\/model=lru; in the grid lambda is 0\.36, 0\.96; model is lru, fir\.$/,
  );
  // Each of them is there, but not together.
  assert.throws(() => grid.where({ model: "lru" }).where({ result: "baseline" }), /No run has/);
  assert.throws(() => grid.where({ lambda: 0.96 }).where({ lambda: 0.36 }), /No run has/);
});

Deno.test("a tag that no run has is an error wherever it is asked for", () => {
  const message =
    /No run of the grid has a tag "lamda"; the tags are lambda, seed, result, model\./;
  assert.throws(() => grid.where({ lamda: 0.36 }), message);
  assert.throws(() => grid.tagsOf("lamda"), message);
  assert.throws(() => grid.each("lamda", () => 0), message);
  assert.throws(() => grid.where({ constructor: 1 }), /a tag "constructor"/);
});

Deno.test("values of a tag are ascending as numbers, in the order of the grid as text", () => {
  assert.deepEqual(grid.tagsOf("lambda"), [0.36, 0.96]);
  assert.deepEqual(grid.tagsOf("seed"), [2, 10]);
  assert.deepEqual(grid.tagsOf<string>("model"), ["lru", "fir"]);
  assert.deepEqual(grid.where({ result: "baseline" }).tagsOf("model"), []);
  assert.deepEqual(grid.where({ lambda: 0.96, seed: 10 }).tagsOf("seed"), [10]);
  assert.deepEqual(runsOf({ p: 16 }, { p: 2 }, { p: 0.5 }, { p: 2 }).tagsOf("p"), [0.5, 2, 16]);
});

Deno.test("each system has one number, in the same order whatever the order of the grid", () => {
  const place = (run: Run) => run.scalars.at;
  const lru = grid.where({ lambda: 0.96, model: "lru" }).each("seed", place);
  assert.deepEqual(lru, {
    tag: "seed",
    at: [2, 10],
    values: [4, 1],
    runs: [
      "lambda=0.96/model=lru/result=one-step/seed=2",
      "lambda=0.96/model=lru/result=one-step/seed=10",
    ],
  });
  // Where a system was asked for, that one is all.
  const one = grid.where({ lambda: 0.96, model: "lru", seed: 10 }).each("seed", place);
  assert.deepEqual([one.at, one.values], [[10], [1]]);
});

Deno.test("a system without its run, or with two, stops the table", () => {
  const one = (seed: number, model = "lru") => ({ model, seed });
  const half = runsOf(one(0), one(1), one(0, "fir"));
  assert.throws(
    () => half.where({ model: "fir" }).each("seed", () => 0),
    /^Error: No run has model=fir\/seed=1; among those like it are model=fir\/seed=0\.$/,
  );
  const twice = runsOf({ ...one(0), free: true }, { ...one(0), free: false });
  assert.throws(
    () => twice.where({ model: "lru" }).each("seed", () => 0),
    /^Error: 2 runs have model=lru\/seed=0, where one is meant: free=true\/model=lru\/seed=0, free/,
  );
  assert.throws(() => twice.one(), /^Error: 2 runs have any tags, where one is meant/);
  assert.equal(twice.where({ free: false }).one().scalars.at, 1);
});
