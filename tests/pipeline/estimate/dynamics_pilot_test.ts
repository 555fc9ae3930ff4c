/** @file Studies are measured whole, one for all seeds. */
import assert from "node:assert/strict";
import { pilot } from "../../../pipeline/estimate/pilots/dynamics.ts";

Deno.test("seeds of one study share a pilot, other options do not", () => {
  const params = { study: { name: "step_law", options: { depth: 2 } }, seed: 3 };
  const { class: own, units, of, params: run } = pilot(params);
  assert.deepEqual([units, of, run], [1, 1, params]);
  assert.deepEqual(pilot({ ...params, seed: 4 }).class, own);
  const other = { ...params, study: { name: "step_law", options: { depth: 3 } } };
  assert.notDeepEqual(pilot(other).class, own);
});
