/** @file How models write, and what is found of it: by models that are known, a grammar that is read by hand, and a text with agreement. */
import assert from "node:assert/strict";
import { keyOf, uniforms } from "../../lib/random/random.ts";
import { grammarLaw, words } from "../../lib/tasks/artificial_language/laws/grammar.ts";
import { task as artificial } from "../../lib/tasks/artificial_language/artificial_language.ts";
import * as sentences from "../../lib/tasks/artificial_language/grammaticality.ts";
import { shuffled, written } from "../../lib/tasks/grammaticality.ts";
import * as pairs from "../../lib/tasks/language/grammaticality.ts";
import { task as language } from "../../lib/tasks/language/language.ts";
import type { Runner } from "../../lib/tasks/task.ts";
import { type Tensor, tensor } from "../../lib/tensor/tensor.ts";
import { corpusOf } from "../../lib/text/corpus.ts";

/** A model whose logits follow from the symbols that it has seen, in batches of 7. */
function runnerOf(classes: number, says: (seen: number[]) => ArrayLike<number>): Runner {
  const said = new Map<string, ArrayLike<number>>();
  const logits = (seen: number[]) => {
    const name = seen.join();
    const known = said.get(name) ?? says(seen);
    said.set(name, known);
    return known;
  };
  const outputs = async function* ({ data, shape: [count, length] }: Tensor) {
    for (let first = 0; first < count; first += 7) {
      const rows = Math.min(7, count - first);
      const values = tensor(0, [rows, length, classes]);
      for (let r = 0; r < rows; r++) {
        const own = [...data.subarray((first + r) * length, (first + r + 1) * length)];
        for (let t = 0; t < length; t++) {
          values.data.set(logits(own.slice(0, t + 1)), (r * length + t) * classes);
        }
      }
      yield await Promise.resolve({ first, values });
    }
  };
  return { outputs } as unknown as Runner;
}

const certain = (classes: number, symbol: number) =>
  Float64Array.from({ length: classes }, (_, v) => v === symbol ? 0 : -60);

Deno.test("a model writes what it says after all that it can see, and draws by its probabilities", async () => {
  const of = { length: 3, vocabulary: 10, count: 5, key: keyOf(1) };
  // The sum of the last three symbols, modulo ten.
  const sum = runnerOf(10, (seen) => certain(10, seen.reduce((a, b) => a + b) % 10));
  const prompts = [[1], [9, 9, 1, 2, 3], ...Array.from({ length: 8 }, () => [5, 5])];
  const got = await written(sum, of, prompts);
  assert.deepEqual(got[0], [1, 2, 4, 7, 3]);
  assert.deepEqual(got[1], [6, 1, 0, 7, 8]);
  assert.deepEqual(got[9], [0, 0, 5, 5, 0]);
  // A coin of 1 to 3.
  const coin = runnerOf(2, () => [0, Math.log(3)]);
  const drawn = await written(coin, { ...of, vocabulary: 2, count: 50 }, prompts);
  const share = drawn.flat().reduce((a, b) => a + b) / 500;
  assert.ok(Math.abs(share - 0.75) < 0.06, `${share}`);
  assert.notDeepEqual(drawn[2], drawn[3]);
});

Deno.test("shuffled texts have their symbols, each its own", () => {
  const texts = [[1, 2, 3, 4, 5, 6, 7, 8], [9], []];
  const got = shuffled(texts, keyOf(3));
  assert.deepEqual(got.map((text) => text.toSorted()), texts);
  assert.notDeepEqual(got, texts);
});

const said = (text: string) => text.split(" ").map((word) => words.indexOf(word));

Deno.test("sentences that end are read by the grammar, each by itself", () => {
  const share = (...texts: string[]) => sentences.grammatical(grammarLaw(), texts.map(said));
  assert.equal(share("the dog runs . the dogs run . the dog"), 1);
  // The second does not agree; the third is sound although it comes after it.
  assert.equal(share("the dog runs . the dogs runs . the cat sleeps ."), 2 / 3);
  assert.equal(
    share("the dog that the cats see runs .", "the dog that the cats sees runs ."),
    1 / 2,
  );
  assert.equal(share("runs .", "."), 0);
  assert.ok(Number.isNaN(share("the dog")));
});

Deno.test("of a grammar: the law itself writes sentences, a coin does not, and a law without sentences is refused", async () => {
  const task = artificial.configure({ law: "grammar", length: 16 });
  const given = { data: {}, instance: 0, seed: 4 };
  const law = runnerOf(words.length, (seen) => {
    const walk = task.lawOf(0).start();
    seen.forEach((symbol) => walk.read(symbol));
    return walk.probabilities().map((p) => Math.max(-60, Math.log(p)));
  });
  const right = await sentences.grammaticality.find(task, law, given);
  assert.deepEqual([right.sentences, right["sentences, real"]], [1, 1]);
  assert.ok(right["sentences, shuffled"] < 0.1);
  const coin = runnerOf(words.length, () => new Float64Array(words.length));
  const wrong = await sentences.grammaticality.find(task, coin, given);
  assert.ok(wrong.sentences < 0.1);
  assert.equal(wrong["sentences, shuffled"], right["sentences, shuffled"]);
  const sums = artificial.configure({ law: "additive" });
  await assert.rejects(sentences.grammaticality.find(sums, coin, given), /law: "grammar"/);
});

