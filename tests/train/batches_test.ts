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

Deno.test("every sequence is in one batch, in order; only the last batch counts fewer than it holds", () => {
  const y = tensor(Array.from({ length: 5 * 2 * 3 }, (_, i) => i + 1), [5, 2, 3]);
  for (
    const [batch, firsts] of [[2, [0, 2, 4]], [5, [0]], [7, [0]], [1, [0, 1, 2, 3, 4]]] as const
  ) {
    const seen: number[] = [];
    const starts: number[] = [];
    for (const { x, count, first } of inBatches(y, batch)) {
      assert.deepEqual([x.dtype, x.shape], ["float32", [batch, 2, 3]]);
      assert.equal(x.data.length, batch * 6);
      assert.ok(x.data.slice(count * 6).every((value) => value === 0));
      seen.push(...x.data.slice(0, count * 6));
      starts.push(first);
    }
    assert.deepEqual(seen, Array.from(y.data));
    assert.deepEqual(starts, firsts);
  }
});

Deno.test("batches of integers are integers", () => {
  const [{ x }, last] = inBatches(tensor([1, 2, 3], [3, 1], "int32"), 2);
  assert.deepEqual([x, last.x], [
    tensor([1, 2], [2, 1], "int32"),
    tensor([3, 0], [2, 1], "int32"),
  ]);
});
