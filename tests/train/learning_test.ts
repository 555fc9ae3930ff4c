/** @file What the seeds of a learning share and what they do not: batches, initial parameters, steps of a run. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile } from "../../lib/engine/engines/ort.ts";
import { type Tensor, tensor, type Tree } from "../../lib/engine/mod.ts";
import type { Model } from "../../lib/models/model.ts";
import { task as filtering } from "../../lib/tasks/filtering/filtering.ts";
import type { Seed, Task } from "../../lib/tasks/task.ts";
import { unstack } from "../../lib/tensor/trees.ts";
import { readTree } from "../../lib/train/host.ts";
import { learning } from "../../lib/train/learning.ts";
import { advance, train } from "../../lib/train/trainer.ts";
import { model as affine, trainByHand } from "./affine_model.ts";
import { seriesOf } from "./known_model.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

const seeds: Seed[] = [
  { instance: 4, initialisation: 1, data: 7 },
  { instance: 4, initialisation: 2, data: 7 },
  { instance: 4, initialisation: 1, data: 8 },
  { instance: 5, initialisation: 1, data: 7 },
];
const distribution = { latentDim: 3, obsDim: 2, lambda: 0.8 };
const model = affine.configure({ patch: 2 }, seriesOf(2));
const batches = (chosen: readonly Seed[]) =>
  learning(filtering.configure({ ...distribution, length: 6 }), model, chosen, 2);
type Batch = { y: Tensor; weights: Tensor };

Deno.test("the batch of a step is the same whenever it is asked for, and no other step's", () => {
  const { nextBatch } = batches([seeds[0]]);
  const [third, first, again] = [nextBatch(3), nextBatch(1), nextBatch(3)] as Batch[];
  assert.deepEqual(third.y.shape, [2, 6, 2]);
  assert.deepEqual(third, again);
  const values = new Set([...third.y.data, ...first.y.data]);
  assert.equal(values.size, 2 * 2 * 6 * 2); // no number twice, in no sequence
});

Deno.test("sequences depend on the instance and the key of the data alone, and weights on the instance", () => {
  const together = batches(seeds).nextBatch(2);
  const each = seeds.map((_, i) => unstack(together, i) as Batch);
  seeds.forEach((seed, i) => assert.deepEqual(each[i], batches([seed]).nextBatch(2)));
  assert.deepEqual(each[0], each[1]);
  assert.notDeepEqual(each[0].y, each[2].y);
  assert.notDeepEqual(each[0].y, each[3].y);
  assert.deepEqual(each[0].weights, each[2].weights);
  assert.notDeepEqual(each[0].weights, each[3].weights);
});

/** A task that says what it was asked: the loss is (w - x)^2, and w starts at the key of the initialisation. */
function talkative(constantBatch?: boolean) {
  const [made, drawn]: string[][] = [[], []];
  const task: Task = {
    signature: { kind: "series", channels: 1 },
    tokens: (batch) => batch,
    constantBatch,
    source({ instance, data }, batch) {
      made.push(`${instance}/${data}, ${batch}`);
      return (step): Tree<Tensor> => {
        drawn.push(`${instance}/${data} at ${step}`);
        return tensor(10 * instance + data);
      };
    },
    loss(model, params, x) {
      const error = model.apply(params, x as np.Array);
      return error.ref.mul(error);
    },
    evaluate: () => Promise.reject(new Error("not asked for")),
  };
  const model: Model = {
    init: (seed) => ({ w: np.array(seed) }),
    apply: (params, x) => (params as { w: np.Array }).w.sub(x),
  };
  return { task, model, made, drawn };
}

Deno.test("seeds that differ in their initialisation only share their source, which is asked once a step", () => {
  const { task, model, made, drawn } = talkative();
  const { nextBatch } = learning(task, model, seeds, 3);
  assert.deepEqual(made, ["4/7, 3", "4/8, 3", "5/7, 3"]);
  assert.deepEqual(nextBatch(6), tensor([47, 47, 48, 57]));
  assert.deepEqual(drawn, ["4/7 at 6", "4/8 at 6", "5/7 at 6"]);
  // Not those whose numbers only look alike.
  const alike = [{ instance: 1, initialisation: 0, data: 11 }, {
    instance: 11,
    initialisation: 0,
    data: 1,
  }];
  assert.deepEqual(learning(task, model, alike, 1).nextBatch(0), tensor([21, 111]));
});

