/** @file Parity: options, batches, loss and scores, against loops over bits. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile } from "../../../lib/engine/engines/ort.ts";
import type { Model } from "../../../lib/models/model.ts";
import { fold, keyOf } from "../../../lib/random/random.ts";
import { task as module } from "../../../lib/tasks/parity/parity.ts";
import type { Details, Protocol } from "../../../lib/tasks/state_tracking.ts";
import type { Runner } from "../../../lib/tasks/task.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { runnerOf } from "../../../lib/train/runner.ts";
import { generator, randomTensor, runJax } from "../../engine/oracle.ts";
import { answering, type Predictor } from "../answering.ts";

await initJax("wasm");

type Batch = { x: Tensor; target: Tensor; weights: Tensor };
const model = undefined as unknown as Model; // batches do not depend on it

const odd = (bits: readonly number[]) => bits.reduce((count, bit) => count + bit, 0) % 2;
const exact: Predictor = (bits) => odd(bits) ? [0, 1] : [1, 0];
const wrong: Predictor = (bits) => odd(bits) ? [1, 0] : [0, 1];

const source = (options: object, { data = 5, batch = 4 } = {}) => {
  const next = module.configure(options).source(
    { instance: 0, initialisation: 0, data },
    batch,
    model,
  );
  return (step: number) => next(step) as Batch;
};
const lengthsOf = ({ weights: { data, shape: [batch, maximum] } }: Batch) =>
  Array.from({ length: batch }, (_, b) => {
    const own = Array.from(data.slice(b * maximum, (b + 1) * maximum));
    const length = own.filter((weight) => weight === 1).length;
    assert.deepEqual(own, own.map((_, t) => Number(t < length)), "ones, then zeros");
    return length;
  });

Deno.test("options: lengths of 3 to 40 in training and 256 in tests, each is read, wrong ones are named", () => {
  const task = module.configure({});
  assert.deepEqual(task.signature, { kind: "tokens", vocabulary: 2, classes: 2 });
  assert.equal(task.tokens(3), 120);
  assert.deepEqual(task.generate!(0, 0, 2).x.shape, [2, 256]);
  const standard = source({}, { batch: 4000 })(0);
  assert.deepEqual(standard.x.shape, [4000, 40]);
  const lengths = lengthsOf(standard);
  assert.deepEqual([Math.min(...lengths), Math.max(...lengths)], [3, 40]);
  const chosen = { minimum: 2, maximum: 5, length: 9 };
  assert.equal(module.configure(chosen).tokens(3), 15);
  assert.deepEqual(module.configure(chosen).generate!(0, 0, 2).x.shape, [2, 9]);
  const refused: [object, RegExp][] = [
    [{ minimum: 0 }, /parity options: minimum = 0: .*>=1/],
    [{ maximum: 2.5 }, /parity options: maximum = 2\.5/],
    [{ length: 0 }, /parity options: length = 0/],
    [{ lengths: 4 }, /parity options: .*"lengths"/],
    [
      { minimum: 6, maximum: 5 },
      /parity options: minimum = 6 is larger than maximum = 5; expected/,
    ],
    [{ minimum: 41 }, /minimum = 41 is larger than maximum = 40/],
  ];
  for (const [options, message] of refused) assert.throws(() => module.configure(options), message);
  module.configure({ minimum: 5, maximum: 5 });
});

Deno.test("protocol: positions 41 to 256 are scored unless others are asked for", () => {
  assert.deepEqual(module.protocol({}), { from: 41, length: 256 });
  assert.deepEqual(module.protocol({ from: 3, length: 3 }), { from: 3, length: 3 });
  const refused: [object, RegExp][] = [
    [{ from: 0 }, /parity protocol options: from = 0: .*>=1/],
    [{ length: 40 }, /parity protocol options: from = 41 is larger than length = 40; expected/],
    [{ to: 4 }, /"to"/],
  ];
  for (const [options, message] of refused) assert.throws(() => module.protocol(options), message);
});

Deno.test("training: targets are parities, weights 1 up to a length and 0 beyond it", () => {
  const batch = source({ minimum: 2, maximum: 6 }, { batch: 50 })(3);
  assert.deepEqual([batch.x.dtype, batch.target.dtype, batch.weights.dtype], [
    "int32",
    "int32",
    "float32",
  ]);
  for (const { shape } of Object.values(batch)) assert.deepEqual(shape, [50, 6]);
  for (const length of lengthsOf(batch)) assert.ok(length >= 2 && length <= 6);
  for (let b = 0; b < 50; b++) {
    let ones = 0;
    for (let t = 0; t < 6; t++) {
      ones += batch.x.data[6 * b + t];
      assert.equal(batch.target.data[6 * b + t], ones % 2);
    }
  }
  assert.deepEqual([...new Set(batch.x.data)].sort(), [0, 1]);
});

/** Sum of the squared deviations from the same count for each, over that count. */
function chiSquare(values: readonly number[], low: number, high: number): number {
  const counts = Array.from({ length: high - low + 1 }, () => 0);
  for (const value of values) counts[value - low]++;
  const expected = values.length / counts.length;
  return counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
}

