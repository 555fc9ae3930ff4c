/** @file Files with one series a row. */
import assert from "node:assert/strict";
import { readRowSeries } from "../../lib/data/row_series.ts";

Deno.test("rows are series of their own lengths, quoted or not, with any line ends", () => {
  const text = '"V1","V2","V3","V4"\r\n"W1","1.5","2","-3e2"\r\nW2,7,,\r\n';
  const read = (content: string | Uint8Array) =>
    readRowSeries(content, "f.csv").map(({ name, values }) => [name, ...values]);
  const want = [["W1", 1.5, 2, -300], ["W2", 7]];
  assert.deepEqual(read(text), want);
  assert.deepEqual(read(new TextEncoder().encode(text)), want);
});

Deno.test("what is no such file is refused with its line", () => {
  const refused = (rows: string, message: RegExp) =>
    assert.throws(() => readRowSeries("id,1,2\n" + rows, "f.csv"), message);
  refused("a,1\nb,x,2\n", /f\.csv.*line 3.*value 1 of series b is "x"/);
  refused("a,1,,2\n", /line 2.*value 2 of series a is ""/);
  refused("a,1\na,2\n", /line 3.*"a" repeats/);
  refused(",1\n", /line 2.*without a name/);
  refused("a,,\n", /line 2.*series a has no values/);
  refused("", /a header but no rows/);
});
