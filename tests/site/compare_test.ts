/** @file Two runs side by side, cell by cell, with differences that can be computed by hand. */
import assert from "node:assert/strict";
import { agreementOf, compared, type Tables } from "../../site/compare.ts";
import type { CellResult, ExperimentResult } from "../../site/results.ts";

const label = (text: string): CellResult => ({
  ...{ kind: "label", value: null, low: null, high: null, n: null, text, interval: null, runs: [] },
});
/** An interval of 95 % whose standard error is `error`. */
const cell = (value: number, error: number): CellResult => ({
  ...label(String(value)),
  ...{ kind: "measured", value, low: value - 1.96 * error, high: value + 1.96 * error },
  interval: error ? `[± ${error}]` : null,
});
const exact = (value: number): CellResult => ({ ...label(String(value)), kind: "measured", value });

const table = (id: string, rows: Record<string, CellResult>[]) =>
  ({
    ...{ id, title: `Title of ${id}`, rows: rows.map((row) => new Map(Object.entries(row))) },
    columns: ["model", "loss", "more"].map((id) => ({ id, label: id })),
  }) as unknown as ExperimentResult;
const run = (profile: string, ...experiments: ExperimentResult[]) => ({ profile, experiments });

Deno.test("cells are compared in standard errors, both intervals taken together", () => {
  const here = table("e", [
    { model: label("a"), loss: cell(1, 3), more: cell(5, 1) },
    { model: label("b"), loss: cell(0, 0.3), more: exact(4) },
    { model: label("c"), loss: exact(1), more: cell(1, 0.1) },
    { model: label("only here"), loss: cell(0, 1) },
  ]);
  const there = table("e", [
    { model: label("b"), loss: cell(1, 0.4), more: exact(5) },
    { model: label("a"), loss: cell(11, 4), more: cell(4, Math.sqrt(3)) },
    { model: label("c"), loss: cell(9, 1), more: exact(9) },
    { model: label("only there"), loss: cell(0, 1) },
  ]);
  const { experiments, ...all } = compared(run("quick", here), run("standard", there) as Tables);
  assert.deepEqual(all, { here: "quick", there: "standard", agree: 1, of: 3 });
  const [{ id, agree, of, cells }] = experiments;
  assert.deepEqual([id, agree, of], ["e", 1, 3]);
  assert.deepEqual(cells.map(({ row, column, apart }) => [row, column, apart.toFixed(6)]), [
    ["a", "loss", "-2.000000"],
    ["b", "loss", "-2.000000"],
    ["a", "more", "0.500000"],
  ]);
  assert.deepEqual([cells[2].here, cells[1].there], [
    { text: "5", interval: "[± 1]" },
    { text: "1", interval: "[± 0.4]" },
  ]);
});

Deno.test("what cannot be compared is left out: other tables, rows of one name, NaN, labels, no interval", () => {
  const twice = table("e", [
    { model: label("a"), loss: cell(1, 1) },
    { model: label("a"), loss: cell(2, 1) },
    { model: label("b"), loss: cell(NaN, 1), more: exact(1) },
    { model: label("c"), loss: label("text") },
  ]);
  const none = compared(run("quick", twice, table("f", [])), run("standard", twice) as Tables);
  assert.deepEqual([none.experiments, none.agree, none.of], [[], 0, 0]);
});

Deno.test("of many cells those are listed that lie furthest apart", () => {
  const rows = (shift: number) =>
    Array.from({ length: 60 }, (_, i) => ({ model: label(`m${i}`), loss: cell(i * shift, 1) }));
  const [{ of, agree, cells }] =
    compared(run("q", table("e", rows(1))), run("s", table("e", rows(0))) as Tables).experiments;
  assert.deepEqual([of, cells.length, cells[0].row, cells[39].row], [60, 40, "m59", "m20"]);
  assert.equal(agree, 3, "0, 1 and 2 over the root of 2 standard errors");
});

Deno.test("the smaller run is told beside the larger one, on the pages of either", () => {
  const counts = { agree: 3, of: 4 };
  const sentence =
    "The quick run agrees with the standard one on 3 of the 4 cells that have an interval in both";
  assert.equal(agreementOf({ here: "standard", there: "quick", ...counts }), sentence);
  assert.equal(agreementOf({ here: "quick", there: "standard", ...counts }), sentence);
  assert.match(
    agreementOf({ here: "paper", there: "standard", ...counts }),
    /^The standard run .* the paper one/,
  );
});