/** Documents whose verbs agree, by nouns that say their number; twice as many of one. */
function agreeing(count: number) {
  const draws = uniforms(keyOf(9), count * 80);
  let next = 0;
  const one = (of: string[]) => of[Math.floor(draws[next++] * of.length)];
  return Array.from({ length: count }, () =>
    Array.from({ length: 40 }, () => {
      const many = draws[next++] < 1 / 3;
      return `${one(["The", "A big", "No"])} ${many ? "dogs are" : "dog is"} here.`;
    }).join(" "));
}

const corpus = corpusOf(agreeing(40), 266);
const { train, test } = corpus.parts;
const data = {
  tensors: {
    ...{ symbols: corpus.symbols, train: train.ids, trainStarts: train.starts },
    ...{ test: test.ids, testStarts: test.starts },
  },
};
const tokens = Math.floor(train.ids.data.length / 2);
const given = { data, tokenizer: corpus.tokenizer, instance: 0, seed: 2 };
const [length, classes] = [32, corpus.symbols.data.length];
const task = language.configure({ length, tokens }, data);

/** How often each symbol comes after the last `order` ones, from the training text. */
function counting(order: number): Runner {
  const counts = new Map<string, Float64Array>();
  const all = [...train.ids.data];
  for (let i = order; i < all.length; i++) {
    const past = all.slice(i - order, i).join();
    if (!counts.has(past)) counts.set(past, new Float64Array(classes));
    counts.get(past)![all[i]]++;
  }
  return runnerOf(classes, (seen) => {
    const found = counts.get(seen.slice(seen.length - order).join());
    return (found ?? new Float64Array(classes)).map((n) => Math.log(n + 1e-3));
  });
}

Deno.test("of a text: who has read it writes like it and knows the word, who knows frequencies knows half", async () => {
  const good = await pairs.grammaticality.find(task, counting(8), given);
  const poor = await pairs.grammaticality.find(task, counting(0), given);
  for (
    const [measure, above] of [["seen", 1], ["words", 1], ["copied", 1], ["judge", -1]] as const
  ) {
    const [own, real, wrong] = ["", ", real", ", shuffled"].map((set) => good[`${measure}${set}`]);
    assert.ok(above * real > above * wrong, `${measure}: ${real}, ${wrong}`);
    // Nearer to what is right than to what is wrong, and the other way around.
    assert.ok(Math.abs(own - real) < Math.abs(own - wrong), `${measure}: ${own}`);
    const bad = poor[measure];
    assert.ok(Math.abs(bad - real) > Math.abs(bad - wrong), `${measure}: ${bad}`);
    assert.equal(poor[`${measure}, real`], real);
  }
  assert.ok(good.pairs > 0.95 && good["pairs, judge"] > 0.95, `${good.pairs}`);
  // Exactly half: as many places of each word, and always the same one is preferred.
  assert.equal(poor.pairs, 0.5);
  assert.ok(Math.abs(good["pairs, misplaced"] - 0.5) < 0.2, `${good["pairs, misplaced"]}`);
  assert.equal(good["pairs, judge"], poor["pairs, judge"]);
});

Deno.test("prompts lie evenly over the held-out text, each before what follows it", () => {
  const text = Array.from({ length: 1000 }, (_, i) => i);
  const { prompts, real } = pairs.places(text, 32);
  assert.deepEqual([prompts.length, real.length], [48, 48]);
  assert.deepEqual([prompts[1][0], prompts[1].length], [18, 32]); // (1000 - 96) / 48
  assert.deepEqual([real[1][0], real[1].length], [50, 64]);
  assert.throws(() => pairs.places(text.slice(0, 120), 32), /120 test tokens; 48 texts/);
});

Deno.test("what cannot be asked is refused: no tokenizer, no text for a judge, no pair of words", async () => {
  const coin = counting(0);
  const find = (more: object, of = task) =>
    pairs.grammaticality.find(of, coin, { ...given, ...more });
  await assert.rejects(find({ tokenizer: undefined }), /no tokenizer.*stage tokenize/);
  await assert.rejects(
    find({}, language.configure({ length }, data)),
    /none is left to make a judge/,
  );
  const plain = { ...data.tensors, test: tensor(Array(400).fill(1), [400], "int32") };
  await assert.rejects(find({ data: { tensors: plain } }), /none of the words is, are, was/);
});
