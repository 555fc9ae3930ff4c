/** @file What the layouts are given to show, from results made by hand. */
import assert from "node:assert/strict";
import type { CellResult, ExperimentResult, JobResult } from "../../site/results.ts";
import { tableView, verdictView } from "../../site/view.ts";
import type { Column } from "../../pipeline/results.ts";

const label = (text: string, value: number | null = null): CellResult => ({
  ...{ kind: "label", value, low: null, high: null, n: null, text, interval: null, runs: [] },
});
const measured = (value: number, more: Partial<CellResult> = {}): CellResult => ({
  ...label(`~${value}`, value),
  kind: "measured",
  ...more,
});

function result(columns: Column[], rows: Record<string, CellResult>[], jobs: JobResult[] = []) {
  return {
    ...{ id: "e", columns, jobs, rows: rows.map((row) => new Map(Object.entries(row))) },
    ...{ outcome: "refuted", rule: "95 % or so", reason: "Only 12.5 %, 7 % and 3 times." },
  } as unknown as ExperimentResult;
}

const lambda: Column = { id: "lambda", label: "λ" };
const model: Column = { id: "model", label: "model", format: "text" };
const loss: Column = { id: "loss", label: "loss", unit: "nats", better: "lower", note: "Of all." };
const rows: Record<string, CellResult>[] = [
  { lambda: label("0.5", 0.5), model: label("a"), loss: measured(1, { interval: "[0, 2]" }) },
  { lambda: label("0.5", 0.5), model: label("a") },
  { lambda: label("0.9", 0.9), model: label("b"), loss: measured(2) },
];

Deno.test("the table shows every cell as it was written, and a dash where there is none", () => {
  const table = tableView(result([lambda, model, loss], rows));
  assert.deepEqual(table.columns, [
    { id: "lambda", label: "λ", unit: undefined, numeric: true },
    { id: "model", label: "model", unit: undefined, numeric: false },
    { id: "loss", label: "loss", unit: "nats", numeric: true },
  ]);
  assert.deepEqual(table.rows.map(({ cells }) => cells.map(({ text }) => text)), [
    ["0.5", "a", "~1"],
    ["0.5", "a", "–"],
    ["0.9", "b", "~2"],
  ]);
  const [first, missing] = table.rows.map(({ cells }) => cells[2]);
  assert.deepEqual(first, {
    ...{ numeric: true, heading: false, repeated: false, missing: false, text: "~1" },
    ...{ interval: "[0, 2]", n: null, source: "provenance/e/1.html#loss" },
  });
  assert.deepEqual([missing.missing, missing.source, missing.interval], [true, null, null]);
  assert.equal(table.rows[0].cells[0].source, null, "a label has no source");
  assert.deepEqual(table.rows.map(({ label }) => label), ["λ 0.5, a", "λ 0.5, a", "λ 0.9, b"]);
});

Deno.test("a first label that repeats the one above does not begin a group, a measured one does", () => {
  const table = tableView(result([lambda, model, loss], rows));
  assert.deepEqual(table.rows.map(({ groupStart }) => groupStart), [false, false, true]);
  assert.deepEqual(table.rows.map(({ cells }) => cells.map((c) => c.repeated)), [
    [false, false, false],
    [true, false, false],
    [false, false, false],
  ]);
  assert.ok(table.rows.every(({ cells }) => cells[0].heading && !cells[1].heading));
  const numbers = tableView(result([loss], [{ loss: measured(1) }, { loss: measured(1) }]));
  assert.deepEqual(numbers.rows.map(({ groupStart }) => groupStart), [false, true]);
  assert.deepEqual(numbers.rows.map(({ label }) => label), ["Row 1", "Row 2"]);
});

Deno.test("columns that name the rows stay in sight, two where the first is narrow", () => {
  const pinned = (columns: Column[], of: Record<string, CellResult>[]) =>
    tableView(result(columns, of)).pinned;
  assert.equal(pinned([lambda, model, loss], rows), 2);
  assert.equal(pinned([model, loss], rows), 1);
  assert.equal(pinned([loss, model], rows), 0);
  assert.equal(pinned([lambda, model], []), 0);
  const named = (text: string) => [{ lambda: label(text), model: label("m") }];
  assert.equal(pinned([lambda, model], named("a".repeat(12))), 2);
  assert.equal(pinned([lambda, model], named("a".repeat(13))), 1);
  // A word of the head cannot be broken either.
  const wide = (head: string) => tableView(result([{ ...lambda, label: head }], named("ab")));
  assert.deepEqual([wide("two words").firstWidth, wide("a").firstWidth], [5, 2]);
});

Deno.test("a table is long beyond 30 rows and broad beyond 9 columns", () => {
  const sized = (rows: number, columns: number) => {
    const ids = Array.from({ length: columns }, (_, i) => ({ id: `c${i}`, label: "c" }));
    const { long, broad } = tableView(result(ids, Array(rows).fill({ c0: label("x") })));
    return [long, broad];
  };
  assert.deepEqual(sized(30, 9), [false, false]);
  assert.deepEqual(sized(31, 10), [true, true]);
});

Deno.test("notes say what is better and what is meant, with one full stop", () => {
  const { notes } = tableView(result([lambda, loss, { ...model, note: "No stop" }, {
    ...{ id: "x", label: "x", better: "higher" },
  }], []));
  assert.deepEqual(notes, [
    { label: "loss", text: "lower is better; Of all." },
    { label: "model", text: "No stop." },
    { label: "x", text: "higher is better." },
  ]);
});

Deno.test("a number keeps its per cent sign in the verdict", () => {
  const view = verdictView(result([], []));
  assert.deepEqual([view.outcome, view.label, view.glyph], ["refuted", "Refuted", "✕"]);
  assert.equal(view.reason, "Only 12.5\u00a0%, 7\u00a0% and 3 times.");
  assert.equal(view.rule, "95\u00a0% or so");
});

Deno.test("a row says how many jobs, which seeds and which commits its numbers came from at once", () => {
  const job = (key: string, seed: number | null, commit: string | null) =>
    ({ key, seed, commit, inputs: [] }) as unknown as JobResult;
  const jobs = [
    job("a", 2, "1".repeat(40)),
    job("b", 0, "1".repeat(40) + "-dirty"),
    job("c", 1, null),
  ];
  const runs = jobs.map(({ key }) => ({ run: key, job: key }));
  const [row, none] = tableView(
    result([lambda, loss], [
      { lambda: label("0.5"), loss: measured(1, { runs: [...runs, runs[0]] }) },
      { lambda: label("0.9") },
    ], jobs),
  ).rows;
  assert.deepEqual([row.jobs, row.seeds, row.commits], [
    3,
    "0 to 2",
    "1111111111, 1111111111-dirty",
  ]);
  assert.deepEqual([none.jobs, none.seeds, none.commits], [0, "", ""]);
});