Deno.test("training lengths are uniform, bits are fair, also given the length and from place to place", () => {
  const next = source({}, { batch: 1000 });
  const batches = Array.from({ length: 8 }, (_, step) => next(step));
  const lengths = batches.flatMap(lengthsOf);
  assert.ok(chiSquare(lengths, 3, 40) < 70.7, `${chiSquare(lengths, 3, 40)}`); // 37 degrees of freedom, one in a thousand
  const bits = batches.map(({ x }) => x.data);
  const meanOf = (chosen: (length: number, t: number) => boolean) => {
    let [sum, count] = [0, 0];
    for (const [i, { data }] of batches.map(({ x }, i) => [i, x] as const)) {
      for (let k = 0; k < data.length; k++) {
        if (!chosen(lengths[1000 * i + Math.floor(k / 40)], k % 40)) continue;
        sum += bits[i][k];
        count++;
      }
    }
    return { mean: sum / count, bound: 3.5 * 0.5 / Math.sqrt(count) };
  };
  for (
    const chosen of [
      () => true,
      (length: number) => length < 10,
      (length: number) => length > 30,
      (_: number, t: number) => t === 0,
      (_: number, t: number) => t === 39,
    ]
  ) {
    const { mean, bound } = meanOf(chosen);
    assert.ok(Math.abs(mean - 0.5) < bound, `${chosen}: ${mean}`);
  }
  // Of all bits, number i says nothing about the length of sequence i: they are not made of the same numbers.
  let agree = 0;
  lengths.forEach((length, b) => {
    const bit = bits[Math.floor(b / 1000)][b % 1000];
    agree += Number(bit === Number(length > 21));
  });
  assert.ok(Math.abs(agree / lengths.length - 0.5) < 3.5 * 0.5 / Math.sqrt(lengths.length));
  // Neighbours are equal half of the time.
  let [same, count] = [0, 0];
  for (const data of bits) {
    for (let k = 1; k < data.length; k++) {
      if (k % 40 === 0) continue;
      same += Number(data[k] === data[k - 1]);
      count++;
    }
  }
  assert.ok(Math.abs(same / count - 0.5) < 3.5 * 0.5 / Math.sqrt(count));
});

Deno.test("a batch changes with the key of the data and the step, and with nothing else", () => {
  const plain = source({})(3);
  assert.deepEqual(source({})(3), plain);
  const { source: next } = module.configure({});
  assert.deepEqual(next({ instance: 4, initialisation: 7, data: 5 }, 4, model)(3), plain);
  for (const other of [source({})(4), source({}, { data: 6 })(3)]) {
    assert.notDeepEqual(other.x, plain.x);
    assert.notDeepEqual(other.weights, plain.weights);
  }
  // No step sees the test data of the same key.
  const test = module.configure({ length: 40 }).generate!(0, 5, 4);
  for (const step of [0, 1]) assert.notDeepEqual(source({})(step).x, test.x);
  assert.notDeepEqual(fold(keyOf(5), 0), keyOf(5));
});

