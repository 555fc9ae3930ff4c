/** @file What a refusal of data has to be: a DataError whose message says where, what and what next. */
import assert from "node:assert/strict";
import { DataError } from "../../lib/data/data_error.ts";

/** Asserts that something throws a DataError of a message. */
export function refused(run: () => unknown, message: RegExp, what?: string): void {
  let thrown: unknown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown instanceof DataError, `${what ?? message}: ${thrown ?? "nothing was thrown"}`);
  assert.match(thrown.message, message, what && `${what}: ${thrown.message}`);
}
