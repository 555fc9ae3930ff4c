/** @file DuckDB's sniffer as a second opinion on plain files: the same delimiter, header, names and numbers. */
import assert from "node:assert/strict";
import { DuckDBInstance } from "@duckdb/node-api";
import { readCells } from "../../lib/data/csv.ts";
import { readSeries } from "../../lib/data/series.ts";
import { keyOf, uniforms } from "../../lib/random/random.ts";

const folder = Deno.makeTempDirSync();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const random = uniforms(keyOf(3), 4000);
const number = (i: number) => ((random[i % 4000] - 0.5) * 10 ** (i % 5)).toFixed(i % 4 + 1);
const day = (i: number) => new Date(Date.UTC(2020, 0, 1 + i)).toISOString().slice(0, 10);

/** Files as they are mostly written. */
function files(): string[] {
  const out: string[] = [];
  for (const delimiter of [",", ";", "\t", "|"]) {
    for (const header of [true, false]) {
      for (const dated of [true, false]) {
        for (const columns of [2, 5]) {
          const names = Array.from({ length: columns }, (_, j) => `col_${j}`);
          const rows = Array.from({ length: 60 }, (_, i) => [
            ...(dated ? [day(i)] : []),
            ...names.map((_, j) => number(7 * i + j + columns)),
          ]);
          const all = header ? [[...(dated ? ["date"] : []), ...names], ...rows] : rows;
          out.push(all.map((row) => row.join(delimiter)).join("\n") + "\n");
          if (header) {
            out.push(all.map((row) => row.map((c) => `"${c}"`).join(delimiter)).join("\n"));
          }
        }
      }
    }
  }
  return out;
}

Deno.test("sniffer: delimiter, header, names and numbers as DuckDB finds them", async () => {
  const database = await DuckDBInstance.create(":memory:");
  const connection = await database.connect();
  let compared = 0;
  for (const [n, text] of files().entries()) {
    const path = `${folder}/${n}.csv`;
    Deno.writeTextFileSync(path, text);
    const sniffed = (await connection.runAndReadAll(
      `SELECT Delimiter AS delimiter, HasHeader AS header FROM sniff_csv('${path}')`,
    )).getRowObjects()[0];
    const cells = readCells(text, path);
    assert.equal(cells.delimiter, sniffed.delimiter, text.slice(0, 80));
    const read = await connection.runAndReadAll(`SELECT * FROM read_csv('${path}')`);
    const named = cells.unnamed.size === 0;
    assert.equal(named, sniffed.header, text.slice(0, 80));
    if (named) assert.deepEqual(cells.header, read.columnNames());
    const series = readSeries(text, path);
    const numbers = read.getColumns().slice(-series.columns.length).map((column) =>
      column.map(Number)
    );
    assert.deepEqual(series.channels.map((values) => [...values]), numbers, text.slice(0, 80));
    compared++;
  }
  assert.equal(compared, 48);
  connection.closeSync();
  database.closeSync();
});
