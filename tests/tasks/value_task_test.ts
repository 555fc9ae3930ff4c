/** @file Numbers that are asked for: batches, loss and scores of a task made up for it, against plain loops. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import * as z from "zod";
import type { SequenceModel } from "../../lib/models/model.ts";
import { type Details, type ValueTask, valueTask } from "../../lib/tasks/value_task.ts";
import { type Tensor, tensor } from "../../lib/tensor/tensor.ts";
import { generator, randomTensor, runJax } from "../engine/oracle.ts";
import { answeringValues, scoredValues } from "./value_answers.ts";

await initJax("wasm");

/** The sum of the two numbers of a token, of which the first is seen with a noise that is not. */
const module: ValueTask = valueTask({
  about: { name: "adding", optimum: { name: "half of the first", known: "exact" } },
  schema: () => z.strictObject({ length: z.number().int().min(1).default(4) }),
  quantity: ({ length }) => ({
    ...{ channels: 2, length, draws: 3 * length },
    write(next, x, target) {
      for (let t = 0; t < length; t++) {
        const first = next();
        x[2 * t] = first + next();
        x[2 * t + 1] = next();
        target[t] = first + x[2 * t + 1];
      }
    },
    best: (x) => Array.from({ length }, (_, t) => x[2 * t] / 2 + x[2 * t + 1]),
  }),
});
type Batch = { x: Tensor; target: Tensor };
const one = { patch: 1 } as SequenceModel;
const seed = { instance: 0, initialisation: 0, data: 4 };
const batchOf = (step: number, own = seed, batch = 3) =>
  module.configure({}).source(own, batch, one)(step) as Batch;

Deno.test("options, protocol and what tables say: a floor of zero", () => {
  const task = module.configure({});
  assert.deepEqual(task.signature, { kind: "series", channels: 2 });
  assert.equal(task.tokens(5), 20);
  assert.deepEqual(module.about.floor, { name: "predicting zero", known: "exact" });
  assert.deepEqual(module.about.optimum, { name: "half of the first", known: "exact" });
  assert.throws(() => module.configure({ length: 0 }), /adding options: length = 0: .*>=1/);
  assert.deepEqual(module.protocol({}), {});
  assert.throws(() => module.protocol({ from: 2 }), /adding protocol options: .*"from"/);
  assert.throws(
    () => task.source(seed, 2, { patch: 2 } as SequenceModel),
    /RangeError: adding: a number is asked for after every token, but the model reads patches of 2/,
  );
});

Deno.test("a batch changes with the key of the data and the step, and with nothing else; test data go on", () => {
  const plain = batchOf(3);
  assert.deepEqual([plain.x.dtype, plain.x.shape, plain.target.dtype, plain.target.shape], [
    ...["float32", [3, 4, 2]],
    ...["float32", [3, 4]],
  ]);
  assert.deepEqual(batchOf(3), plain);
  assert.deepEqual(batchOf(3, { instance: 5, initialisation: 6, data: 4 }), plain);
  assert.notDeepEqual(batchOf(2).x, plain.x);
  assert.notDeepEqual(batchOf(3, { ...seed, data: 5 }).x, plain.x);
  const [few, many] = [2, 5].map((count) => module.configure({}).generate!(0, 4, count));
  assert.deepEqual(many.x.data.slice(0, 16), few.x.data);
  assert.deepEqual(many.target.data.slice(0, 8), few.target.data);
  assert.notDeepEqual(many.x.data.slice(0, 16), many.x.data.slice(16, 32));
  assert.notDeepEqual(batchOf(0).x.data, many.x.data.slice(0, 24));
});

Deno.test("the loss is the mean squared error of the first output channel", () => {
  const given = {
    patch: 1,
    init: () => np.zeros([2]),
    apply(out: np.Array, x: np.Array) {
      x.dispose();
      return out;
    },
  } as unknown as SequenceModel;
  const { x, target } = batchOf(0);
  const out = randomTensor(generator(1), [3, 4, 1, 2]);
  const task = module.configure({});
  const [got] = runJax(
    ((out: np.Array, x: np.Array, target: np.Array) => [
      task.loss(given, out, { x, target }),
    ]) as never,
    [out, x, target],
    "float64",
  );
  let sum = 0;
  target.data.forEach((right, i) => sum += (out.data[2 * i] - right) ** 2 / 12);
  assert.deepEqual(got.shape, []);
  assert.ok(Math.abs(got.data[0] - sum) < 1e-6, `${got.data[0]}, ${sum}`);
});

Deno.test("scores: the best predictor closes the gap, zero leaves it open, on the same data; errors at each position", async () => {
  const best = await scoredValues(module, {}, (s) => s.at(-1)![0] / 2 + s.at(-1)![1], 2000);
  assert.ok(Math.abs(best.gapClosed - 1) < 1e-9);
  assert.ok(Math.abs(best.optimum - 0.5) < 0.03 && Math.abs(best.floor - 2) < 0.1);
  assert.ok((best.details as Details).standardError < 1e-9);
  const zero = await scoredValues(module, {}, () => 0, 200);
  assert.equal(zero.loss, zero.floor);
  assert.equal(zero.gapClosed, 0);
  const { x, target } = module.configure({}).generate!(0, 7, 5);
  const wrongOnce = (s: readonly number[][], b: number) =>
    s.at(-1)![0] / 2 + s.at(-1)![1] + Number(b === 2 && s.length === 3);
  const { details, loss, optimum } = await scoredValues(module, {}, wrongOnce, 5);
  const { curve, standardError, sequences } = details as Details;
  assert.equal(sequences, 5);
  const excess: number[] = Array(5).fill(0);
  for (let t = 0; t < 4; t++) {
    let [own, floor, least] = [0, 0, 0];
    for (let b = 0; b < 5; b++) {
      const [right, seen, added] = [target.data[4 * b + t], ...x.data.slice(8 * b + 2 * t)];
      const error = seen / 2 + added - right;
      const ours = error + Number(b === 2 && t === 2);
      own += ours ** 2 / 5, floor += right ** 2 / 5, least += error ** 2 / 5;
      excess[b] += (ours ** 2 - error ** 2) / 4;
    }
    assert.ok(Math.abs(curve[t].loss - own) < 1e-6);
    assert.ok(Math.abs(curve[t].floor - floor) < 1e-6);
    assert.ok(Math.abs(curve[t].optimum - least) < 1e-6);
  }
  const mean = excess[2] / 5;
  assert.ok(Math.abs(loss - optimum - mean) < 1e-6);
  const variance = (4 * mean ** 2 + (excess[2] - mean) ** 2) / 4;
  assert.ok(Math.abs(standardError - Math.sqrt(variance / 5)) < 1e-6);
});

Deno.test("other test data are refused", async () => {
  const task = module.configure({});
  const evaluate = (tensors: Record<string, Tensor>) =>
    task.evaluate(answeringValues(() => 0), 0, { tensors }, {});
  await assert.rejects(
    evaluate({ x: tensor(0, [2, 3, 3]), target: tensor(0, [2, 3]) }),
    /RangeError: adding: tokens of the test data have 3 numbers; expected 2/,
  );
  await assert.rejects(
    evaluate({ x: tensor(0, [2, 3, 2]) }),
    /adding: the test data hold no values x \[N, T, 2\] with a target/,
  );
  await assert.rejects(
    evaluate({ x: tensor(0, [2, 3, 2]), target: tensor(0, [2, 4]) }),
    /hold no values/,
  );
});
