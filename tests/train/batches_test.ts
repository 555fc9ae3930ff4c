/** @file Sequences in batches of one size, and the draws that training batches are. */
import assert from "node:assert/strict";
import { type Tensor, tensor } from "../../lib/engine/mod.ts";
import type { SequenceModel } from "../../lib/models/sequence_model.ts";
import { fitBatch, inBatches } from "../../lib/train/batches.ts";
import { filteringTask } from "../../lib/tasks/filtering/filtering_task.ts";
import { member } from "../../lib/train/ensemble.ts";
import * as affine from "./affine_model.ts";

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

const seeds = [
  { system: 4, initialisation: 1, data: 7 },
  { system: 4, initialisation: 2, data: 7 },
  { system: 4, initialisation: 1, data: 8 },
  { system: 5, initialisation: 1, data: 7 },
];
type Batch = { y: Tensor; weights: Tensor };
const batches = (chosen: typeof seeds) => {
  const config = affine.configure({ patch: 2 }, 2);
  const law = { latentDim: 3, obsDim: 2, lambda: 0.8 };
  return filteringTask(affine as unknown as SequenceModel, config, law, chosen, {
    batch: 2,
    length: 6,
  });
};

Deno.test("the batch of a step is the same whenever it is asked for, and no other step's", () => {
  const { nextBatch } = batches([seeds[0]]);
  const [third, first, again] = [nextBatch(3), nextBatch(1), nextBatch(3)] as Batch[];
  assert.deepEqual(third.y.shape, [2, 6, 2]);
  assert.deepEqual(third, again);
  const values = new Set([...third.y.data, ...first.y.data]);
  assert.equal(values.size, 2 * 2 * 6 * 2); // no number twice, in no sequence
});

Deno.test("sequences depend on the system and the key of the data alone, and weights on the system", () => {
  const together = batches(seeds).nextBatch(2);
  const each = seeds.map((_, i) => member(together, i) as unknown as Batch);
  seeds.forEach((seed, i) => assert.deepEqual(each[i], batches([seed]).nextBatch(2)));
  assert.deepEqual(each[0], each[1]);
  assert.notDeepEqual(each[0].y, each[2].y);
  assert.notDeepEqual(each[0].y, each[3].y);
  assert.deepEqual(each[0].weights, each[2].weights);
  assert.notDeepEqual(each[0].weights, each[3].weights);
});
