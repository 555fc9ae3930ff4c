/** @file What the SQL page makes of values and of text, without a browser. */
import assert from "node:assert/strict";
import { csvText, isNumeric, shownValue, statementsOf } from "../../site/sql/shown.js";

/** 128 bits as Arrow stores them. */
function words(value: bigint): Uint32Array {
  const all = BigInt.asUintN(128, value);
  return Uint32Array.from([0, 1, 2, 3], (i) => Number((all >> BigInt(32 * i)) & 0xffffffffn));
}

Deno.test("a decimal has all its digits, whatever its sign and size", () => {
  const shown = (value: bigint, scale: number) => shownValue(words(value), { typeId: 7, scale });
  assert.equal(shown(960n, 3), "0.960");
  assert.equal(shown(-5n, 2), "-0.05");
  assert.equal(shown(0n, 1), "0.0");
  assert.equal(shown(42n, 0), "42");
  assert.equal(shown(123456789012345678901234567890n, 5), "1234567890123456789012345.67890");
  assert.equal(shown(-123456789012345678901234567890n, 0), "-123456789012345678901234567890");
});

Deno.test("dates, times and intervals are written as such", () => {
  const day = Date.UTC(2024, 1, 29);
  assert.equal(shownValue(day, { typeId: 8 }), "2024-02-29");
  assert.equal(shownValue(new Date(day), { typeId: 8 }), "2024-02-29");
  assert.equal(shownValue(day + 3_723_004, { typeId: 10 }), "2024-02-29 01:02:03.004");
  assert.equal(shownValue(day, { typeId: 10 }), "2024-02-29 00:00:00");
  assert.equal(shownValue(3_723_000_000n, { typeId: 9, unit: 2 }), "01:02:03");
  assert.equal(shownValue(Int32Array.of(14, 1, 0, 0), { typeId: 11 }), "1 year 2 months 1 day");
  assert.equal(shownValue(Int32Array.of(0, 0, 0, 0), { typeId: 11 }), "00:00:00");
});

Deno.test("other values are themselves, and NULL is nothing", () => {
  assert.equal(shownValue(null, { typeId: 2 }), "");
  assert.equal(shownValue(undefined, { typeId: 7, scale: 2 }), "");
  assert.equal(shownValue(0, { typeId: 3 }), "0");
  assert.equal(shownValue(12n, { typeId: 2 }), "12");
  assert.equal(shownValue("a", { typeId: 5 }), "a");
  assert.equal(shownValue({ a: 1n }, { typeId: 13 }), '{"a":1}');
  assert.deepEqual([2, 3, 7, 5, 8].map((typeId) => isNumeric({ typeId })), [
    true,
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("statements end at semicolons that stand in no string, name or comment", () => {
  assert.deepEqual(statementsOf("SELECT 1; SELECT 2;"), ["SELECT 1", "SELECT 2"]);
  assert.deepEqual(statementsOf(`SELECT ';', ";" -- a; b\n, 'it''s;' /* ; */`), [
    `SELECT ';', ";" -- a; b\n, 'it''s;' /* ; */`,
  ]);
  assert.deepEqual(statementsOf("SELECT 1 - 2 / 3; -- end"), ["SELECT 1 - 2 / 3"]);
  assert.deepEqual(statementsOf(" ; -- nothing\n;"), []);
});

Deno.test("a result is saved as CSV that reads back", () => {
  assert.equal(
    csvText(["a", "a"], [["1", 'x "y", z'], ["", "l\nm"]]),
    'a,a\r\n1,"x ""y"", z"\r\n,"l\nm"\r\n',
  );
  assert.equal(csvText(["a"], []), "a\r\n");
});
