/** @file Which cells there are, which runs they need, and how a number that came again is judged. */
import assert from "node:assert/strict";
import {
  cellsOf,
  compare,
  find,
  nameOf,
  sameRow,
} from "../../../../pipeline/commands/replicate/cells.ts";
import {
  neededRuns,
  runsOf,
  standIns,
  type TableRun,
} from "../../../../pipeline/commands/replicate/stand_ins.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { ExperimentRecord } from "../../../../pipeline/publish/source.ts";
import type { PublishedRow } from "../../../../pipeline/results.ts";

const terms = [{ coefficient: 1, metric: "m", runs: ["r"], values: [1] }];
const table = (...rows: PublishedRow[]) =>
  ({ meta: { id: "e" }, summary: { rows } }) as unknown as ExperimentRecord;
const measured = (value: number, half?: number) => ({
  ...{ value, runs: ["r"], terms },
  ...(half === undefined ? {} : { low: value - half, high: value + half }),
});

Deno.test("cells are what is made of scores: no labels, no seconds", () => {
  const cells = cellsOf(table(
    { model: "a", gap: measured(1, 1), seconds: { value: 3, runs: ["r"] } },
    { model: "b", gap: measured(2) },
  ));
  assert.deepEqual(cells.map(nameOf), ["e/1/gap", "e/2/gap"]);
  assert.equal(find(cells, "e/2/gap"), cells[1]);
  assert.throws(() => find(cells, "e/3/gap"), /"e\/3\/gap" is no published cell .*e\/[12]\/gap/);
});

Deno.test("equal to the last bit, inside, on the edge, outside, and without an interval", () => {
  const published = measured(2, 0.5);
  assert.equal(compare(published, measured(2, 0.5)), "bytes");
  assert.equal(compare(published, measured(2, 0.25)), "inside");
  for (const value of [1.5, 2.1, 2.5]) {
    assert.equal(compare(published, measured(value, 1)), "inside", String(value));
  }
  for (const value of [1.49, 2.51, NaN, Infinity]) {
    assert.equal(compare(published, measured(value, 5)), "outside", String(value));
  }
  assert.equal(compare(measured(2), measured(2)), "bytes");
  assert.equal(compare(measured(NaN), measured(NaN)), "bytes");
  assert.equal(compare(measured(2), measured(3)), "open");
});

const run = (stage: string, tags: TableRun["tags"], modules = {}, params = {}): TableRun => ({
  name: Object.values(tags).join("/"),
  tags,
  node: { stage: { name: stage }, label: "x", modules, params } as unknown as JobNode,
});

Deno.test("a row is found by its labels, wherever it stands today; of equal ones the one in its place", () => {
  const row = (model: string, size: number, value: number): PublishedRow => ({
    ...{ model, size, gap: measured(value) },
  });
  // Seconds are told by a run today, and were numbers when they were published: neither is a label.
  const [a, b, c] = [row("a", 1, 1), { ...row("a", 2, 2), seconds: measured(3) }, row("b", 1, 3)];
  const seconds = { observed: { name: "seconds" }, runs: ["r"] };
  const today = [row("b", 1, 4), row("a", 1, 5), { ...row("a", 2, 6), seconds }];
  assert.equal(sameRow(a, 0, today), today[1]);
  assert.equal(sameRow(b, 1, today), today[2]);
  assert.equal(sameRow(c, 2, today), today[0]);
  assert.equal(sameRow(row("c", 1, 1), 0, today), undefined);
  const twins = [row("a", 1, 1), row("a", 1, 2)];
  assert.equal(sameRow(a, 1, twins), twins[1]);
  assert.equal(sameRow(a, 2, twins), undefined);
});

Deno.test("of runs that are asked about another task, or given other parameters, one is made too", () => {
  const task = (name: string) => ({ task: { path: name }, model: { path: `model of ${name}` } });
  const known = run("evaluate", { model: "a", seed: 0 }, task("parity"), { batch: 1 });
  const alike = run("evaluate", { model: "b", seed: 0 }, {
    ...task("parity"),
    ...{ model: { path: "b" }, engine: { path: "e" }, "layer lstm": { path: "l" } },
  }, { batch: 7 });
  const asked = [0, 1].map((seed) =>
    run("evaluate", { model: "c", seed }, task("recall"), { batch: 1 })
  );
  const given = run("evaluate", { model: "d", seed: 0 }, task("parity"), { batch: 1, rollout: 2 });
  const all = [known, alike, asked[1], asked[0], given];
  const needed = neededRuns(all, ["a/0"]);
  assert.deepEqual(needed, [known, asked[0], given]);
  assert.deepEqual([...standIns(all, needed).values()], [known, known, asked[0], asked[0], given]);
});

Deno.test("runs that are not made have one of their stage in their place, the most alike", () => {
  const [a0, a1, b0, b1] = ["a", "b"].flatMap((model) =>
    [0, 1].map((seed) => run("evaluate", { model, seed }))
  );
  const [floor0, floor1] = [0, 1].map((seed) => run("reference", { model: "floor", seed }));
  const all = [a0, a1, b0, b1, floor0, floor1];
  // Of the references the one of the same seed.
  const needed = neededRuns(all, ["b/1"]);
  assert.deepEqual(needed, [b1, floor1]);
  const taken = standIns(all, [b0, b1, floor1]);
  assert.deepEqual(all.map((run) => taken.get(run)), [b0, b1, b0, b1, floor1, floor1]);
  assert.throws(() => neededRuns(all, ["c/1"]), /today's table has no run c\/1/);
});

Deno.test("the runs of a table are its inputs with their tags", () => {
  const node = (params: object) =>
    ({
      ...{ label: "e/table", stage: { name: "aggregate" }, params },
      inputs: { "seed=0": { label: "zero" }, "seed=1": { label: "one" } },
    }) as unknown as JobNode;
  const found = runsOf(node({ runs: [{ seed: 0 }, { seed: 1 }] }));
  assert.deepEqual(found.map(({ name, tags, node }) => [name, tags.seed, node.label]), [
    ["seed=0", 0, "zero"],
    ["seed=1", 1, "one"],
  ]);
  assert.throws(
    () => runsOf(node({})),
    /e\/table is made by the stage aggregate, which has no runs/,
  );
});
