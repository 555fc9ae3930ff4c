/** @file Which cells are drawn: of every family and table, without favour within one, and within a budget. */
import assert from "node:assert/strict";
import { type Candidate, draw, madeFrom } from "../../../../pipeline/commands/replicate/sample.ts";
import type { JobRecord } from "../../../../pipeline/publish/source.ts";

const candidate = (family: string, experiment: string, row: number, ...jobs: string[]) =>
  ({
    ...{ family, jobs: () => new Set(jobs) },
    cell: { experiment, row, column: "gap", cell: { value: 0, runs: [] } },
  }) satisfies Candidate;

const table = (family: string, experiment: string, length: number) =>
  Array.from(
    { length },
    (_, row) => candidate(family, experiment, row, `${experiment}${row}`, experiment),
  );

const named = ({ taken }: { taken: Candidate[] }) =>
  taken.map(({ cell: { experiment, row } }) => `${experiment}${row}`);
const free = { seconds: () => 0 };

Deno.test("families take turns, in a family its tables, until one has no more", () => {
  const cells = [...table("f", "a", 10), ...table("f", "b", 2), ...table("g", "c", 1)];
  const firsts = new Set<string>();
  for (let seed = 0; seed < 20; seed++) {
    const drawn = named(draw(cells, { count: 7, seed, ...free }));
    assert.equal(new Set(drawn).size, 7);
    const tables = drawn.map(([table]) => table);
    assert.equal(tables.indexOf("c") < 2, true, "one of the first two is of the other family");
    const inF = tables.filter((name) => name !== "c");
    assert.equal(new Set(inF.slice(0, 2)).size, 2);
    assert.equal(new Set(inF.slice(2, 4)).size, 2);
    assert.deepEqual(inF.slice(4), ["a", "a"]);
    firsts.add(tables[0]);
    assert.deepEqual(drawn, named(draw(cells, { count: 7, seed, ...free })));
  }
  assert.deepEqual([...firsts].sort(), ["a", "b", "c"]);
  assert.equal(draw(cells, { count: 13, seed: 1, ...free }).taken.length, 13);
  assert.throws(
    () => draw(cells, { count: 14, seed: 1, ...free }),
    /--sample 14: 13 published cells have an interval/,
  );
});

Deno.test("within a table every cell is drawn as often in the long run", () => {
  const cells = [...table("f", "a", 6), ...table("f", "b", 6)];
  const often = new Map<string, number>();
  for (let seed = 0; seed < 600; seed++) {
    for (const name of named(draw(cells, { count: 4, seed, ...free }))) {
      often.set(name, (often.get(name) ?? 0) + 1);
    }
  }
  // 200 are expected of each, give or take 12 (binomial): five standard deviations.
  assert.equal(often.size, 12);
  for (const times of often.values()) assert.ok(Math.abs(times - 200) < 60, String(times));
});

Deno.test("what a sample takes is that of its jobs, each once, and stays within the budget", () => {
  const cells = [
    candidate("f", "a", 0, "shared", "p"),
    candidate("f", "a", 1, "shared", "q"),
    candidate("f", "a", 2, "dear"),
    candidate("g", "b", 0, "dear"),
  ];
  const cost: Record<string, number> = { shared: 10, p: 1, q: 2, dear: 14 };
  const seconds = (job: string) => cost[job];
  for (let seed = 0; seed < 8; seed++) {
    const drawn = (budget?: number) => draw(cells, { count: 4, seed, budget, seconds });
    const all = drawn();
    assert.deepEqual([all.taken.length, all.seconds, all.dear.size], [4, 27, 0]);
    assert.equal(drawn(27).taken.length, 4, "the budget may be used up");
    const some = drawn(13);
    assert.deepEqual(named(some).sort(), ["a0", "a1"]);
    assert.equal(some.seconds, 13);
    assert.deepEqual([...some.dear].sort(), [["f", 1], ["g", 1]]);
    assert.deepEqual(named(drawn(11)), ["a0"]);
    assert.deepEqual(drawn(9).taken, []);
  }
  // What is not drawn any more counts for nothing.
  assert.equal(draw(cells.slice(0, 2), { count: 1, seed: 1, budget: 13, seconds }).dear.size, 0);
});

Deno.test("a cell is made from its jobs and all that those were made from", () => {
  const job = (key: string, ...inputs: (string | null)[]) =>
    ({ key, inputs: inputs.map((job) => ({ name: "x", job, content: "c" })) }) as JobRecord;
  const all = madeFrom({
    jobs: [job("score", "model", "data"), job("model", "data"), job("data", null), job("other")],
  });
  assert.deepEqual([...all(["score"])].sort(), ["data", "model", "score"]);
  assert.deepEqual([...all(["data", "gone"])].sort(), ["data", "gone"]);
  assert.deepEqual([...all([])], []);
});
