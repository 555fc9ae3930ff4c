/** @file What fuzzing found, in its smallest form. */
import assert from "node:assert/strict";
import { decode } from "../../lib/data/text.ts";

Deno.test("found: thousands of blank lines before a table take no time", () => {
  const table = "\n".repeat(20_000) + "a,b\n1,2\n";
  const started = performance.now();
  assert.equal(decode(new TextEncoder().encode(table), "f.csv").text, table);
  assert.ok(performance.now() - started < 60_000);
  for (const arff of ["@relation x\n", "% a\n\n  % b\n\t\n @RELATION x\n"]) {
    assert.throws(() => decode(new TextEncoder().encode(arff), "f.csv"), /an ARFF file/);
  }
});