Deno.test("test data: more sequences go on where fewer end, another key gives others", () => {
  const task = module.configure({ length: 10 });
  const [few, many] = [2, 5].map((sequences) => task.generate!(0, 8, sequences));
  assert.deepEqual(many.x.data.slice(0, 20), few.x.data);
  assert.notDeepEqual(task.generate!(0, 9, 2).x, few.x);
  assert.deepEqual(task.generate!(3, 8, 2), few); // there is one instance only
});

/** Logits that are parameters: what a model says is given. */
const given: Model<np.Array> = {
  init: () => np.zeros([2]),
  apply(logits, x) {
    x.dispose();
    return logits;
  },
};

Deno.test("the loss is the mean cross-entropy over the positions up to the length of each sequence, and no other", () => {
  const { x, target, weights } = source({ minimum: 1, maximum: 5 }, { batch: 6 })(1);
  const logits = randomTensor(generator(1), [6, 5, 2]);
  const task = module.configure({});
  const loss = (logits: np.Array, x: np.Array, target: np.Array, weights: np.Array) => [
    task.loss(given as Model, logits, { x, target, weights }),
  ];
  const lossOf = (logits: Tensor) =>
    runJax(loss as never, [logits, x, target, weights], "float64")[0];
  const lengths = lengthsOf({ x, target, weights });
  assert.ok(new Set(lengths).size > 1);
  let sum = 0;
  lengths.forEach((length, b) => {
    for (let t = 0; t < length; t++) {
      const i = 5 * b + t;
      const [own, other] = [target.data[i], 1 - target.data[i]].map((k) => logits.data[2 * i + k]);
      sum += Math.log(1 + Math.exp(other - own));
    }
  });
  const want = sum / lengths.reduce((a, b) => a + b);
  const got = lossOf(logits);
  assert.deepEqual(got.shape, []);
  assert.ok(Math.abs(got.data[0] - want) < 1e-6, `${got.data[0]}, ${want}`);
  const beyond = Float32Array.from(logits.data, (value, i) => {
    const [b, t] = [Math.floor(i / 10), Math.floor(i / 2) % 5];
    return t < lengths[b] ? value : 100 - value;
  });
  assert.equal(lossOf({ ...logits, data: beyond }).data[0], got.data[0]);
});

const evaluate = async (
  runner: Runner | Predictor,
  protocol: Partial<Protocol> = {},
  { sequences = 24, length = 256 } = {},
) => {
  const task = module.configure({ length });
  const tensors = task.generate!(0, 3, sequences);
  const made = typeof runner === "function" ? answering(runner, 7) : runner;
  const { details, ...ends } = await task.evaluate(
    made,
    0,
    { tensors },
    module.protocol(protocol),
  );
  return { ...ends, details: details as Details };
};

Deno.test("a model that computes parity closes the gap, one that is always wrong opens it", async () => {
  // The count so far as a product with ones below the diagonal; its parity as a cosine.
  const parity: Model<never[]> = {
    init: () => [],
    apply(_, x) {
      const [, length] = x.shape;
      const ones = Float32Array.from(
        { length: length ** 2 },
        (_, i) => Number(i % length >= Math.floor(i / length)),
      );
      const count = np.matmul(x.astype(np.float32), np.array(ones).reshape([length, length]));
      const even = np.cos(count.mul(Math.PI));
      return np.stack([even.ref, even.neg()], -1);
    },
  };
  const runner = runnerOf(parity, [], { batch: 10, compile });
  const { details, ...best } = await evaluate(runner);
  await runner.close();
  assert.deepEqual(best, { loss: 0, floor: 0.5, optimum: 0, gapClosed: 1 });
  assert.deepEqual([details.accuracy, details.scaledAccuracy, details.standardError], [1, 1, 0]);
  assert.ok(Math.abs(details.crossEntropy - Math.log(1 + Math.exp(-2))) < 1e-3);
  assert.ok(details.curve.every(({ error }) => error === 0));

  const worst = await evaluate(wrong);
  assert.deepEqual([worst.loss, worst.gapClosed, worst.details.accuracy], [1, -1, 0]);
});

