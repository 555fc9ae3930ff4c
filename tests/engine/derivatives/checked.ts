/** @file Derivatives of operations against central differences, and against jax-js's own, in float64. */
import assert from "node:assert/strict";
import { optimised } from "../../../lib/engine/rules/optimised.ts";
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

/**
 * @param op that the case must be about
 * @param twice whether the derivative of the derivative is asked, too
 */
export async function checkCase(
  op: string,
  c: DerivativeCase,
  seed: number,
  twice: boolean,
): Promise<void> {
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
  if (!twice) return;
  // Of second order: the derivative of the derivative.
  const second = await evaluate(gradientGraph(gradients, rules), args);
  assertAllClose(
    second,
    await centralDifferences(gradients, args, step),
    tolerance,
    "second order",
  );
}