Deno.test("one seed has no leading axis", async () => {
  const { task, model } = talkative();
  const { nextBatch, compileStep } = learning(task, model, [seeds[1]], 1);
  assert.deepEqual(nextBatch(0), tensor(47));
  const training = await compileStep(nextBatch(0), { compile });
  assert.deepEqual(training.fresh.params, { w: tensor(2) });
  await training.close();
});

Deno.test("every training starts at the parameters of its initialisation", async () => {
  const { task, model } = talkative();
  const { nextBatch, compileStep } = learning(task, model, seeds, 1);
  const training = await compileStep(nextBatch(0), { compile });
  assert.deepEqual(training.fresh.params, { w: tensor([1, 2, 1, 1]) });
  await training.close();
});

Deno.test("each training moves at its own multiple of the rate, 1 when none is given", async () => {
  const moved = async (chosen: Seed[], scales?: number[]) => {
    const { task, model } = talkative();
    const { nextBatch, compileStep } = learning(task, model, chosen, 1);
    const training = await compileStep(nextBatch(0), { compile });
    const from = { step: 0, current: training.fresh, lastLosses: [] };
    const { current } = await advance(training, from, 1, nextBatch, () => 0.5, () => {}, {
      scales,
    });
    await training.close();
    return Array.from((await readTree(current.params) as { w: Tensor }).w.data);
  };
  // Adam's first step is the rate, towards the data.
  const near = (got: number[], want: number[]) =>
    got.forEach((x, i) => assert.ok(Math.abs(x - want[i]) < 1e-4, `${got}`));
  near(await moved(seeds.slice(0, 2), [2, 0.1]), [2, 2.05]);
  near(await moved(seeds.slice(0, 2)), [1.5, 2.5]);
  near(await moved([seeds[0]], [4]), [3]);
  near(await moved([seeds[0]]), [1.5]);
});

Deno.test("where all steps have one batch, several share a run; one that is asked for is what there is", async () => {
  for (
    const [constant, asked, want] of [
      [undefined, undefined, 1],
      [false, undefined, 1],
      [true, undefined, 5],
      [true, 2, 2],
      [false, 3, 3],
    ] as const
  ) {
    for (const chosen of [[seeds[0]], seeds]) {
      const { task, model } = talkative(constant);
      const { nextBatch, compileStep } = learning(task, model, chosen, 1);
      const options = asked === undefined ? {} : { stepsPerRun: asked };
      const training = await compileStep(nextBatch(0), { compile, ...options });
      assert.equal(training.stepsPerRun, want);
      await training.close();
    }
  }
});

Deno.test("training on a task is AdamW on the loss of its batches, by hand in float64, alone and together", async () => {
  const training = {
    distribution,
    patch: 2,
    batch: 2,
    length: 6,
    steps: 7,
    rateOf: (step: number) => step < 3 ? 0.1 * (step + 1) / 3 : 0.1,
    weightDecay: 0.1,
    clipNorm: 0.8,
  };
  const schedule = { peak: 0.1, steps: 7, warmup: 3, floor: 1 };
  const optimiser = { weightDecay: 0.1, clipNorm: 0.8 };
  for (const chosen of [[seeds[1]], seeds]) {
    const { nextBatch, compileStep } = batches(chosen);
    const reports: Any[] = [];
    const { params } = await train(
      (example) => compileStep(example, { compile, optimiser }),
      nextBatch,
      {
        schedule,
        onStep: (report) => reports.push(structuredClone(report)),
      },
    );
    chosen.forEach((seed, i) => {
      const want = trainByHand({ ...training, seed });
      const got = (chosen.length === 1 ? params : unstack(params, i)) as Record<string, Tensor>;
      for (const name of ["weight", "bias"] as const) {
        want[name].forEach((x, k) => {
          const off = Math.abs(got[name].data[k] - x);
          assert.ok(off < 1e-5, `${name}[${k}] of seed ${i}: off by ${off}`);
        });
      }
      want.losses.forEach((loss, step) => {
        assert.ok(Math.abs(reports[step].losses[i] / loss - 1) < 1e-5);
        assert.ok(Math.abs(reports[step].gradNorms[i] / want.gradNorms[step] - 1) < 1e-5);
      });
      assert.ok(want.gradNorms.some((norm) => norm > 0.8), "some steps are clipped");
      assert.ok(want.gradNorms.some((norm) => norm < 0.8), "some are not");
    });
  }
});
