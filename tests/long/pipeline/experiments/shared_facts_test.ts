/** @file `--set` of parameters that stages share, on every experiment: many of them, each a graph of its own. */
import assert from "node:assert/strict";
import { checkShared } from "../../../pipeline/experiments/shared_parameters.ts";

Deno.test("a parameter of several stages of a chain changes in all of them, or the override is refused", () => {
  const counts = checkShared((jobs) => jobs > 100 ? 12 : jobs > 20 ? 4 : 1);
  assert.ok(counts.changed > 50 && counts.refused > 20, JSON.stringify(counts));
});
