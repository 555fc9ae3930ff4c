/**
 * @file The derivative of every operation against central differences, and against jax-js's own, in float64; of every other case of an
 * operation, beginning with its first, the second derivative, too. All of those: tests/long/engine.
 */
import { init } from "@jax-js/jax";
import { elementwiseCases } from "./cases_elementwise.ts";
import { linalgCases } from "./cases_linalg.ts";
import { movementCases } from "./cases_movement.ts";
import { sumCases } from "./cases_sums.ts";
import { checkCase } from "./checked.ts";

await init("wasm");

const groups = { elementwiseCases, movementCases, sumCases, linalgCases };

for (const [group, cases] of Object.entries(groups)) {
  Deno.test(`derivatives agree with differences and with jax-js: ${group}`, async (t) => {
    let seed = 1;
    for (const [op, list] of Object.entries(cases)) {
      for (const [i, c] of list.entries()) {
        await t.step(`${op}: ${c.name}`, () => checkCase(op, c, seed++, i % 2 === 0));
      }
    }
  });
}
