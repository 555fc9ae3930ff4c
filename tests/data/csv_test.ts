/** @file Tables from text: delimiter, header, comments and blank lines, and every flaw by its line. */
import assert from "node:assert/strict";
import { readCells, type TableOptions } from "../../lib/data/csv.ts";
import { refused } from "./refused.ts";

const read = (text: string, options?: TableOptions) => readCells(text, "f.csv", options);

Deno.test("cells: delimiters of every kind give the same rows", () => {
  const lines = [["a", "b"], ["1", "2.5"], ["3", "-4"], ["5", "6e3"]];
  for (const delimiter of [",", ";", "\t", "|", " "]) {
    const cells = read(lines.map((line) => line.join(delimiter)).join("\n") + "\n");
    assert.deepEqual(cells.header, lines[0], delimiter);
    assert.deepEqual(cells.rows, lines.slice(1), delimiter);
    assert.equal(cells.delimiter, delimiter);
  }
  assert.deepEqual(read("  a   b\n 10  2\n  3 40\n").rows, [["10", "2"], ["3", "40"]]);
  assert.deepEqual(read("a!b\n1!2\n", { delimiter: "!" }).rows, [["1", "2"]]);
  assert.deepEqual(read("a,b\n1,2\n", { delimiter: "semicolon" }).header, ["a,b"]);
});

Deno.test("cells: the delimiter is not what stands inside quotes or marks decimals", () => {
  const quoted = read('"date";"load, kW, net";"t, C"\n2024-01-01;10.5;1\n2024-01-02;11.5;2\n');
  assert.deepEqual(quoted.header, ["date", "load, kW, net", "t, C"]);
  assert.equal(quoted.delimiter, ";");
  assert.equal(read("x;y\n1,5;2,5\n1,6;2,6\n").delimiter, ";");
  assert.equal(read("x\ty\n1,5\t2,5\n1,6\t2,6\n").delimiter, "\t");
  assert.equal(read("date,v\n2024-01-01 10:00,1\n2024-01-01 11:00,2\n").delimiter, ",");
  assert.deepEqual(read('a,b\n"1,5",2\n').rows, [["1,5", "2"]]);
  assert.deepEqual(read('a,b\n"say ""x""",2\n').rows, [['say "x"', "2"]]);
});

Deno.test("cells: a sep= line, comments and blank lines are no rows, and are named", () => {
  const sep = read("sep=;\nday;v\n2024-01-01;1\n");
  assert.deepEqual([sep.delimiter, sep.header, sep.line(0)], [";", ["day", "v"], 3]);
  const cells = read("# station 7\n\n// kW\na,b\n1,2\n\n \n3,4\n\n");
  assert.deepEqual(cells.rows, [["1", "2"], ["3", "4"]]);
  assert.deepEqual([cells.line(0), cells.line(1)], [5, 8]);
  assert.deepEqual(cells.leftOut, ["2 comments (lines 1, 3)", "4 blank lines (lines 2, 6-7, 9)"]);
  assert.deepEqual(cells.found, ["commas", "header in line 4"]);
  // Of numpy.savetxt: the names are in the comment.
  assert.deepEqual(read("# a b\n1 2\n3 4\n").header, ["a", "b"]);
});

Deno.test("cells: in one column a blank line is an empty cell but at the end, quoted or not", () => {
  for (const name of ["load", '"load"']) {
    const cells = read(`${name}\n1\n\n2\n\n`);
    assert.deepEqual(cells.rows, [["1"], [""], ["2"]], name);
    assert.deepEqual([cells.line(1), cells.line(2)], [3, 4]);
    assert.deepEqual(cells.leftOut, ["1 blank line (line 5)"]);
  }
});

Deno.test("cells: lines are those of the file also where cells hold line breaks", () => {
  const cells = read('"a\nb",c\n"1\n\n2",3\n4,5\n');
  assert.deepEqual(cells.header, ["a\nb", "c"]);
  assert.deepEqual([cells.line(0), cells.line(1)], [3, 6]);
});

Deno.test("cells: the first line is data where it looks like the others", () => {
  const cases: [string, string[] | undefined][] = [
    ["10.5,2\n11.5,3\n", undefined],
    ["2024-01-01,5\n2024-01-02,6\n", undefined],
    ["2024-01-01,NA\n2024-01-02,6\n", undefined],
    ["A,2024-01-01,5\nB,2024-01-02,6\n", undefined],
    ["7\n8\n9\n", undefined],
    ["date,5\n2024-01-02,6\n", ["date", "5"]],
    // Numbers of sensors: whole, different, and outside of what is measured.
    ["773869,767541\n64.3,67.6\n62.6,68.5\n", ["773869", "767541"]],
    ["date,0,1\n2024-01-02,6,7\n", ["date", "0", "1"]],
    [",v\n0,1.5\n1,2.5\n", ["column 1", "v"]],
  ];
  for (const [text, header] of cases) {
    const cells = read(text);
    const rows = text.trim().split("\n").length - (header ? 1 : 0);
    assert.equal(cells.rows.length, rows, text);
    const places = cells.rows[0].map((_, j) => `column ${j + 1}`);
    assert.deepEqual(cells.header, header ?? places, text);
    if (!header) assert.ok(cells.found.includes("no header (line 1 is data)"));
  }
  assert.deepEqual(read("a,b\n1,2\n", { header: null }).rows.length, 2);
  assert.deepEqual(read("5,6\n1,2\n", { header: 1 }).header, ["5", "6"]);
  const third = read("Report\n2024\na,b\n1,2\n", { header: 3 });
  assert.deepEqual([third.header, third.line(0)], [["a", "b"], 4]);
  assert.deepEqual(third.leftOut, ["2 lines (lines 1-2)"]);
});

