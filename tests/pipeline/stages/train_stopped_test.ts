/** @file Training that is stopped, killed or diverges, through the stage that trains. */
import assert from "node:assert/strict";
import * as train from "../../../pipeline/stages/train.ts";
import { DivergenceError } from "../../../lib/train/trainer.ts";
import { decodeTensors } from "../../../pipeline/store/safetensors.ts";
import * as affine from "../../train/affine_model.ts";
import { runStage, type StageOptions, stillClock } from "./run_stage.ts";

const parallel = affine;
const seed = (instance: number) => ({ instance, initialisation: instance, data: 100 + instance });
const params = {
  task: { name: "filtering", options: { latentDim: 3, obsDim: 2, lambda: 0.8, length: 6 } },
  model: { name: "affine", options: { patch: 2 } },
  batch: 2,
  warmup: 1,
  weightDecay: 0.1,
  clipNorm: 1,
  steps: 5,
  learningRate: 0.05,
};

type Affine = ReturnType<typeof affine.model.configure>;
/** The model's module, configured otherwise. */
const changed = (change: (model: Affine) => Affine) => ({
  model: {
    configure: (...args: Parameters<typeof affine.model.configure>) =>
      change(affine.model.configure(...args)),
  },
});

/** A checkpoint in memory, and how often it was written. */
function memory() {
  const saves: Uint8Array[] = [];
  return {
    saves,
    load: () => Promise.resolve(saves.at(-1)),
    save: (bytes: Uint8Array) => (saves.push(bytes), Promise.resolve()),
  };
}

const cases = [
  ["one seed", [seed(1)], parallel],
  ["two seeds", [seed(1), seed(2)], parallel],
  ["a loop", [seed(1)], affine.looped],
  ["a loop of two seeds", [seed(1), seed(2)], affine.looped],
] as const;
for (const [name, seeds, module] of cases) {
  Deno.test(`a stopped training goes on from its checkpoint to the same files: ${name}`, async () => {
    const own = { ...params, seeds };
    const straight = await runStage(train, own, { modules: { model: module } });
    const checkpoint = memory();
    const stop = new AbortController();
    const options: StageOptions = {
      modules: { model: module },
      checkpoint,
      signal: stop.signal,
      onProgress: (done) => done === 3 && stop.abort(new Error("stopped")),
    };
    await assert.rejects(runStage(train, own, options), /stopped/);
    assert.equal(checkpoint.saves.length, 1);
    assert.equal(decodeTensors(checkpoint.saves[0]).step.data[0], 3);
    const resumed = await runStage(train, own, { modules: { model: module }, checkpoint });
    assert.deepEqual(resumed.progress, [[4, 5], [5, 5]]);
    assert.deepEqual(resumed.files, straight.files);
    assert.deepEqual(resumed.scalars, straight.scalars);
  });
}

Deno.test("a training that is stopped before it starts does nothing, and one stopped at its last step is done", async () => {
  const own = { ...params, seeds: [seed(1)] };
  const early = await runStage(train, own, {
    modules: { model: parallel },
    signal: AbortSignal.abort(new Error("before")),
    onProgress: () => assert.fail("a step was made"),
  }).catch((error) => error);
  assert.match(String(early), /before/);
  const stop = new AbortController();
  const checkpoint = memory();
  const late = await runStage(train, own, {
    modules: { model: parallel },
    checkpoint,
    signal: stop.signal,
    onProgress: (done) => done === 5 && stop.abort(new Error("stopped")),
  });
  assert.equal(late.progress.length, 5);
  assert.equal(checkpoint.saves.length, 0);
});

Deno.test("a training whose program is known makes no step and looks at no checkpoint; its program is told once, before the first step", async () => {
  for (const [name, seeds, module] of cases) {
    const told: (readonly string[])[] = [];
    const own = { ...params, seeds };
    const known = new Error("this program is known");
    const options: StageOptions = {
      modules: { model: module },
      checkpoint: {
        load: () => assert.fail("a checkpoint was asked for"),
        save: () => assert.fail("a checkpoint was written"),
      },
      onProgress: () => assert.fail("a step was made"),
      onCompiled: (digests) => {
        told.push(digests);
        throw known;
      },
    };
    await assert.rejects(runStage(train, own, options), (error) => error === known, name);
    const { digests } = await runStage(train, own, { modules: { model: module } });
    assert.deepEqual(told, [digests], name);
    assert.equal(digests.length, 1, name);
  }
});

Deno.test("a checkpoint is written when more than 20 seconds have passed since the last one", async () => {
  using clock = stillClock();
  const checkpoint = memory();
  // After 19.5, 20 and 20.5 seconds; then after 20 and 20.25 more.
  const ticks = [19.5, 0.5, 0.5, 20, 0.25];
  const writtenAt: number[] = [];
  await runStage(train, { ...params, seeds: [seed(1)] }, {
    modules: { model: parallel },
    checkpoint: {
      ...checkpoint,
      save: (bytes) => {
        writtenAt.push(decodeTensors(bytes).step.data[0]);
        return checkpoint.save(bytes);
      },
    },
    onProgress: (done) => clock.advance(ticks[done - 1]),
  });
  assert.deepEqual(writtenAt, [3, 5]);
});

Deno.test("seconds of a step are those of the steps made here, without compiling, shared by the seeds", async () => {
  using clock = stillClock();
  const checkpoint = memory();
  const timed = async (steps: number) => {
    let compiled = false;
    const { observed } = await runStage(
      train,
      { ...params, steps, seeds: [seed(1), seed(2)] },
      {
        checkpoint,
        modules: {
          model: changed((model) => ({
            ...model,
            apply(...args) {
              if (!compiled) clock.advance(7);
              compiled = true;
              return model.apply(...args);
            },
          })),
        },
        onProgress: () => clock.advance(30),
      },
    );
    const { "unit seconds": unit, ...own } = observed;
    if (own["step seconds"]) assert.equal(unit, 30, "of all seeds");
    return own;
  };
  assert.deepEqual(await timed(5), { "compile seconds": 7, "step seconds": 15 });
  // It goes on from the fifth step.
  assert.deepEqual(await timed(7), { "compile seconds": 7, "step seconds": 15 });
  assert.equal(decodeTensors(checkpoint.saves.at(-1)!).step.data[0], 7);
  assert.deepEqual(await timed(7), { "compile seconds": 7, "step seconds": 0 });
});

Deno.test("a model that diverges ends the training at that step, with its rate and its place", async () => {
  const exploding = (index: number, rate: number) =>
    runStage(train, { ...params, seeds: [seed(1), seed(2)], learningRate: rate, clipNorm: 1e30 }, {
      modules: {
        model: changed((model) => ({
          ...model,
          // One of the two starts where its loss is no longer a float32.
          init(seed) {
            const { weight, bias } = model.init(seed);
            return { weight: weight.mul(seed === index + 1 ? 1e25 : 1), bias };
          },
        })),
      },
    }).catch((error) => error);
  for (const index of [0, 1]) {
    const error = await exploding(index, 0.05);
    assert.ok(error instanceof DivergenceError, String(error));
    assert.deepEqual([error.step, error.rate, error.index], [0, 0.05, index]);
    assert.equal(/\(training 1 of the ensemble\)/.test(error.message), index === 1);
  }
  // At a rate of 1e30 the first update throws both far away; what was finite at step 0 is not at step 1.
  const late = await exploding(-1, 1e30);
  assert.ok(late instanceof DivergenceError, String(late));
  assert.deepEqual([late.step, late.index], [1, 0]);
});
