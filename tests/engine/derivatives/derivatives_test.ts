/** @file The derivative of every operation against central differences, and against jax-js's own, in float64. */
import { init } from "@jax-js/jax";
import assert from "node:assert/strict";
import { optimised } from "../../../lib/engine/rules/optimised.ts";
import { elementwiseCases } from "./cases_elementwise.ts";
import { linalgCases } from "./cases_linalg.ts";
import { movementCases } from "./cases_movement.ts";
import { sumCases } from "./cases_sums.ts";
import {
  argumentsOf,
  assertAllClose,
  bodyOf,
  centralDifferences,
  type DerivativeCase,
  evaluate,
  gradientGraph,
  jaxGradients,
} from "./differences.ts";

await init("wasm");

const groups = { elementwiseCases, movementCases, sumCases, linalgCases };

async function checkCase(op: string, c: DerivativeCase, seed: number) {
  // By default that of rounding, and of what is left of the third order.
  const { step, tolerance = 3e-8 } = c;
  const args = argumentsOf(c, seed);
  const body = await bodyOf(c, args);
  assert.ok(body.live().some((e) => e.op === op), `the case is about ${op}`);
  const differences = await centralDifferences(body, args, step);
  const gradients = gradientGraph(body);
  assertAllClose(await evaluate(gradients, args), differences, tolerance, "differences");
  const { rules } = optimised;
  const rewritten = await evaluate(gradientGraph(body, rules), args);
  assertAllClose(rewritten, differences, tolerance, "differences, with rewrites");
  if (c.fn && !c.jaxDiffers) {
    assertAllClose(rewritten, jaxGradients(c.fn, args), c.tolerance ?? 1e-9, "jax-js");
  }
  // Of second order: the derivative of the derivative.
  const second = await evaluate(gradientGraph(gradients, rules), args);
  assertAllClose(
    second,
    await centralDifferences(gradients, args, step),
    tolerance,
    "second order",
  );
}

for (const [group, cases] of Object.entries(groups)) {
  Deno.test(`derivatives agree with differences and with jax-js: ${group}`, async (t) => {
    let seed = 1;
    for (const [op, list] of Object.entries(cases)) {
      for (const c of list) {
        await t.step(`${op}: ${c.name}`, () => checkCase(op, c, seed++));
      }
    }
  });
}