Deno.test("cells: R's row names, a delimiter at the end of every row", () => {
  const named = read('"x" "y"\n"1" 2.5 3\n"2" 4.5 5\n');
  assert.deepEqual(named.header, ["column 1", "x", "y"]);
  assert.ok(named.unnamed.has(0));
  for (const header of ["a,b", "a,b,"]) {
    const cells = read(`${header}\n1,2,\n3,4,\n`);
    assert.deepEqual([cells.header, cells.rows], [["a", "b"], [["1", "2"], ["3", "4"]]]);
    assert.deepEqual(cells.leftOut, ["column 3 (no name, empty)"]);
  }
  refused(
    () => read("a,b\n1,2,\n3,4\n"),
    /f\.csv, line 2: 3 cells, but the header in line 1 has 2/,
  );
});

Deno.test("cells: names are unique, so that every column can be chosen", () => {
  assert.deepEqual(read("a,a,,a (2),\n1,2,3,4,5\n").header, [
    ...["a", "a (3)", "column 3", "a (2)", "column 5"],
  ]);
});

Deno.test("cells: empty files, ragged rows, open quotes and bad options are refused by line", () => {
  const cases: [string, TableOptions, RegExp][] = [
    ["", {}, /f\.csv: the file is empty/],
    ["\n \n", {}, /f\.csv: the file is empty/],
    ["# a\n# b", {}, /nothing but comments/],
    ["a,b\n1,2\n1\n", {}, /f\.csv, line 3: 1 cell, but the header in line 1 has 2/],
    ["a,b\n1,2\n\n3,4,5\n", {}, /line 4: 3 cells, .*correct the row, or remove it/],
    ["a,b\n1,2\nTotal: 3\n", {}, /line 3: 1 cell/],
    ["Title\na,b\n1,2\n", {}, /line 2: 2 cells, .*--header LINE/],
    ['a,b\n1,2\n"1,2\n', {}, /f\.csv, line 3: the quotes do not match: .* never closed/],
    ['a,b\n"1"x,2\n', {}, /f\.csv, line 2: the quotes do not match: .* goes on after/],
    ["a,b\n1,2\n", { delimiter: "ab" }, /the delimiter "ab" is not allowed. Allowed: comma, /],
    ["a,b\n1,2\n", { delimiter: "5" }, /the delimiter "5" is not allowed/],
    ["a,b\n1,2\n", { header: 9 }, /--header 9: the file has 2 lines/],
    ["a,b\n1,2\n", { header: 3 }, /--header 3: the file has 2 lines/],
    ["a,b\n1,2", { header: 3 }, /--header 3: the file has 2 lines/],
  ];
  for (const [text, options, message] of cases) refused(() => read(text, options), message, text);
});

Deno.test("cells: a header that is one name short is one of row names only where nothing else can be meant", () => {
  const rows = (line: (i: number) => string) => Array.from({ length: 9 }, (_, i) => line(i));
  const text = (header: string, line: (i: number) => string) => [header, ...rows(line)].join("\n");
  const width = (header: string, line: (i: number) => string) =>
    read(text(header, line)).header.length;
  assert.equal(width("a,b", (i) => `${i + 1},${i}.5,${i * i}`), 3, "counted");
  assert.equal(width("a,b", (i) => `s${i},${i}.5,${i * i}`), 3, "named");
  assert.equal(width("a", (i) => `2020-01-0${i + 1},${i}.5`), 2, "dates");
  assert.equal(
    width("date load", (i) => `2020-01-01 0${i}:00 ${i}`),
    3,
    "cut between day and time",
  );
  assert.equal(width("date,load", (i) => `${i + 1},2020-01-0${i + 1},5`), 3, "dates after a count");
  // A decimal comma, thousands, or a last column without a name.
  for (const rest of ["17,25", "1,250", "3.5,4.5"]) {
    refused(
      () => read(text("date,load", (i) => `2020-01-0${i + 1},${rest}`)),
      /line 2: 3 cells, but the header in line 1 has 2.*If commas are decimal marks/,
    );
  }
  const single = text("load", (i) => `${30 + i},${50 + i}`);
  refused(
    () => read(single),
    /2 cells, but .* has 1.*If it is a decimal mark: --delimiter semicolon/,
  );
  assert.deepEqual(read(single, { delimiter: "semicolon" }).rows[0], ["30,50"]);
  refused(() => read(text("a,b", (i) => `${i % 3},${i}.5,${i}`)), /3 cells, but .* has 2/);
});
