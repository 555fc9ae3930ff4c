/** @file A model at work: outputs and rollouts, number by number, against what a known model says on paper. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, compileOn, type Spec, type Tensor, tensor } from "../../lib/engine/mod.ts";
import type { Model } from "../../lib/models/model.ts";
import { rolloutBytes } from "../../lib/train/rollout_bytes.ts";
import { runnerOf, type RunnerOptions } from "../../lib/train/runner.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import {
  knownModel,
  type KnownNumbers,
  knownTensors,
  patchesOnPaper,
  rolloutOnPaper,
  seriesOf,
} from "./known_model.ts";

await initJax("wasm");

const numbers: KnownNumbers = { gain: [0.5, -0.8], level: 0.7, slope: 0.1 };
const params = knownTensors(numbers);
const draw = (batch: number, length: number) => randomTensor(generator(4), [batch, length, 2]);

function known(patch: number, options: Omit<RunnerOptions, "compile"> & Partial<RunnerOptions>) {
  const { model: module, ...seen } = knownModel();
  const model = module.configure({ patch }, seriesOf(2));
  return { model, runner: runnerOf(model, params, { compile, ...options }), ...seen };
}

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

/** Predictions [B, N, ...] without those of the last patch, which follows what was observed. */
function withoutLast({ shape: [batch, patches, ...rest], data }: Tensor) {
  const each = data.length / batch / patches;
  const kept = Array.from(data).filter((_, i) => Math.floor(i / each) % patches < patches - 1);
  return { shape: [batch, patches - 1, ...rest], data: kept };
}

/** Sequences, batch, and how many have been done after each batch: full, not full, one larger than wanted. */
const batches: [sequences: number, batch: number, done: number[]][] = [
  [5, 2, [2, 4, 5]],
  [4, 2, [2, 4]],
  [3, 8, [3]],
  [1, 1, [1]],
];

Deno.test("outputs are those of the model's own form over whole inputs, whatever the batches", async () => {
  for (const [patch, length] of [[1, 2], [1, 5], [3, 12]]) {
    for (const [sequences, batch, done] of batches) {
      const said: number[][] = [];
      const { runner, batches: compiled } = known(patch, {
        batch,
        onProgress: (...report) => void said.push(report),
      });
      const y = draw(sequences, length);
      const got = await runner.apply(y);
      const what = `${sequences} sequences of ${length} by ${patch}`;
      assert.deepEqual([got.dtype, got.shape], [
        "float32",
        [sequences, length / patch, patch, 2],
      ]);
      assertNear(withoutLast(got), patchesOnPaper(numbers, y, patch), what);
      assert.deepEqual(said, done.map((n) => [n, sequences]));
      // Where there are fewer than a batch, no more are computed.
      assert.deepEqual([...new Set(compiled)], [Math.min(batch, sequences)]);
    }
  }
});

Deno.test("a runner has its model and its parameters, and other parameters give other outputs", async () => {
  const { runner, model } = known(1, { batch: 2 });
  assert.equal(runner.model, model);
  assert.equal(runner.params, params);
  const other = { gain: [0.1, 2], level: -0.3, slope: 0 };
  const y = draw(2, 4);
  const got = await runnerOf(model, knownTensors(other), { batch: 2, compile }).apply(y);
  assertNear(withoutLast(got), patchesOnPaper(other, y, 1), "other parameters");
});

Deno.test("inputs of integers, and outputs of another shape than the inputs", async () => {
  // Symbols [N, T] to the sum of each sequence and its double, [N, 2, 1].
  const model: Model = {
    init: () => [],
    apply(_, x) {
      const sums = np.sum(x.astype(np.float32), 1, { keepdims: true });
      return np.stack([sums.ref, sums.mul(2)], 1);
    },
  };
  const x = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3], "int32");
  const got = await runnerOf(model, [], { batch: 2, compile }).apply(x);
  assert.deepEqual(got, tensor([6, 12, 15, 30, 24, 48], [3, 2, 1]));
});

Deno.test("outputs come batch by batch, in order, and together they are those of all inputs", async () => {
  const { runner } = known(1, { batch: 2 });
  const y = draw(5, 4);
  const { data } = await runner.apply(y);
  const firsts: number[] = [];
  for await (const { first, values } of runner.outputs(y)) {
    firsts.push(first);
    const count = Math.min(2, 5 - first);
    assert.deepEqual([values.dtype, values.shape], ["float32", [count, 4, 1, 2]]);
    assert.deepEqual(values.data, data.slice(first * 8, (first + count) * 8));
  }
  assert.deepEqual(firsts, [0, 2, 4]);
  await runner.close();
});

Deno.test("a batch of one shape is compiled once, until the runner is closed, which closes all of its programs", async () => {
  const said: string[] = [];
  const { runner } = known(1, {
    batch: 2,
    async compile(fn, args) {
      const program = await compile(fn, args);
      const [, { shape }] = args as [object, Spec];
      said.push(`open ${shape}`);
      return {
        ...program,
        run: program.run,
        close() {
          said.push(`close ${shape}`);
          return program.close();
        },
      };
    },
  });
  const first = await runner.apply(draw(3, 4));
  assert.deepEqual(await runner.apply(draw(3, 4)), first);
  for await (const _ of runner.outputs(draw(4, 4))) break;
  await runner.apply(draw(2, 5)); // longer
  await runner.apply(draw(1, 4)); // fewer than a batch
  assert.deepEqual(said.splice(0), ["open 2,4,2", "open 2,5,2", "open 1,4,2"]);
  await runner.close();
  assert.deepEqual(said.splice(0), ["close 2,4,2", "close 2,5,2", "close 1,4,2"]);
  await runner.close();
  assert.deepEqual(said, []);
  assert.deepEqual(await runner.apply(draw(3, 4)), first); // compiled anew
  assert.deepEqual(said.splice(0), ["open 2,4,2"]);
  await runner.close();
});

