/** @file How numbers are written, on both sides of every change of spelling. */
import assert from "node:assert/strict";
import { formatInterval, formatLabel, formatNumber } from "../../../pipeline/publish/format.ts";
import type { ColumnFormat } from "../../../pipeline/results.ts";

/** Numbers and how a column of this format writes them. */
function written(format: ColumnFormat | undefined, cases: [number, string][]) {
  for (const [value, text] of cases) {
    assert.equal(formatNumber(value, format), text, `${value} as ${format}`);
  }
}

Deno.test("a column has as many decimals as its format says", () => {
  written("ratio", [[1.15321, "1.1532"], [1.15326, "1.1533"], [0.99995, "1.0000"], [2, "2.0000"]]);
  written("fixed3", [[0.3704, "0.370"], [-12.5, "−12.500"], [1, "1.000"]]);
  written("percent", [[0.93449, "93.4 %"], [1, "100.0 %"], [-0.5, "−50.0 %"], [2.5, "250.0 %"]]);
  written("integer", [[4096, "4,096"], [0.4, "0"], [0.6, "1"], [-3, "−3"]]);
});

Deno.test("thousands are set apart, on the left of the point only", () => {
  written("integer", [[999, "999"], [1000, "1,000"], [1234567, "1,234,567"], [-1000, "−1,000"]]);
  written("ratio", [[1234.5678, "1,234.5678"], [999.1234, "999.1234"]]);
});

Deno.test("without a format there are four significant digits, and whole numbers as they are", () => {
  for (const format of [undefined, "seconds", "text"] as const) {
    written(format, [
      [0.0123456, "0.01235"],
      [0.5, "0.5000"],
      [9.9999999, "10.00"],
      [9.99, "9.990"],
      [99.994, "99.99"],
      [99.996, "100.0"],
      [1234.4, "1,234"],
      [12345.678, "12,346"],
      [336, "336"],
      [12345, "12,345"],
      [-0.25, "−0.2500"],
      [0, "0"],
    ]);
  }
});

Deno.test("a number too large or too small for its decimals has an exponent", () => {
  written("fixed3", [
    [999999.4, "999,999.400"],
    [1e6, "1.00e6"],
    [-1.5e15, "−1.50e15"],
    [0.0005, "0.001"],
    [0.0004, "4.00e−4"],
    [-3e-6, "−3.00e−6"],
  ]);
  written("ratio", [[0.00006, "0.0001"], [0.00004, "4.00e−5"]]);
  written("integer", [[1e15 - 1, "999,999,999,999,999"], [1e15, "1.00e15"], [1e6, "1,000,000"]]);
  written(undefined, [
    [999999, "999,999"],
    [1e6, "1.00e6"],
    [-1234567.5, "−1.23e6"],
    [0.0001, "0.0001000"],
    [0.000099, "9.90e−5"],
    [-2e-9, "−2.00e−9"],
  ]);
  written("percent", [[9999, "999,900.0 %"], [1e4, "1.00e6 %"]]);
});

Deno.test("a small share may read 0.0 %, and nothing reads as a negative zero", () => {
  written("percent", [[0.0004, "0.0 %"], [-0.0001, "0.0 %"], [0.0006, "0.1 %"], [0, "0.0 %"]]);
  written("ratio", [[-0, "0.0000"], [0, "0.0000"]]);
  written("integer", [[-0, "0"], [-0.4, "0"]]);
  written(undefined, [[-0, "0"]]);
});

Deno.test("what is no finite number says so, without a unit", () => {
  for (const format of ["ratio", "percent", "integer", "seconds", undefined] as const) {
    written(format, [[NaN, "NaN"], [Infinity, "∞"], [-Infinity, "−∞"]]);
  }
});

Deno.test("an interval repeats no unit", () => {
  assert.equal(formatInterval(0.91, 0.952, "percent"), "[91.0, 95.2]");
  assert.equal(formatInterval(-0.25, Infinity, "fixed3"), "[−0.250, ∞]");
  assert.equal(formatInterval(0.5, 20), "[0.5000, 20]");
});

Deno.test("a number that names a row stays as its author wrote it, unless a format is given", () => {
  assert.deepEqual([formatLabel(0.36), formatLabel(12345), formatLabel(0.36, "text")], [
    ..."0.36 12345 0.36".split(" "),
  ]);
  assert.equal(formatLabel(0.36, "percent"), "36.0 %");
  assert.equal(formatLabel(12345, "integer"), "12,345");
});
