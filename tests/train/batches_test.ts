/** @file Sequences in batches of one size. */
import assert from "node:assert/strict";
import { tensor } from "../../lib/engine/mod.ts";
import { fitBatch, inBatches } from "../../lib/train/batches.ts";

Deno.test("a batch is as large as wanted where it fits, else as large as fits, and never empty", () => {
  assert.equal(fitBatch(4, 10, 40), 4);
  assert.equal(fitBatch(4, 10, 39), 3);
  assert.equal(fitBatch(4, 10, 1000), 4);
  assert.equal(fitBatch(4, 10, 9), 1);
});

Deno.test("every sequence is in one batch, in order; only the last batch counts fewer than it holds", async () => {
  const y = tensor(Array.from({ length: 5 * 2 * 3 }, (_, i) => i + 1), [5, 2, 3]);
  for (
    const [batch, firsts] of [[2, [0, 2, 4]], [5, [0]], [7, [0]], [1, [0, 1, 2, 3, 4]]] as const
  ) {
    const seen: number[] = [];
    const starts: number[] = [];
    await inBatches(y, batch, (slice, count, first) => {
      assert.deepEqual([slice.dtype, slice.shape], ["float32", [batch, 2, 3]]);
      assert.equal(slice.data.length, batch * 6);
      seen.push(...slice.data.slice(0, count * 6));
      starts.push(first);
      return Promise.resolve();
    });
    assert.deepEqual(seen, Array.from(y.data));
    assert.deepEqual(starts, firsts);
  }
});
