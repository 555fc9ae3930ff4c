/** @file The stage evaluate, one patch ahead, of a model whose predictions are known on paper. */
import assert from "node:assert/strict";
import {
  createSystem,
  kalman,
  nextPatch,
  type Score,
  score,
  simulate,
} from "../../../lib/ssm/mod.ts";
import * as evaluate from "../../../pipeline/stages/evaluate.ts";
import {
  knownModel,
  type KnownNumbers,
  knownTensors,
  patchesOnPaper,
} from "../../train/known_model.ts";
import { artifact, dataset, runStage, stillClock } from "./run_stage.ts";

const distribution = { latentDim: 4, obsDim: 2, lambda: 0.9 };
const key = 3;
const first: KnownNumbers = { gain: [0.7, -0.4], level: 0.3, slope: 0.02 };
const second: KnownNumbers = { gain: [0.1, 0.8], level: -0.2, slope: 0.05 };
const models = artifact({
  files: {
    "model-0.safetensors": { tensors: knownTensors(first) },
    "model-1.safetensors": { tensors: knownTensors(second) },
  },
});
const draw = (batch: number, length: number) =>
  simulate(createSystem(key, distribution), 5, { batch, length });

interface Asked {
  readonly sequences: number;
  readonly length: number;
  readonly patch: number;
  readonly batch?: number;
  readonly index?: number;
  readonly threads?: number;
  readonly engine?: "ort" | "jax";
  /** In place of those drawn. */
  readonly y?: ReturnType<typeof draw>;
  readonly onProgress?: (done: number, total: number) => void;
}

const run = (
  { sequences, length, patch, batch, index, threads, engine, y, onProgress }: Asked,
) =>
  runStage(
    evaluate,
    {
      task: { name: "filtering", options: distribution },
      model: { name: "known", options: { patch } },
      instance: key,
      batch,
      index,
    },
    {
      modules: { model: knownModel() },
      inputs: { model: models, data: dataset(y ?? draw(sequences, length)) },
      threads,
      engine,
      onProgress,
    },
  );

/** Every number of a score, up to the float32 of the predictions. */
function assertScore(got: Score, want: Score, what: string) {
  assert.deepEqual(Object.keys(got), Object.keys(want));
  for (const [name, value] of Object.entries(want)) {
    const near = Math.abs(got[name as keyof Score] - value) <= 1e-5 * (1 + Math.abs(value));
    assert.ok(near, `${what}, ${name}: ${got[name as keyof Score]}, ${value}`);
  }
}

function expected(numbers: KnownNumbers, sequences: number, length: number, patch: number) {
  const y = draw(sequences, length);
  const prediction = patchesOnPaper(numbers, y, patch);
  return score(
    kalman(createSystem(key, distribution), length),
    y,
    prediction,
    nextPatch(length, patch),
  );
}

Deno.test("predictions score at every offset as those on paper", async () => {
  for (const patch of [1, 3]) {
    // The last of three batches is not full.
    const asked = { sequences: 5, length: 12, patch, batch: 2 };
    const result = await run(asked);
    const { overall, byHorizon, horizons } = result.json("scores.json");
    const want = expected(first, 5, 12, patch);
    assertScore(overall, want.overall, `patch ${patch}`);
    assert.equal(byHorizon.length, patch);
    want.byHorizon.forEach((one, i) => assertScore(byHorizon[i], one, `offset ${i + 1}`));
    assert.deepEqual(horizons, patch === 1 ? [1] : [1, 2, 3]);
    const { ratio: loss, zero: floor, gapClosed } = overall;
    assert.deepEqual(result.scalars, { loss, floor, optimum: 1, gapClosed });
    assert.deepEqual(result.progress, [[2, 5], [4, 5], [5, 5], [5, 5]]);
  }
});

Deno.test("of the models that were trained together the named one is scored", async () => {
  for (const [index, numbers] of [[undefined, first], [0, first], [1, second]] as const) {
    const result = await run({ sequences: 3, length: 8, patch: 2, index });
    const { overall } = result.json("scores.json");
    assertScore(overall, expected(numbers, 3, 8, 2).overall, `index ${index}`);
  }
});

/** One step ahead after these many observations. */
function alignedOnPaper(length: number, contexts: number[], patch: number) {
  const y = draw(3, length);
  const { data, shape: [, patches] } = patchesOnPaper(first, y, patch);
  const picked = [0, 1, 2].flatMap((b) =>
    contexts.flatMap((c) => {
      const token = b * patches + c / patch - 1;
      return Array.from(data.slice(token * patch * 2, token * patch * 2 + 2));
    })
  );
  const prediction = { shape: [3, contexts.length, 1, 2], data: picked };
  const filter = kalman(createSystem(key, distribution), length);
  return score(filter, y, prediction, { contexts, horizons: [1] }).overall;
}

Deno.test("aligned scores are of one step ahead, after every 32 observations that have one after them", async () => {
  const cases: [length: number, patch: number, contexts: number[]][] = [
    [33, 1, [32]],
    [64, 1, [32]],
    [65, 1, [32, 64]],
    [66, 2, [32, 64]],
    [96, 8, [32, 64]],
    [64, 32, [32]],
  ];
  for (const [length, patch, contexts] of cases) {
    const { aligned } = (await run({ sequences: 3, length, patch })).json("scores.json");
    assertScore(aligned, alignedOnPaper(length, contexts, patch), `${length} by ${patch}`);
  }
});

Deno.test("without a boundary at 32 there is no aligned score", async () => {
  for (const [length, patch] of [[32, 1], [66, 3]]) {
    const { aligned } = (await run({ sequences: 2, length, patch })).json("scores.json");
    assert.equal(aligned, undefined, `${length} by ${patch}`);
  }
});

Deno.test("seconds for a sequence are those of the batches after the first, and of the scores", async () => {
  using clock = stillClock();
  const y = draw(10, 6);
  let scoring = false;
  const slowToScore = {
    ...y,
    get shape() {
      if (scoring) clock.advance(20);
      scoring = false;
      return y.shape;
    },
  };
  // The first batch of 4 compiles; the other 6 sequences take 2 and 10 seconds.
  const seconds = [100, 2, 10];
  const { observed } = await run({
    sequences: 10,
    length: 6,
    patch: 2,
    batch: 4,
    y: slowToScore,
    onProgress(done) {
      clock.advance(seconds.shift() ?? 0);
      scoring = done === 10 && seconds.length === 0;
    },
  });
  assert.deepEqual(observed, { "unit seconds": 12 / 6 + 20 / 10 });
  const { observed: single } = await run({ sequences: 4, length: 6, patch: 2, batch: 4 });
  assert.deepEqual(single, {}); // one batch says nothing about another
});

Deno.test("a model is evaluated by the engine and with the threads that the job has", async () => {
  const asked = { sequences: 2, length: 6, patch: 2, threads: -1 };
  await assert.rejects(run(asked), /NumThreads.*-1/);
  // Only the native engine looks at the threads.
  const { overall } = (await run({ ...asked, engine: "jax" })).json("scores.json");
  assertScore(overall, expected(first, 2, 6, 2).overall, "engine jax");
});
