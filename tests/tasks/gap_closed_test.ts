/** @file The share of the gap from floor to optimum. */
import assert from "node:assert/strict";
import { gapClosed } from "../../lib/tasks/gap_closed.ts";

const share = (floor: number, loss: number, optimum: number) => gapClosed({ floor, loss, optimum });

Deno.test("the floor closes nothing, the optimum all; worse and better than both are outside", () => {
  assert.deepEqual([4, 1, 2.5, 5, 0.25].map((loss) => share(4, loss, 1)), [
    0,
    1,
    0.5,
    -1 / 3,
    1.25,
  ]);
  assert.equal(share(1 + 1e-8, 1, 1), 1);
});

Deno.test("where the optimum is no better than the floor there is no gap to close", () => {
  for (const [floor, optimum] of [[1, 1], [1, 2], [1 + 1e-10, 1], [NaN, 1]]) {
    for (const loss of [0, 1, 3]) assert.ok(Number.isNaN(share(floor, loss, optimum)));
  }
  assert.ok(Number.isNaN(share(4, NaN, 1)));
});
