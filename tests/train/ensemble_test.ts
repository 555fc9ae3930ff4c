/** @file Seeds trained in one program against the same seeds trained one by one. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { type Tensor, tensor, type Tree } from "../../lib/engine/mod.ts";
import type { SequenceModel } from "../../lib/models/sequence_model.ts";
import * as denseRecurrence from "../../lib/models/dense_recurrence.ts";
import * as lru from "../../lib/models/lru.ts";
import * as lstm from "../../lib/models/lstm.ts";
import * as transformer from "../../lib/models/transformer.ts";
import { filteringTask } from "../../lib/tasks/filtering/filtering_task.ts";
import { flatten } from "../../lib/train/host.ts";
import { compileMembers, member, stack } from "../../lib/train/ensemble.ts";
import { advance, DivergenceError, train } from "../../lib/train/trainer.ts";

await initJax("wasm");

const seeds = [3, 0, 5].map((system) => ({ system, initialisation: system, data: 100 + system }));
const law = { lambda: 0.9, latentDim: 6, obsDim: 2 };
const size = { batch: 2, length: 12 };
const schedule = { peak: 5e-3, steps: 6, warmup: 2 };
const optimiser = { weightDecay: 0.01, clipNorm: 1 };

// deno-lint-ignore no-explicit-any
const models: Record<string, [any, object]> = {
  transformer: [transformer, { dModel: 8, layers: 1, heads: 2, patch: 2 }],
  lru: [lru, { state: 3 }],
  lstm: [lstm, { dModel: 5, layers: 2, patch: 2 }],
  "dense recurrence": [denseRecurrence, { state: 5 }],
};

for (const [name, [module, options]] of Object.entries(models)) {
  Deno.test(`${name}: three systems in one program learn what each learns alone`, async () => {
    const model = module as SequenceModel;
    const config = model.configure(options, 2);
    const run = async (chosen: typeof seeds) => {
      const task = filteringTask(model, config, law, chosen, size);
      return await train((e) => task.compile(e, { optimiser }), task.nextBatch, { schedule });
    };
    const together = await run(seeds);
    for (const [i, seed] of seeds.entries()) {
      const alone = await run([seed]);
      assert.ok(Math.abs(together.lastLosses[i] - alone.lastLosses[0]) < 1e-5);
      const want = flatten(alone.params);
      for (const [key, got] of Object.entries(flatten(member(together.params, i)))) {
        assert.deepEqual(got.shape, want[key].shape);
        // Adam divides by the root of the second moment, so a gradient that is noise moves by the rate.
        got.data.forEach((x, k) =>
          assert.ok(
            Math.abs(x - want[key].data[k]) < 5e-4,
            `${key}[${k}]: ${x} ${want[key].data[k]}`,
          )
        );
      }
    }
  });
}

Deno.test("rates: the members of one seed differ by their learning rate alone", async () => {
  const config = denseRecurrence.configure({ state: 4 }, 2);
  const model = denseRecurrence as unknown as SequenceModel;
  const same = [seeds[0], seeds[0], seeds[0]];
  const task = filteringTask(model, config, law, same, size, [1e-3, 1e-2, 1e-3]);
  const training = await task.compile(task.nextBatch(0), { optimiser });
  const start = { step: 0, current: training.fresh, lastLosses: [] };
  const end = await advance(training, start, 4, task.nextBatch, () => 1);
  await training.close();
  assert.equal(end.lastLosses[0], end.lastLosses[2]);
  assert.notEqual(end.lastLosses[0], end.lastLosses[1]);
});

Deno.test("one member that diverges is named, or tolerated without spoiling the others", async () => {
  const config = denseRecurrence.configure({ state: 4 }, 2);
  const model = denseRecurrence as unknown as SequenceModel;
  const task = filteringTask(model, config, law, [seeds[0], seeds[0]], size, [1e-3, 1e38]);
  const training = await task.compile(task.nextBatch(0), { optimiser });
  const start = { step: 0, current: training.fresh, lastLosses: [] };
  await assert.rejects(
    advance(training, start, 9, task.nextBatch, () => 1),
    (error: unknown) => error instanceof DivergenceError && error.member === 1,
  );
  const end = await advance(training, start, 9, task.nextBatch, () => 1, () => {}, {
    tolerant: true,
  });
  await training.close();
  assert.ok(Number.isFinite(end.lastLosses[0]));
  assert.ok(!Number.isFinite(end.lastLosses[1]));
});

Deno.test("stack and member are inverse; members need learning rates", async () => {
  const trees: Tree<Tensor>[] = [1, 2].map((k) => ({
    a: tensor([k, 2 * k]),
    b: [tensor(k), tensor([3 * k, -k, k], [1, 3], "int32")],
  }));
  const stacked = stack(trees);
  assert.deepEqual(stacked, {
    a: tensor([1, 2, 2, 4], [2, 2]),
    b: [tensor([1, 2]), tensor([3, -1, 1, 6, -2, 2], [2, 1, 3], "int32")],
  });
  trees.forEach((tree, i) => assert.deepEqual(member(stacked, i), tree));
  const compiling = (members: object[], scales: number[]) =>
    compileMembers((() => {}) as never, members, {}, scales, {});
  await assert.rejects(compiling([], []), /0 members and 0 learning rates/);
  await assert.rejects(compiling([{}], [1, 2]), /1 members and 2 learning rates/);
  assert.throws(
    () => filteringTask(transformer as never, { patch: 5, obsDim: 2 }, law, seeds, size),
    /length 12 is not a multiple of the patch 5/,
  );
});
