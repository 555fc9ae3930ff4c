/** @file Values of a table against those worked out by hand. */
import assert from "node:assert/strict";

/** @throws {assert.AssertionError} where the value is another one, or there is none */
export const close = (a: number | undefined, b: number) =>
  assert.ok(Math.abs(a! - b) < 1e-9, `${a}, ${b}`);
