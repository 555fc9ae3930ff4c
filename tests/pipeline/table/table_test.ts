/** @file A table made of columns that say how their cells are made. */
import assert from "node:assert/strict";
import { onlyIf, type TableColumn, tableOf } from "../../../pipeline/table/table.ts";

Deno.test("every row has the values of its columns, in their order, and none where there is none", () => {
  const cell = (value: number) => ({ value, runs: ["a"] });
  const double: TableColumn<{ n: number }> = {
    ...{ id: "double", label: "twice", format: "fixed3", note: "2 n" },
    of: ({ n }) => cell(2 * n),
  };
  const table = tableOf([{ n: 1, name: "one" }, { n: 0, name: "" }], [
    { id: "name", label: "name", format: "text", of: ({ name }) => name || undefined },
    onlyIf(({ n }) => n > 0, double),
    { id: "n", label: "n", of: ({ n }) => n },
  ]);
  assert.deepEqual(table, {
    columns: [
      { id: "name", label: "name", format: "text" },
      { id: "double", label: "twice", format: "fixed3", note: "2 n" },
      { id: "n", label: "n" },
    ],
    rows: [{ name: "one", double: cell(2), n: 1 }, { n: 0 }],
  });
  assert.deepEqual(Object.keys(table.rows[0]), ["name", "double", "n"]);
  assert.deepEqual(tableOf([], [double]).rows, []);
});
