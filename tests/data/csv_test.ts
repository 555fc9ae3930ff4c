import assert from "node:assert/strict";
import { detectDelimiter, readCells } from "../../lib/data/csv.ts";
import { DataError } from "../../lib/data/data_error.ts";

Deno.test("cells: plain, quoted, CRLF, semicolons and tabs give the same rows", () => {
  const plain = readCells("a,b\n1,2\n3,4\n", "f.csv");
  assert.deepEqual(plain.rows, [["1", "2"], ["3", "4"]]);
  for (const text of ["a;b\n1;2\n3;4", "a\tb\n1\t2\n3\t4\n\n", '"a","b"\n"1","2"\n3,4\n']) {
    const cells = readCells(text, "f.csv");
    assert.deepEqual(cells.header, ["a", "b"], text);
    assert.deepEqual(cells.rows, plain.rows, text);
  }
  assert.deepEqual(readCells("a,b\r\n1,2\r\n", "f.csv").rows.map((r) => r.map(Number)), [[1, 2]]);
  assert.equal(detectDelimiter("a,b;c"), ",");
});

Deno.test("cells: row numbers count the header and skipped blank lines", () => {
  const cells = readCells("a,b\n1,2\n\n3,4\n", "f.csv");
  assert.equal(cells.rows.length, 2);
  assert.equal(cells.rowNumber(0), 2);
  assert.equal(cells.rowNumber(1), 4);
});

Deno.test("cells: a quoted comma stays inside its cell", () => {
  assert.deepEqual(readCells('a,b\n"1,5",2\n', "f.csv").rows, [["1,5", "2"]]);
});

Deno.test("cells: empty file, duplicate names, ragged rows and open quotes are refused by place", () => {
  const cases: [string, RegExp][] = [
    ["", /f\.csv: the file is empty/],
    ["\n \n", /f\.csv: the file is empty/],
    ["a,b,a\n1,2,3\n", /f\.csv, row 1, column "a": this name heads columns 1 and 3/],
    ["a,b\n1,2\n1\n", /f\.csv, row 3: 1 cells, but the header has 2/],
    ["a,b\n1,2,3\n", /f\.csv, row 2: 3 cells, but the header has 2/],
    ['a,b\n"1,2\n', /f\.csv: the quotes do not match/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => readCells(text, "f.csv"), (error) => {
      assert.ok(error instanceof DataError);
      assert.match(error.message, message);
      return true;
    });
  }
});