Deno.test("a coin: the same logits for both score at the floor exactly, one answer always nearly so", async () => {
  const none = await evaluate(() => [0, 0]);
  assert.deepEqual([none.loss, none.floor, none.gapClosed], [0.5, 0.5, 0]);
  assert.deepEqual(none.details.standardError, 0);
  assert.ok(Math.abs(none.details.crossEntropy - Math.log(2)) < 1e-12);
  const one = await evaluate(() => [1, 0], {}, { sequences: 500 });
  assert.ok(Math.abs(one.gapClosed) < 0.02, `${one.gapClosed}`);
  assert.ok(Math.abs(one.loss - 0.5) < 4 * one.details.standardError);
});

Deno.test("only positions from `from` to `length`, counted from 1, are scored", async () => {
  for (const [from, length] of [[41, 256], [5, 9], [9, 9]]) {
    const scored = length - from + 1;
    const wrongAt = (position: number): Predictor => (bits, sequence) =>
      (bits.length === position ? wrong : exact)(bits, sequence);
    for (const position of [1, from - 1, from, from + 1, length - 1, length, length + 1]) {
      const { loss } = await evaluate(wrongAt(position), { from, length }, { length: 260 });
      const counts = position >= from && position <= length;
      const want = counts ? 1 / scored : 0;
      assert.ok(Math.abs(loss - want) < 1e-12, `${from} to ${length}, ${position}: ${loss}`);
    }
  }
});

Deno.test("the curve has the error of every eight positions, those of training too: a model that is right at first is seen", async () => {
  const { details: { curve }, loss } = await evaluate((bits, b) =>
    (bits.length <= 128 ? exact : wrong)(bits, b)
  );
  assert.equal(curve.length, 32);
  curve.forEach(({ from, to, error }, i) => {
    assert.deepEqual([from, to], [8 * i + 1, 8 * i + 8]);
    assert.equal(error, from <= 128 ? 0 : 1);
  });
  assert.ok(Math.abs(loss - 128 / 216) < 1e-12);
  // One wrong position is an eighth of its block; the last block may be shorter, and ends where the scores do.
  const short = await evaluate(
    (bits, b) => ([9, 16, 18].includes(bits.length) ? wrong : exact)(bits, b),
    { from: 1, length: 18 },
    { length: 30 },
  );
  assert.deepEqual(short.details.curve, [
    { from: 1, to: 8, error: 0 },
    { from: 9, to: 16, error: 0.25 },
    { from: 17, to: 18, error: 0.5 },
  ]);
});

Deno.test("the standard error is that of the sequences' rates: errors of one sequence are not independent", async () => {
  const { details } = await evaluate((bits, b) => (b % 4 ? exact : wrong)(bits, b));
  const squares = (18 * 0.25 ** 2 + 6 * 0.75 ** 2) / 23;
  assert.ok(Math.abs(details.standardError - Math.sqrt(squares / 24)) < 1e-12);
  assert.equal(details.sequences, 24);
});

Deno.test("test sequences may be longer than the scores, not shorter", async () => {
  const { loss } = await evaluate(exact, { length: 60 }, { length: 60 });
  assert.equal(loss, 0);
  await assert.rejects(
    evaluate(exact, { length: 61 }, { length: 60 }),
    /RangeError: parity protocol: length = 61, but the test sequences have 60 symbols; lower it, or generate longer/,
  );
});

Deno.test("what tables say of it", () => {
  assert.deepEqual(module.about, {
    name: "parity",
    floor: { name: "the likeliest state at every position", known: "exact" },
    optimum: { name: "the automaton", known: "exact" },
  });
});
