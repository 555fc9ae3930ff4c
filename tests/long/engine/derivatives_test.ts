/** @file First and second derivatives of every operation against central differences, and against jax-js's own, in float64. */
import { init } from "@jax-js/jax";
import { elementwiseCases } from "../../engine/derivatives/cases_elementwise.ts";
import { linalgCases } from "../../engine/derivatives/cases_linalg.ts";
import { movementCases } from "../../engine/derivatives/cases_movement.ts";
import { sumCases } from "../../engine/derivatives/cases_sums.ts";
import { checkCase } from "../../engine/derivatives/checked.ts";

await init("wasm");

const groups = { elementwiseCases, movementCases, sumCases, linalgCases };

for (const [group, cases] of Object.entries(groups)) {
  Deno.test(`derivatives agree with differences and with jax-js: ${group}`, async (t) => {
    let seed = 1;
    for (const [op, list] of Object.entries(cases)) {
      for (const c of list) {
        await t.step(`${op}: ${c.name}`, () => checkCase(op, c, seed++, true));
      }
    }
  });
}
