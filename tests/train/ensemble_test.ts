/** @file Seeds trained in one program against the same seeds trained one by one. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile } from "../../lib/engine/engines/ort.ts";
import type { Tensor } from "../../lib/engine/mod.ts";
import { task as filtering } from "../../lib/tasks/filtering/filtering.ts";
import { flatten, unstack } from "../../lib/tensor/trees.ts";
import { compileEnsemble } from "../../lib/train/ensemble.ts";
import { learning } from "../../lib/train/learning.ts";
import { advance, DivergenceError, type Progress, train } from "../../lib/train/trainer.ts";
import { type Named, sequenceStack } from "../models/stacks.ts";
import * as leastSquares from "./least_squares.ts";

await initJax("wasm");

const seeds = [3, 0, 5].map((instance) => ({
  instance,
  initialisation: instance,
  data: 100 + instance,
}));
const task = filtering.configure({ lambda: 0.9, latentDim: 6, obsDim: 2, length: 12 });
const batch = 2;
const schedule = { peak: 5e-3, steps: 6, warmup: 2 };
const optimiser = { weightDecay: 0.01, clipNorm: 1 };

const models: Record<string, [object, Named[]]> = {
  transformer: [{ width: 8, patch: 2 }, [["softmax_attention", { heads: 2 }]]],
  lru: [{ block: "bare" }, [["lru", { state: 3 }]]],
  lstm: [{ block: "bare", width: 5, patch: 2 }, [["lstm"], ["lstm"]]],
  "dense recurrence": [{ block: "bare" }, [["dense_recurrence", { state: 5 }]]],
};

for (const [name, [options, layers]] of Object.entries(models)) {
  Deno.test(`${name}: three systems in one program learn what each learns alone`, async () => {
    const model = sequenceStack(layers, options, task.signature);
    const run = async (chosen: typeof seeds) => {
      const { compileStep, nextBatch } = learning(task, model, chosen, batch);
      return await train((example) => compileStep(example, { compile, optimiser }), nextBatch, {
        schedule,
      });
    };
    const together = await run(seeds);
    for (const [i, seed] of seeds.entries()) {
      const alone = await run([seed]);
      assert.ok(Math.abs(together.lastLosses[i] - alone.lastLosses[0]) < 1e-5);
      const want = flatten(alone.params);
      const got = flatten(unstack(together.params, i));
      assert.deepEqual(Object.keys(got), Object.keys(want));
      for (const [key, { shape, data }] of Object.entries(got)) {
        assert.deepEqual(shape, want[key].shape);
        // Adam divides by the root of the second moment, so a gradient that is noise moves by the rate.
        data.forEach((x, k) => {
          const off = Math.abs(x - want[key].data[k]);
          assert.ok(off < 5e-4, `${key}[${k}]: ${x} ${want[key].data[k]}`);
        });
      }
    }
  });
}

const recurrence = sequenceStack(
  [["dense_recurrence", { state: 4 }]],
  { block: "bare" },
  task.signature,
);
const startOf = (fresh: Progress["current"]): Progress => {
  return { step: 0, current: fresh, lastLosses: [] };
};

Deno.test("rates: trainings of one seed differ by their learning rate alone", async () => {
  const same = [seeds[0], seeds[0], seeds[0]];
  const { compileStep, nextBatch } = learning(task, recurrence, same, batch);
  const training = await compileStep(nextBatch(0), { compile, optimiser });
  const end = await advance(training, startOf(training.fresh), 4, nextBatch, () => 1, () => {}, {
    scales: [1e-3, 1e-2, 1e-3],
  });
  await training.close();
  assert.equal(end.lastLosses[0], end.lastLosses[2]);
  assert.notEqual(end.lastLosses[0], end.lastLosses[1]);
});

/** Least squares, trained from several starts on one batch. */
async function leastSquaresEnsemble(starts: number[], stepsPerRun: number) {
  const { loss, nextBatch } = leastSquares;
  const initial = starts.map((w) => ({
    w: { ...leastSquares.start.w, data: Float32Array.of(w, 0, -w) },
  }));
  const one = nextBatch(0);
  const example = starts.length === 1 ? one : {
    x: repeated(one.x, starts.length),
    y: repeated(one.y, starts.length),
  };
  // deno-lint-ignore no-explicit-any
  const training = await compileEnsemble(loss as any, initial, example, {
    compile,
    stepsPerRun,
  });
  return { training, example };
}

const repeated = ({ dtype, shape, data }: Tensor, times: number): Tensor => ({
  dtype,
  shape: [times, ...shape],
  data: Float32Array.from(Array(times).fill(Array.from(data)).flat()),
});

