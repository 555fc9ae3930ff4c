/** @file Associative recall: options, batches, loss and scores, against plain loops. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Model } from "../../../lib/models/model.ts";
import { fold, keyOf } from "../../../lib/random/random.ts";
import { drawPairs } from "../../../lib/tasks/recall/pairs.ts";
import { type Details, task as module } from "../../../lib/tasks/recall/recall.ts";
import { UNASKED } from "../../../lib/tasks/symbols.ts";
import { type Tensor, tensor } from "../../../lib/tensor/tensor.ts";
import { generator, randomTensor, runJax } from "../../engine/oracle.ts";
import { answering, type Predictor } from "../answering.ts";

await initJax("wasm");

type Batch = { x: Tensor; asked: Tensor; target: Tensor };
const model = undefined as unknown as Model; // batches do not depend on it
const small = { vocabulary: 20, length: 16, pairs: 3 };
const standard = { vocabulary: 256, length: 64, pairs: 8, power: 0.01 };

const oneHot = (k: number, classes: number) =>
  Array.from({ length: classes }, (_, i) => Number(i === k));
/** The value that follows the first occurrence of the last symbol. */
const lookUp = (classes: number): Predictor => (symbols) =>
  oneHot(symbols[symbols.indexOf(symbols.at(-1)!) + 1] ?? 0, classes);

const evaluate = async (predictor: Predictor, options: object = small, sequences = 40) => {
  const task = module.configure(options);
  const { x, target } = task.generate!(0, 3, sequences);
  const tensors = { x, target };
  const { details, ...ends } = await task.evaluate(answering(predictor, 7), 0, { tensors }, {});
  return { ...ends, details: details as Details, x, target };
};

Deno.test("options: 8 pairs of 256 symbols in 64, each is read, wrong ones are named with what they need", () => {
  const task = module.configure({});
  assert.deepEqual(task.signature, { kind: "tokens", vocabulary: 256, classes: 256 });
  assert.equal(task.tokens(3), 192);
  assert.deepEqual(task.generate!(0, 9, 4), drawPairs(standard, keyOf(9), 4));
  const chosen = { ...small, power: 0.7 };
  assert.deepEqual(module.configure(chosen).signature, {
    kind: "tokens",
    vocabulary: 20,
    classes: 20,
  });
  assert.deepEqual(module.configure(chosen).generate!(1, 9, 4), drawPairs(chosen, keyOf(9), 4));
  const refused: [object, RegExp][] = [
    [{ vocabulary: 64 }, /recall options: vocabulary = 64 is not larger than length = 64; choose/],
    [{ length: 63 }, /recall options: length = 63 is odd; .*even length/],
    [{ pairs: 17 }, /recall options: pairs = 17 need a length of at least 68, not 64: two symbols/],
    [{ pairs: 0 }, /recall options: pairs = 0: .*>=1/],
    [{ power: 0 }, /recall options: power = 0: .*>0/],
    [{ power: 1.1 }, /power = 1\.1: .*<=1/],
    [{ vocabulary: 1e6 }, /vocabulary = 1000000: .*<=65536/],
    [{ keys: 3 }, /recall options: .*"keys"/],
  ];
  for (const [options, message] of refused) assert.throws(() => module.configure(options), message);
  module.configure({ pairs: 16, vocabulary: 65 });
});

Deno.test("protocol: there is nothing to choose", () => {
  assert.deepEqual(module.protocol({}), {});
  assert.throws(() => module.protocol({ from: 3 }), /recall protocol options: .*"from"/);
});

const source = (options: object, { data = 5, batch = 6 } = {}) => {
  const next = module.configure(options).source(
    { instance: 0, initialisation: 0, data },
    batch,
    model,
  );
  return (step: number) => next(step) as Batch;
};

Deno.test("a batch is the sequences of its step, the places of their queries among all symbols, and the values", () => {
  for (const options of [standard, { ...small, power: 0.01 }]) {
    const { x, asked, target } = source(options)(4);
    const drawn = drawPairs(options, fold(keyOf(5), 4), 6);
    assert.deepEqual(x, drawn.x);
    const places: number[] = [];
    drawn.target.data.forEach((answer, i) => answer !== UNASKED && places.push(i));
    const count = 6 * options.pairs;
    assert.deepEqual(asked, tensor(places, [count], "int32"));
    assert.deepEqual(target, tensor(places.map((i) => drawn.target.data[i]), [count], "int32"));
  }
});

Deno.test("a batch changes with the key of the data and the step, and with nothing else", () => {
  const plain = source(small)(3);
  assert.deepEqual(source(small)(3), plain);
  const { source: next } = module.configure(small);
  assert.deepEqual(next({ instance: 4, initialisation: 7, data: 5 }, 6, model)(3), plain);
  for (const other of [source(small)(4), source(small, { data: 6 })(3)]) {
    assert.notDeepEqual(other.x, plain.x);
    assert.notDeepEqual(other.asked, plain.asked);
  }
  // No step sees the test data of the same key.
  const test = module.configure(small).generate!(0, 5, 6);
  for (const step of [0, 1]) assert.notDeepEqual(source(small)(step).x, test.x);
});

