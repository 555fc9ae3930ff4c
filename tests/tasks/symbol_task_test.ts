/** @file Questions on symbols: options, batches, loss and scores of a task made up for it, against plain loops. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import * as z from "zod";
import type { Model } from "../../lib/models/model.ts";
import {
  constantFloor,
  type Details,
  lengthFields,
  oneOf,
  type SymbolTask,
  symbolTask,
} from "../../lib/tasks/symbol_task.ts";
import { UNASKED } from "../../lib/tasks/symbols.ts";
import { type Tensor, tensor } from "../../lib/tensor/tensor.ts";
import { generator, randomTensor, runJax } from "../engine/oracle.ts";
import { answering, type Predictor } from "./answering.ts";

await initJax("wasm");

/** After every second symbol, its double; an item is two positions. */
const module: SymbolTask = symbolTask({
  about: {
    name: "doubling",
    floor: { name: "the likeliest", known: "exact" },
    optimum: { name: "the double", known: "exact" },
  },
  schema: () =>
    z.strictObject({
      kinds: z.number().int().min(1).default(3),
      ...lengthFields({ minimum: 2, maximum: 5, length: 9 }),
    }),
  from: 3,
  questions: ({ kinds }) => ({
    vocabulary: kinds,
    classes: 2 * kinds,
    positions: (items) => 2 * items,
    draws: (items) => 2 * items,
    write(items, next, x, target) {
      for (let t = 0; t < 2 * items; t++) {
        x[t] = oneOf(kinds, next());
        if (t % 2) target[t] = 2 * x[t];
      }
    },
    floor: constantFloor,
    optimum: ({ from, to }) => from === to ? 0.25 : 0,
  }),
});
const double: Predictor = (symbols) =>
  Array.from({ length: 6 }, (_, k) => Number(k === 2 * symbols.at(-1)!));
const model = undefined as unknown as Model; // batches do not depend on it
const seed = { instance: 0, initialisation: 0, data: 4 };
type Batch = { x: Tensor; target: Tensor };
const batchOf = (options: object, batch: number, step = 0, own = seed) =>
  module.configure(options).source(own, batch, model)(step) as Batch;

Deno.test("options and protocol: each is read, wrong ones are named", () => {
  const task = module.configure({ kinds: 2 });
  assert.deepEqual(task.signature, { kind: "tokens", vocabulary: 2, classes: 4 });
  assert.equal(task.tokens(3), 30);
  assert.deepEqual(task.generate!(0, 0, 2).x.shape, [2, 18]);
  assert.deepEqual(module.protocol({}), { from: 3 });
  assert.deepEqual(module.protocol({ from: 1, to: 1 }), { from: 1, to: 1 });
  const refused: [() => unknown, RegExp][] = [
    [() => module.configure({ minimum: 0 }), /doubling options: minimum = 0: .*>=1/],
    [() => module.configure({ minimum: 6 }), /minimum = 6 is larger than maximum = 5; expected/],
    [() => module.configure({ sorts: 2 }), /doubling options: .*"sorts"/],
    [() => module.protocol({ from: 0 }), /doubling protocol options: from = 0: .*>=1/],
    [() => module.protocol({ from: 5, to: 4 }), /protocol options: from = 5 is larger than to = 4/],
    [() => module.protocol({ to: 2 }), /from = 3 is larger than to = 2/],
  ];
  for (const [make, message] of refused) assert.throws(make, message);
  module.configure({ minimum: 1, maximum: 1, length: 1 });
});

Deno.test("training: lengths are uniform from the shortest to the longest, and nothing is asked beyond one", () => {
  const { x, target } = batchOf({}, 4000);
  assert.deepEqual([x.dtype, x.shape, target.dtype, target.shape], [
    ...["int32", [4000, 10]],
    ...["int32", [4000, 10]],
  ]);
  const counts = [0, 0, 0, 0];
  for (let b = 0; b < 4000; b++) {
    const own = target.data.subarray(10 * b, 10 * b + 10);
    const asked = own.filter((answer) => answer !== UNASKED).length;
    counts[asked - 2]++;
    own.forEach((answer, t) => {
      const isAsked = t % 2 === 1 && t < 2 * asked;
      assert.equal(answer, isAsked ? 2 * x.data[10 * b + t] : UNASKED);
    });
  }
  const chiSquare = counts.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
  assert.ok(chiSquare < 16.3, `${counts}`); // of three degrees of freedom, exceeded once in a thousand
});

Deno.test("lengths and symbols are made of numbers of their own: a length says nothing about the symbols", () => {
  const { x, target } = batchOf({ kinds: 2 }, 4000);
  const agree = Array.from({ length: 4000 }, (_, b) => {
    const asked = target.data.subarray(10 * b, 10 * b + 10).filter((a) => a !== UNASKED).length;
    return Number(x.data[10 * b] === Number(asked > 3));
  });
  const mean = agree.reduce((a, b) => a + b) / 4000;
  assert.ok(Math.abs(mean - 0.5) < 3.5 * 0.5 / Math.sqrt(4000), `${mean}`);
});