Deno.test("rates: each training moves by its own multiple of the step's rate, alone and together, in every step of a run", async () => {
  const rates = [0.1, 0.02, 0.3];
  // Adam's first step is the rate in every coordinate; later ones are those of the training alone.
  const [starts, scales] = [[1, -2], [1, 0.25]];
  const { training, example } = await leastSquaresEnsemble(starts, 3);
  const out = await training.run(training.fresh, example, rates, scales);
  const together = (await (out.params as unknown as { w: typeof out.value }).w.read()).data;
  const losses = (await out.value.read()).data;
  assert.deepEqual((await out.value.read()).shape, [2, 3]);
  await training.close();
  for (const [i, scale] of scales.entries()) {
    const alone = await leastSquaresEnsemble([starts[i]], 3);
    const run = (rates: number[], scales?: number[]) =>
      alone.training.run(alone.training.fresh, alone.example, rates, scales);
    const own = await run(rates, [scale]);
    const same = await run(rates.map((r) => scale * r));
    const w = (await (own.params as unknown as { w: typeof own.value }).w.read()).data;
    assert.deepEqual(w, (await (same.params as unknown as { w: typeof own.value }).w.read()).data);
    w.forEach((x, k) => assert.ok(Math.abs(x - together[3 * i + k]) < 1e-5));
    const ownLosses = (await own.value.read()).data;
    ownLosses.forEach((x, k) => assert.ok(Math.abs(x - losses[3 * i + k]) < 1e-4 * Math.abs(x)));
    await alone.training.close();
  }
});

Deno.test("steps that share a run report the loss and the gradient norm of each training, step by step", async () => {
  const reportsOf = async (starts: number[]) => {
    const { training, example } = await leastSquaresEnsemble(starts, 3);
    const seen: { losses: number[]; gradNorms: number[] }[] = [];
    await advance(training, startOf(training.fresh), 5, () => example, () => 0.1, (report) => {
      const [losses, gradNorms] = [report.losses, report.gradNorms].map((list) => Array.from(list));
      seen.push({ losses, gradNorms });
    });
    await training.close();
    return seen;
  };
  const starts = [1, -2];
  const together = await reportsOf(starts);
  assert.equal(together.length, 5);
  for (const [i, start] of starts.entries()) {
    const alone = await reportsOf([start]);
    for (const [step, { losses, gradNorms }] of together.entries()) {
      assert.ok(Math.abs(losses[i] / alone[step].losses[0] - 1) < 1e-4, `step ${step}`);
      assert.ok(Math.abs(gradNorms[i] / alone[step].gradNorms[0] - 1) < 1e-4, `step ${step}`);
    }
  }
});

Deno.test("one training that diverges is named, or tolerated without spoiling the others", async () => {
  const two = [seeds[0], seeds[0]];
  const { compileStep, nextBatch } = learning(task, recurrence, two, batch);
  const training = await compileStep(nextBatch(0), { compile, optimiser });
  const start = startOf(training.fresh);
  const scales = [1e-3, 1e38];
  await assert.rejects(
    advance(training, start, 9, nextBatch, () => 1, () => {}, { scales }),
    (error: unknown) => {
      assert.ok(error instanceof DivergenceError);
      assert.equal(error.index, 1);
      assert.match(error.message, /diverged at step \d+ \(training 1 of the ensemble\): loss/);
      return true;
    },
  );
  const end = await advance(training, start, 9, nextBatch, () => 1, () => {}, {
    tolerant: true,
    scales,
  });
  await training.close();
  assert.ok(Number.isFinite(end.lastLosses[0]));
  assert.ok(!Number.isFinite(end.lastLosses[1]));
});

Deno.test("every training needs a multiple of the rate, and there is one training at least", async () => {
  await assert.rejects(
    compileEnsemble((() => {}) as never, [], {}, { compile }),
    /RangeError: .*at least one training/,
  );
  for (const [starts, scales] of [[[1], []], [[1], [1, 2]], [[1, 2], [1]], [[1, 2], [1, 2, 3]]]) {
    const { training, example } = await leastSquaresEnsemble(starts, 1);
    await assert.rejects(training.run(training.fresh, example, [0.1], scales), {
      name: "RangeError",
      message: new RegExp(`${scales.length} scales .* for ${starts.length} trainings`),
    });
    await training.close();
  }
});

Deno.test("rates: one program trains with any multiples, one after the other", async () => {
  const { training, example } = await leastSquaresEnsemble([1, -2], 2);
  const losses = async (scales?: number[]) => {
    const out = await training.run(training.fresh, example, [0.1, 0.2], scales);
    return Array.from((await out.value.read()).data);
  };
  const plain = await losses();
  assert.deepEqual(await losses([1, 1]), plain);
  const [first, second] = [await losses([3, 1]), await losses([1, 3])];
  assert.deepEqual([first.slice(2), second.slice(0, 2)], [plain.slice(2), plain.slice(0, 2)]);
  assert.notEqual(first[1], plain[1]);
  assert.notEqual(second[3], plain[3]);
  await training.close();
});