Deno.test("the loss is the mean cross-entropy at the queries, whatever is said elsewhere", () => {
  const { x, asked, target } = source(small)(2);
  const given: Model<np.Array> = {
    init: () => np.zeros([2]),
    apply(logits, x) {
      x.dispose();
      return logits;
    },
  };
  const task = module.configure(small);
  const lossOf = (logits: Tensor) =>
    runJax(
      ((logits: np.Array, x: np.Array, asked: np.Array, target: np.Array) => [
        task.loss(given as Model, logits, { x, asked, target }),
      ]) as never,
      [logits, x, asked, target],
      "float64",
    )[0];
  const logits = randomTensor(generator(1), [6, 16, 20]);
  // Position by position, looking for the pair.
  const unasked = new Set(Array.from({ length: 6 * 16 }, (_, i) => i));
  let [sum, count] = [0, 0];
  for (let b = 0; b < 6; b++) {
    const symbols = Array.from(x.data.slice(16 * b, 16 * b + 16));
    for (let pair = 0; pair < 3; pair++) {
      const [key, value] = symbols.slice(2 * pair, 2 * pair + 2);
      const queries = Array.from(asked.data).filter((i) =>
        Math.floor(i / 16) === b && symbols[i % 16] === key
      );
      assert.equal(queries.length, 1);
      const own = Array.from(logits.data.slice(20 * queries[0], 20 * queries[0] + 20));
      sum += Math.log(own.reduce((sum, l) => sum + Math.exp(l), 0)) - own[value];
      count++;
      unasked.delete(queries[0]);
    }
  }
  const got = lossOf(logits);
  assert.deepEqual(got.shape, []);
  assert.ok(Math.abs(got.data[0] - sum / count) < 1e-6, `${got.data[0]}, ${sum / count}`);
  const elsewhere = Float32Array.from(
    logits.data,
    (value, i) => unasked.has(Math.floor(i / 20)) ? 50 - value : value,
  );
  assert.equal(unasked.size, 6 * 13);
  assert.equal(lossOf({ ...logits, data: elsewhere }).data[0], got.data[0]);
});

Deno.test("looking the key up makes no error, and closes the gap from a guess among all values", async () => {
  for (
    const [options, values] of [[small, 10], [{}, 128], [{ ...small, vocabulary: 21 }, 11]] as const
  ) {
    const { vocabulary = 256 } = options as { vocabulary?: number };
    const { details, loss, floor, optimum, gapClosed } = await evaluate(
      lookUp(vocabulary),
      options,
      9,
    );
    assert.deepEqual([loss, optimum, gapClosed], [0, 0, 1]);
    assert.ok(Math.abs(floor - (1 - 1 / values)) < 1e-15);
    assert.deepEqual([details.accuracy, details.standardError, details.sequences], [1, 0, 9]);
  }
});

Deno.test("the floor is what a guess among the values gets; the same logits for all symbols are below it by the keys", async () => {
  const values = Array.from({ length: 20 }, (_, k) => Number(k >= 10));
  const guess = await evaluate(() => values);
  assert.ok(Math.abs(guess.loss - guess.floor) < 1e-12 && Math.abs(guess.gapClosed) < 1e-12);
  const one = await evaluate(() => oneHot(13, 20), small, 3000);
  assert.ok(Math.abs(one.loss - one.floor) < 4 * one.details.standardError);
  const none = await evaluate(() => Array(20).fill(0));
  assert.ok(Math.abs(none.loss - (1 - 1 / 20)) < 1e-12);
  assert.ok(Math.abs(none.details.crossEntropy - Math.log(20)) < 1e-6);
});

Deno.test("only queries are scored: what is said at other positions, of the pairs too, is of no account", async () => {
  const right = lookUp(20);
  const { x, target } = await evaluate(right);
  const isAsked = (symbols: readonly number[], b: number) =>
    target.data[b * 16 + symbols.length - 1] !== UNASKED;
  const elsewhere = await evaluate((s, b) => isAsked(s, b) ? right(s, b) : oneHot(0, 20));
  assert.equal(elsewhere.loss, 0);
  const there = await evaluate((s, b) => isAsked(s, b) ? oneHot(0, 20) : right(s, b));
  assert.deepEqual([there.loss, there.details.accuracy], [1, 0]);
  // One wrong answer of 40 x 3.
  const at = target.data.findIndex((answer) => answer !== UNASKED);
  const once = await evaluate((s, b) => 16 * b + s.length - 1 === at ? oneHot(0, 20) : right(s, b));
  assert.ok(Math.abs(once.loss - 1 / 120) < 1e-12);
  assert.equal(x.data.length, 40 * 16);
});

Deno.test("accuracy by the number of symbols since the key: ranges that double, each with its queries", async () => {
  // Right where the key is at most seven symbols back.
  const right = lookUp(20);
  const near: Predictor = (symbols, b) => {
    const since = symbols.length - 1 - symbols.indexOf(symbols.at(-1)!);
    return since < 8 ? right(symbols, b) : oneHot(0, 20);
  };
  const { details, x, target } = await evaluate(near);
  const since: number[] = [];
  for (let b = 0; b < 40; b++) {
    for (let t = 0; t < 16; t++) {
      if (target.data[16 * b + t] === UNASKED) continue;
      for (let k = 0; k < 6; k += 2) {
        if (x.data[16 * b + k] === x.data[16 * b + t]) since.push(t - k);
      }
    }
  }
  assert.equal(since.length, 120);
  const want = [[2, 3], [4, 7], [8, 15]].map(([from, to]) => ({
    from,
    to,
    queries: since.filter((s) => s >= from && s <= to).length,
    accuracy: Number(to < 8),
  }));
  assert.deepEqual(details.bySymbolsSince, want);
  assert.ok(want.every(({ queries }) => queries > 0));
});

Deno.test("what tables say of it", () => {
  assert.deepEqual(module.about, {
    name: "recall",
    floor: { name: "a guess among all values", known: "exact" },
    optimum: { name: "looking the key up", known: "exact" },
  });
});
