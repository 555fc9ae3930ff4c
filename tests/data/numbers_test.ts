/** @file Numbers: which texts are one, in which format, and what is said of the others. */
import assert from "node:assert/strict";
import {
  explainNumber,
  findFormat,
  type NumberFormat,
  parseNumber,
  statedFormats,
} from "../../lib/data/numbers.ts";
import { readSeries } from "../../lib/data/series.ts";
import { refused } from "./refused.ts";

const point: NumberFormat = { decimal: "." }, comma: NumberFormat = { decimal: "," };

Deno.test("numbers: digits, a sign, a point, an exponent, and nothing that only JavaScript reads", () => {
  const numbers: [string, number][] = [
    ...[["1", 1], ["-0.5", -0.5], ["+7", 7], [".5", 0.5], ["5.", 5], [" 8 ", 8]],
    ...[["1e5", 1e5], ["1.5E-3", 0.0015], ["−3.25", -3.25], ["0", 0], ["0.00", 0], ["007", 7]],
    ...[["5e-324", 5e-324], ["1.7976931348623157e308", Number.MAX_VALUE]],
  ] as [string, number][];
  for (const [text, value] of numbers) assert.equal(parseNumber(text, point), value, text);
  const none =
    "|0x1F| 0x1f|-0x1|0b1|0o7|Infinity|-inf|NaN|1_000|1,5|1.2.3|e5|1d|1e|--1|1e999|1e-400|1 2|½|٣";
  for (const text of none.split("|")) assert.ok(Number.isNaN(parseNumber(text, point)), text);
});

Deno.test("numbers: a decimal comma, and thousands that are named", () => {
  assert.equal(parseNumber("-12,5", comma), -12.5);
  assert.equal(parseNumber("1,5e3", comma), 1500);
  for (const text of ["1.5", "1,2,3", "1.234,5", "0x1F"]) {
    assert.ok(Number.isNaN(parseNumber(text, comma)), text);
  }
  const cases: [string, NumberFormat, number][] = [
    ["10,345.58", { decimal: ".", thousands: "," }, 10345.58],
    ["1,234,567", { decimal: ".", thousands: "," }, 1234567],
    ["12,34,567", { decimal: ".", thousands: "," }, 1234567],
    ["-1.234,5", { decimal: ",", thousands: "." }, -1234.5],
    ["1 234,5", { decimal: ",", thousands: " " }, 1234.5],
    ["1\u202f234", { decimal: ",", thousands: " " }, 1234],
    ["1’234.5", { decimal: ".", thousands: "'" }, 1234.5],
    ["12", { decimal: ".", thousands: "," }, 12],
    ["1.5e3", { decimal: ".", thousands: "," }, 1500],
    ["1,23", { decimal: ".", thousands: "," }, NaN],
    ["1234,567", { decimal: ".", thousands: "," }, NaN],
    ["1.5,000", { decimal: ".", thousands: "," }, NaN],
  ];
  for (const [text, format, value] of cases) assert.equal(parseNumber(text, format), value, text);
});

const found = (...cells: string[]) =>
  findFormat({
    rows: cells.map((cell) => [cell]),
    columns: [0],
    isMissing: (cell) => cell === "NA",
    place: (i) => ({ file: "f", line: i + 2, column: "v" }),
  });

Deno.test("numbers: the decimal mark by evidence, and no guess where there is none", () => {
  assert.deepEqual(found("12,5", "10,345"), comma);
  assert.deepEqual(found("NA", "0,125"), comma);
  assert.deepEqual(found("1234,567"), comma);
  assert.deepEqual(found("12.5", "warm"), point);
  const place = /^f, line 3, column "v": /;
  const cases: [string[], RegExp][] = [
    [
      ["1", "10,345"],
      /"10,345" may be 10345 .* or 10\.345 .*--thousands comma, or --decimal comma/,
    ],
    [["1.5", "10,345"], /"10,345" has thousands separators \(comma\).*--thousands comma/],
    [["1", "10,345.58"], /has thousands separators \(comma\)/],
    [["1", "10.345,58"], /has thousands separators \(point\).*--thousands point/],
    [["1", "1,234,567"], /has thousands separators \(comma\)/],
    [["1", "10 345"], /has thousands separators \(space\)/],
    [["1", "10'345.5"], /has thousands separators \(apostrophe\)/],
    [["2.5", "1,5"], /"1,5" has a decimal comma, but "2\.5" in line 2 a decimal point/],
  ];
  for (const [cells, message] of cases) {
    refused(() => found(...cells), place);
    refused(() => found(...cells), message);
  }
});

Deno.test("numbers: flags by sign or by name, and what they may be", () => {
  assert.deepEqual(statedFormats("f", { decimal: "comma" }), [comma]);
  assert.deepEqual(statedFormats("f", { thousands: "point" }), [{ decimal: ",", thousands: "." }]);
  assert.deepEqual(statedFormats("f", { thousands: "," }), [{ decimal: ".", thousands: "," }]);
  assert.deepEqual(statedFormats("f", {}), []);
  assert.deepEqual(statedFormats("f", { thousands: "space" }).map(({ decimal }) => decimal), [
    ".",
    ",",
  ]);
  refused(() => statedFormats("f", { decimal: ";" }), /the decimal mark ";": allowed are \. and ,/);
  refused(() => statedFormats("f", { thousands: "x" }), /separator "x": allowed are comma \(,\), /);
  refused(() => statedFormats("f", { decimal: ",", thousands: "," }), /cannot be both/);
});

Deno.test("numbers: advice fits what is wrong", () => {
  const cases: [string, RegExp][] = [
    ["", /^an empty cell\. .*--missing ''/],
    ["?", /^"\?" is not a finite number\. .*--missing '\?'/],
    ["NaN", /--missing 'NaN'/],
    ["5 %", /percent/],
    ["$5", /currency/],
    ["5€", /currency/],
    ["5 kW", /Remove the units/],
    ["5°C", /Remove the units/],
    ["(5)", /minus sign/],
    ["0x1F", /Only decimal digits/],
    ["1e999", /A double holds/],
    ["1,5", /decimal point and no thousands separators/],
    ["warm", /in this row: a,b\) with --columns, .*--missing "warm"/],
  ];
  for (const [cell, message] of cases) {
    assert.match(explainNumber(cell, point, ["a", "b"]), message, cell);
  }
  assert.match(explainNumber("warm", point, []), /Expected columns of numbers/);
});

Deno.test("numbers: where thousands are separated by a space, either mark may be the decimal one", () => {
  const read = (
    cells: string[],
  ) => [
    ...readSeries(["day;v", ...cells.map((c, i) => `2020-01-0${i + 1};${c}`)].join("\n"), "f", {
      thousands: "space",
    }).channels[0],
  ];
  assert.deepEqual(read(["1 000", "1\u202f000,5", "0,25"]), [1000, 1000.5, 0.25]);
  assert.deepEqual(read(["1 000", "1\u00a0000.5", "0.25"]), [1000, 1000.5, 0.25]);
  refused(() => read(["1 000", "1,5", "2.5"]), /line 4, column "v": "2\.5" is not a finite number/);
});
