/** @file One-patch predictions and rollouts of a model, number by number, against what it says on paper. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { predictPatches } from "../../lib/train/predictions.ts";
import { rollout } from "../../lib/train/rollout.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import {
  knownModel,
  type KnownNumbers,
  knownTensors,
  patchesOnPaper,
  rolloutOnPaper,
} from "./known_model.ts";

await initJax("wasm");

const numbers: KnownNumbers = { gain: [0.5, -0.8], level: 0.7, slope: 0.1 };
const params = knownTensors(numbers);
const draw = (batch: number, length: number) => randomTensor(generator(4), [batch, length, 2]);

function assertNear(
  got: { shape: readonly number[]; data: ArrayLike<number> },
  want: typeof got,
  what: string,
) {
  assert.deepEqual([...got.shape], [...want.shape], what);
  for (let i = 0; i < want.data.length; i++) {
    const [a, b] = [got.data[i], want.data[i]];
    assert.ok(Math.abs(a - b) <= 1e-5, `${what}, number ${i}: ${a}, ${b}`);
  }
}

/** Sequences, batch, and how many have been done after each batch: full, not full, one larger than wanted. */
const batches: [sequences: number, batch: number, done: number[]][] = [
  [5, 2, [2, 4, 5]],
  [4, 2, [2, 4]],
  [3, 8, [3]],
  [1, 1, [1]],
];

Deno.test("every patch but the first is predicted from all before it", async () => {
  for (const [patch, length] of [[1, 2], [1, 5], [3, 12]]) {
    for (const [sequences, batch, done] of batches) {
      const model = knownModel();
      const y = draw(sequences, length);
      const said: number[][] = [];
      const got = await predictPatches(model, { patch, obsDim: 2 }, params, y, {
        batch,
        onBatch: (...report) => void said.push(report),
      });
      const what = `${sequences} sequences of ${length} by ${patch}`;
      assertNear(got, patchesOnPaper(numbers, y, patch), what);
      assert.deepEqual(said, done.map((n) => [n, sequences]));
      // Where there are fewer than a batch, no more are computed.
      assert.deepEqual([...new Set(model.batches)], [Math.min(batch, sequences)]);
    }
  }
});

Deno.test("a rollout feeds on itself, learns its warm-up and nothing after it, in its step form alone", async () => {
  for (const [patch, warmup] of [[1, 1], [1, 5], [3, 6]]) {
    for (const steps of [1, 6, 7]) { // with patches of 3: part of one, two, and part of a third
      const model = knownModel();
      model.forward = () => assert.fail("a rollout took the parallel form");
      const y = draw(3, warmup);
      const got = await rollout(model, { patch, obsDim: 2 }, params, y, steps, { batch: 2 });
      const want = rolloutOnPaper(numbers, y, { warmup, steps, patch });
      assertNear(got, want, `${steps} steps after ${warmup} by ${patch}`);
      // Room for the warm-up and what comes after it, and no more.
      const room = warmup / patch + Math.ceil(steps / patch);
      assert.deepEqual(model.capacities, [room]);
    }
  }
});

Deno.test("a batch of rollouts is no larger than the sequences that there are", async () => {
  for (const [sequences, batch, size] of [[3, 2, 2], [3, 3, 3], [3, 8, 3]]) {
    const model = knownModel();
    await rollout(model, { patch: 1, obsDim: 2 }, params, draw(sequences, 2), 2, { batch });
    assert.deepEqual([...new Set(model.batches)], [size]);
  }
});

Deno.test("a rollout reports every token of a batch, and its sequences in parts", async () => {
  const [tokens, parts]: number[][][] = [[], []];
  await rollout(knownModel(), { patch: 2, obsDim: 2 }, params, draw(3, 4), 7, {
    batch: 2,
    onStep: (...report) => void tokens.push(report),
    onBatch: (...report) => void parts.push(report),
  });
  assert.deepEqual(tokens, [1, 2, 3, 4, 1, 2, 3, 4].map((done) => [done, 4]));
  assert.deepEqual(parts, [0.5, 1, 1.5, 2, 2.25, 2.5, 2.75, 3].map((done) => [done, 3]));
});

Deno.test("the warm-up of a rollout is a multiple of the patch", async () => {
  await assert.rejects(
    rollout(knownModel(), { patch: 2, obsDim: 2 }, params, draw(1, 7), 1, { batch: 1 }),
    /warm-up of 7 is not a multiple of the patch 2/,
  );
});

Deno.test("predictions and rollouts leave nothing on the engine's side", async () => {
  const tf = await import("@tensorflow/tfjs-core");
  const options = { batch: 2, engine: "tfjs" } as const;
  const model = knownModel();
  const config = { patch: 2, obsDim: 2 };
  const y = draw(3, 6);
  await predictPatches(model, config, params, y, options); // loads the backend
  for (const steps of [0, 1, 5]) {
    const before = tf.memory().numTensors;
    if (steps === 0) await predictPatches(model, config, params, y, options);
    else await rollout(model, config, params, y, steps, options);
    assert.equal(tf.memory().numTensors, before, `${steps} steps`);
  }
});