Deno.test("a batch changes with the key of the data and the step, and with nothing else; test data go on", () => {
  const plain = batchOf({}, 4, 3);
  assert.deepEqual(batchOf({}, 4, 3), plain);
  assert.deepEqual(batchOf({}, 4, 3, { instance: 5, initialisation: 6, data: 4 }), plain);
  for (const other of [batchOf({}, 4, 2), batchOf({}, 4, 3, { ...seed, data: 5 })]) {
    assert.notDeepEqual(other.x, plain.x);
    assert.notDeepEqual(other.target, plain.target);
  }
  const task = module.configure({ minimum: 5, length: 5 });
  const [few, many] = [2, 6].map((count) => task.generate!(0, 4, count));
  assert.deepEqual(many.x.data.slice(0, 20), few.x.data);
  assert.notDeepEqual(many.x.data.slice(0, 20), many.x.data.slice(20, 40));
  for (const step of [0, 1]) {
    assert.notDeepEqual(batchOf({ minimum: 5 }, 6, step).x.data, many.x.data);
  }
});

Deno.test("the loss is the mean cross-entropy at the questions, and at no other position", () => {
  const { x, target } = batchOf({}, 5);
  const given: Model<np.Array> = {
    init: () => np.zeros([2]),
    apply(logits, x) {
      x.dispose();
      return logits;
    },
  };
  const task = module.configure({});
  const lossOf = (logits: Tensor) =>
    runJax(
      ((logits: np.Array, x: np.Array, target: np.Array) => [
        task.loss(given as Model, logits, { x, target }),
      ]) as never,
      [logits, x, target],
      "float64",
    )[0];
  const logits = randomTensor(generator(1), [5, 10, 6]);
  let [sum, count] = [0, 0];
  target.data.forEach((answer, i) => {
    if (answer === UNASKED) return;
    const own = Array.from(logits.data.slice(6 * i, 6 * i + 6));
    sum += Math.log(own.reduce((sum, l) => sum + Math.exp(l), 0)) - own[answer];
    count++;
  });
  const got = lossOf(logits);
  assert.deepEqual(got.shape, []);
  assert.ok(Math.abs(got.data[0] - sum / count) < 1e-6, `${got.data[0]}, ${sum / count}`);
  const elsewhere = logits.data.map((value, i) =>
    target.data[Math.floor(i / 6)] === UNASKED ? 9 - value : value
  );
  assert.equal(lossOf({ ...logits, data: elsewhere }).data[0], got.data[0]);
});

const evaluate = async (predictor: Predictor, protocol: object = {}) => {
  const task = module.configure({});
  const tensors = task.generate!(0, 3, 30);
  const { details, ...ends } = await task.evaluate(
    answering(predictor, 7),
    0,
    { tensors },
    module.protocol(protocol),
  );
  return { ...ends, details: details as Details, target: tensors.target };
};

Deno.test("answers at the positions of the protocol are scored, between the floor and the optimum of these", async () => {
  for (const [from, to] of [[3, 18], [4, 4], [1, 2], [5, 9]]) {
    const { loss, floor, optimum, target } = await evaluate(double, { from, to });
    const answers = Array.from(target.data).filter((answer, i) =>
      answer !== UNASKED && i % 18 + 1 >= from && i % 18 + 1 <= to
    );
    const best = Math.max(...[0, 2, 4].map((k) => answers.filter((a) => a === k).length));
    assert.equal(loss, 0);
    assert.ok(Math.abs(floor - (1 - best / answers.length)) < 1e-12);
    assert.equal(optimum, from === to ? 0.25 : 0);
    for (const position of [2, 4, 6, 8, 10, 18]) {
      const { loss } = await evaluate(
        (s, b) =>
          s.length === position ? [1, 0.5, 0.5, 0.5, 0.5, 0.5].map((x) => -x) : double(s, b),
        { from, to },
      );
      const scored = position >= from && position <= to;
      assert.equal(loss > 0, scored, `${from} to ${to}, ${position}`);
    }
  }
});

Deno.test("details: accuracy, and the error of every eight positions up to the last that is scored", async () => {
  const { details, gapClosed, loss, floor } = await evaluate(
    (s, b) => s.length > 8 && s.length <= 16 ? [0, 1, 0, 0, 0, 0] : double(s, b),
  );
  assert.deepEqual(details.curve, [
    { from: 1, to: 8, error: 0 },
    { from: 9, to: 16, error: 1 },
    { from: 17, to: 18, error: 0 },
  ]);
  assert.ok(Math.abs(loss - 4 / 8) < 1e-12);
  assert.deepEqual([details.accuracy, details.sequences], [1 - loss, 30]);
  assert.ok(Math.abs(gapClosed - (floor - loss) / floor) < 1e-12);
  const short = await evaluate(double, { to: 10 });
  assert.deepEqual(short.details.curve.map(({ from, to }) => [from, to]), [[1, 8], [9, 10]]);
});

Deno.test("data of other sizes are refused", async () => {
  await assert.rejects(
    evaluate(double, { to: 19 }),
    /RangeError: doubling protocol: positions 3 to 19 are scored, but the test sequences have 18; lower/,
  );
  await assert.rejects(evaluate(double, { from: 19 }), /positions 19 to 18 are scored/);
  const task = module.configure({ kinds: 2 });
  const tensors = { x: tensor([0, 2], [1, 2], "int32"), target: tensor([-1, 2], [1, 2], "int32") };
  await assert.rejects(
    task.evaluate(answering(double), 0, { tensors }, { from: 1 }),
    /doubling: symbol 2 at position 1 of test sequence 0; expected 0 to 1/,
  );
});