Deno.test("a model that cannot be compiled says so, and its runner can be closed", async () => {
  const model: Model = { init: () => [], apply: () => assert.fail("no such model") };
  const runner = runnerOf(model, [], { batch: 1, compile });
  await assert.rejects(runner.apply(draw(1, 2)), /no such model/);
  await runner.close();
});

Deno.test("a rollout feeds on itself, learns its warm-up and nothing after it, in its step form alone", async () => {
  for (const [patch, warmup] of [[1, 1], [1, 5], [3, 6]]) {
    for (const steps of [1, 6, 7]) { // with patches of 3: part of one, two, and part of a third
      const { model, runner, capacities } = known(patch, { batch: 2 });
      model.apply = () => assert.fail("a rollout took the parallel form");
      const y = draw(3, warmup);
      const got = await runner.generate(y, steps);
      assert.equal(got.dtype, "float32");
      const want = rolloutOnPaper(numbers, y, { warmup, steps, patch });
      assertNear(got, want, `${steps} steps after ${warmup} by ${patch}`);
      // Room for the warm-up and what comes after it, and no more.
      const room = warmup / patch + Math.ceil(steps / patch);
      assert.deepEqual([...new Set(capacities)], [room]);
    }
  }
});

Deno.test("a batch of rollouts is no larger than the sequences that there are, and than what fits in memory", async () => {
  const [warmup, steps] = [4, 3]; // two patches of two, and one and a half after them
  const { model } = known(2, { batch: 1 });
  const each = rolloutBytes(model, params, 4, 2);
  assert.ok(each > 0);
  const cases: [sequences: number, batch: number, memoryBytes: number | undefined, size: number][] =
    [
      [3, 2, undefined, 2],
      [3, 3, undefined, 3],
      [3, 8, undefined, 3],
      [5, 4, 4 * each, 4],
      [5, 4, 4 * each - 1, 3],
      [5, 4, each, 1],
      [5, 4, 1, 1], // one at least
      [2, 4, 3 * each, 2],
    ];
  for (const [sequences, batch, memoryBytes, size] of cases) {
    const lines: string[] = [];
    const bytes: number[] = [];
    const { runner, batches: compiled } = known(2, {
      batch,
      memoryBytes,
      log: (line) => void lines.push(line),
      onMemory: (value) => void bytes.push(value),
    });
    const y = draw(sequences, warmup);
    const got = await runner.generate(y, steps);
    assertNear(got, rolloutOnPaper(numbers, y, { warmup, steps, patch: 2 }), `batches of ${size}`);
    assert.deepEqual([...new Set(compiled)], [size]);
    assert.deepEqual(bytes, [each]);
    const reduced = new RegExp(
      `^rollouts: ${sequences} sequences, .* batches of ${size} \\(reduced to fit`,
    );
    assert.deepEqual(
      lines.map((line) => reduced.test(line)),
      size < Math.min(batch, sequences) ? [true] : [],
    );
  }
});

Deno.test("a rollout reports every token of a batch, its sequences in parts, and every batch that is done", async () => {
  const parts: number[][] = [];
  const [tokens, done]: number[][] = [[], []];
  const { runner } = known(2, {
    batch: 2,
    onToken: (observations) => void tokens.push(observations),
    onProgress: (...report) => void parts.push(report),
    onBatch: (count) => void done.push(count),
  });
  await runner.generate(draw(3, 4), 7);
  // Two sequences at a time, also in the batch that has only one; the first token ends the warm-up.
  assert.deepEqual(tokens, [0, 4, 4, 4, 0, 4, 4, 4]);
  assert.deepEqual(parts, [0.5, 1, 1.5, 2, 2.25, 2.5, 2.75, 3].map((part) => [part, 3]));
  assert.deepEqual(done, [2, 1]);
});

Deno.test("the warm-up of a rollout is a multiple of the patch", async () => {
  await assert.rejects(
    known(2, { batch: 1 }).runner.generate(draw(1, 7), 1),
    /RangeError: the warm-up of 7 is not a multiple of the patch 2/,
  );
});

Deno.test("a model without a step form cannot run free", async () => {
  const whole: Model = { init: () => [], apply: (_, x) => x };
  await assert.rejects(
    runnerOf(whole, [], { batch: 1, compile }).generate(draw(1, 2), 1),
    /TypeError: .* only a sequence model can run free/,
  );
});

Deno.test("outputs and rollouts leave nothing on the engine's side", async () => {
  const tf = await import("@tensorflow/tfjs-core");
  const { runner } = known(2, { batch: 2, compile: compileOn("tfjs") });
  const y = draw(3, 6);
  await runner.apply(y); // loads the backend
  for (const steps of [0, 1, 5]) {
    const before = tf.memory().numTensors;
    if (steps === 0) await runner.apply(y);
    else await runner.generate(y, steps);
    assert.equal(tf.memory().numTensors, before, `${steps} steps`);
  }
});
