/** @file The stage train against the same training written out in float64, for one seed, for several, and for a loop over time. */
import assert from "node:assert/strict";
import * as train from "../../../pipeline/stages/train.ts";
import * as affine from "../../train/affine_model.ts";
import { trainByHand, type Trained } from "../../train/affine_model.ts";
import { artifact, runStage } from "./run_stage.ts";

const distribution = { latentDim: 3, obsDim: 2, lambda: 0.8 };
const length = 8;
const size = { batch: 3, warmup: 2, weightDecay: 0.5, clipNorm: 1.2 };
const seeds = [
  { instance: 4, initialisation: 1, data: 7 },
  { instance: 4, initialisation: 1, data: 8 },
  { instance: 5, initialisation: 2, data: 7 },
];
const steps = 6;
const params = {
  ...size,
  task: { name: "filtering", options: { ...distribution, length } },
  model: { name: "affine", options: { patch: 2 } },
  seeds,
  steps,
  learningRate: 0.1,
};
const parallel = affine;
const kinds = [["in parallel", parallel], ["as a loop", affine.looped]] as const;

/** Warm-up over two steps, then half a cosine over the other four, down to a twentieth. */
const schedule = [0.5, 1, 1, 0.05 + 0.95 * 0.75, 0.05 + 0.95 * 0.25, 0.05].map((x) => 0.1 * x);
const byHand = (seed: typeof seeds[0], rates = schedule): Trained =>
  trainByHand({
    ...size,
    distribution,
    length,
    patch: 2,
    seed,
    steps,
    rateOf: (step) => rates[step],
  });

function assertNear(got: ArrayLike<number>, want: readonly number[], what: string) {
  assert.equal(got.length, want.length, what);
  want.forEach((x, i) =>
    assert.ok(Math.abs(got[i] - x) <= 2e-5 * (1 + Math.abs(x)), `${what} ${i}: ${got[i]}, ${x}`)
  );
}

/** One model of a training stage is the one trained by hand. */
function assertModel(result: Awaited<ReturnType<typeof runStage>>, i: number, want: Trained) {
  const { weight, bias } = result.tensors(`model-${i}.safetensors`);
  assert.deepEqual([weight.shape, bias.shape], [[4, 4], [4]]);
  assertNear(weight.data, want.weight, `weight of model ${i}`);
  assertNear(bias.data, want.bias, `bias of model ${i}`);
}

for (const [kind, module] of kinds) {
  Deno.test(`three seeds trained together each become the model that one trains by hand: ${kind}`, async () => {
    const result = await runStage(train, params, { modules: { model: module } });
    const wanted = seeds.map((seed) => byHand(seed));
    wanted.forEach((want, i) => assertModel(result, i, want));
    assert.equal(Object.keys(result.files).length, 3);
    const last = wanted.reduce((sum, { losses }) => sum + losses[steps - 1], 0) / 3;
    assertNear([result.scalars.lastLoss], [last], "last loss");
    const { lastLoss: _, ...scalars } = result.scalars;
    assert.deepEqual(scalars, {
      ...{ parameters: 20, endParameters: 0 },
      ...{ tokens: 6 * 3 * 8, steps: 6, learningRate: 0.1 },
    });
  });
}

Deno.test("the curves are those of every step, and of the seed that they are named after", async () => {
  const two = [seeds[0], seeds[2]];
  const result = await runStage(train, { ...params, seeds: two }, { modules: { model: parallel } });
  for (const seed of two) {
    const want = byHand(seed);
    const loss = result.curve(`loss, instance ${seed.instance}`);
    const norm = result.curve(`gradient norm, instance ${seed.instance}`);
    assertNear(loss.map(({ value }) => value), want.losses, "losses");
    assertNear(norm.map(({ value }) => value), want.gradNorms, "gradient norms");
    assert.deepEqual(loss.map(({ step }) => step), [0, 1, 2, 3, 4, 5]);
    // Otherwise clipping would go unnoticed.
    assert.ok(want.gradNorms.some((n) => n > 1.2) && want.gradNorms.some((n) => n < 1.2));
  }
  assertNear(result.curve("learning rate").map(({ value }) => value), schedule, "learning rates");
  assert.deepEqual(result.progress, [1, 2, 3, 4, 5, 6].map((done) => [done, 6]));
});

for (const [kind, module] of kinds) {
  Deno.test(`one seed alone trains to the model by hand: ${kind}`, async () => {
    const result = await runStage(train, { ...params, seeds: [seeds[1]] }, {
      modules: { model: module },
    });
    const want = byHand(seeds[1]);
    assertModel(result, 0, want);
    assert.deepEqual(Object.keys(result.files), ["model-0.safetensors"]);
    assertNear(result.curve("loss").map(({ value }) => value), want.losses, "losses");
    assertNear(result.curve("gradient norm").map(({ value }) => value), want.gradNorms, "norms");
    assertNear([result.scalars.lastLoss], [want.losses[5]], "last loss");
  });
}

Deno.test("the learning rate is the parameter, and without it that of the input tuned", async () => {
  const search = { trials: 4, edge: 1, tokens: 99, loss: 1.5, lossAtTwice: 1.75 };
  const tuned = artifact({ files: {}, scalars: { learningRate: 0.02, ...search } });
  const { learningRate: _, ...open } = { ...params, seeds: [seeds[0]] };
  const given = await runStage(train, { ...open, learningRate: 0.1 }, {
    modules: { model: parallel },
    inputs: { tuned },
  });
  assert.equal(given.scalars.learningRate, 0.1);
  const ofTuning = (scalars: Record<string, number>) =>
    Object.fromEntries(
      Object.entries(scalars).filter(([name]) => name === "edge" || name.startsWith("tuning")),
    );
  assert.deepEqual(ofTuning(given.scalars), {});
  assertModel(given, 0, byHand(seeds[0]));
  const found = await runStage(train, open, { modules: { model: parallel }, inputs: { tuned } });
  assert.equal(found.scalars.learningRate, 0.02);
  assert.deepEqual(ofTuning(found.scalars), {
    ...{ edge: 1, tuningTokens: 99, tuningLoss: 1.5, tuningLossAtTwice: 1.75 },
  });
  assertModel(found, 0, byHand(seeds[0], schedule.map((rate) => rate / 5)));
});

Deno.test("the last learning rate is the share of the peak that floor says", async () => {
  const options = { modules: { model: parallel } };
  const own = { ...params, seeds: [seeds[0]], floor: 0.5 };
  const result = await runStage(train, own, options);
  const want = [0.5, 1, 1, 0.5 + 0.5 * 0.75, 0.5 + 0.5 * 0.25, 0.5].map((x) => 0.1 * x);
  assertNear(result.curve("learning rate").map(({ value }) => value), want, "learning rates");
  assertModel(result, 0, byHand(seeds[0], want));
});

Deno.test("a model is trained by the engine and with the threads that the job has", async () => {
  const one = { ...params, seeds: [seeds[0]] };
  const looped = affine.looped;
  const each = [[one, parallel], [one, looped], [params, parallel], [params, looped]] as const;
  for (const [own, module] of each) {
    await assert.rejects(
      runStage(train, own, { modules: { model: module }, threads: -1 }),
      /NumThreads.*-1/,
    );
    // Only the native engine looks at the threads.
    const trained = await runStage(train, own, {
      modules: { model: module },
      engine: "jax",
      threads: -1,
    });
    assertModel(trained, 0, byHand(seeds[0]));
  }
});
