/** @file Languages of known law: what the laws are, and scores against them. */
import assert from "node:assert/strict";
import { numpy as np } from "@jax-js/jax";
import { compile, tensor } from "../../../lib/engine/mod.ts";
import { type JaxArray } from "../../../lib/engine/arrays.ts";
import type { Model } from "../../../lib/models/model.ts";
import { keyOf } from "../../../lib/random/random.ts";
import { task } from "../../../lib/tasks/artificial_language/artificial_language.ts";
import { type Law, softmaxInPlace } from "../../../lib/tasks/artificial_language/law.ts";
import { additiveLaw } from "../../../lib/tasks/artificial_language/laws/additive.ts";
import { grammarLaw, words } from "../../../lib/tasks/artificial_language/laws/grammar.ts";
import { productsLaw } from "../../../lib/tasks/artificial_language/laws/products.ts";
import type { Runner } from "../../../lib/tasks/task.ts";
import { flatten } from "../../../lib/tensor/trees.ts";

const close = (a: number, b: number, within = 1e-9) =>
  assert.ok(Math.abs(a - b) < within, `${a}, ${b}`);
/** What a law says after symbols. */
const after = (law: Law, ...symbols: number[]) => {
  const walk = law.start();
  symbols.forEach((symbol) => walk.read(symbol));
  return walk.probabilities();
};
const ask = (text: string) => {
  const symbols = text.split(" ").filter(Boolean).map((word) => words.indexOf(word));
  const p = after(grammarLaw(), ...symbols);
  return Object.fromEntries([...p].flatMap((p, v) => p > 0 ? [[words[v], p]] : []));
};

Deno.test("laws are distributions, whatever was read", () => {
  const laws = [
    additiveLaw({ vocabulary: 5, taps: 2, sharpness: 3 }, keyOf(1)),
    productsLaw({ vocabulary: 5, sharpness: 2 }, keyOf(1)),
    grammarLaw(),
  ];
  for (const law of laws) {
    for (const past of [[], [1], [4, 0, 3, 3]]) {
      const p = after(law, ...past);
      assert.equal(p.length, law.vocabulary);
      close(p.reduce((a, b) => a + b), 1);
    }
  }
});

Deno.test("an additive law adds logits: odds of two pasts multiply", () => {
  const law = additiveLaw({ vocabulary: 4, taps: 2, sharpness: 1 }, keyOf(2));
  assert.deepEqual([...after(law)], Array(4).fill(0.25));
  const logOdds = (past: number[], v: number) => {
    const p = after(law, ...past);
    return Math.log(p[v] / p[0]);
  };
  for (const v of [1, 2, 3]) {
    // By newest, a and c; by the one before, b and d.
    close(
      logOdds([2, 1], v) - logOdds([2, 3], v),
      logOdds([0, 1], v) - logOdds([0, 3], v),
    );
    close(logOdds([3, 2, 1], v), logOdds([2, 1], v)); // two taps
    // The second tap is .7 times the first, up to its sign.
    const [first, second] = [
      logOdds([0, 1], v) - logOdds([0, 2], v),
      logOdds([1, 0], v) - logOdds([2, 0], v),
    ];
    close(Math.abs(second / first), 0.7);
  }
  const sharper = additiveLaw({ vocabulary: 4, taps: 2, sharpness: 2 }, keyOf(2));
  close(Math.log(after(sharper, 1)[2] / after(sharper, 1)[0]), 2 * logOdds([1], 2));
});

Deno.test("in a law of products one symbol of the last two says nothing, and both say all", () => {
  const V = 6;
  const law = productsLaw({ vocabulary: V, sharpness: 2 }, keyOf(7));
  assert.deepEqual([...after(law, 3)], Array(V).fill(1 / V));
  for (const known of [0, 4]) {
    for (const pasts of [(other: number) => [known, other], (other: number) => [other, known]]) {
      const mean = Array(V).fill(0);
      for (let other = 0; other < V; other++) {
        after(law, ...pasts(other)).forEach((p, v) => mean[v] += p / V);
      }
      mean.forEach((p) => close(p, 1 / V));
    }
  }
  assert.deepEqual(after(law, 1, 2, 3), after(law, 5, 0, 5)); // 2 + 3 and 0 + 5
  const p = after(law, 1, 1);
  p.forEach((value, v) => close(value, after(law, 1, 2)[(v + 1) % V]));
  assert.ok(Math.max(...p) > 2 / V);
});

Deno.test("the grammar says what may follow: agreement over clauses that nest", () => {
  assert.deepEqual(ask(""), { the: 1 });
  assert.deepEqual(
    ask("the"),
    Object.fromEntries(
      ["dog", "cat", "bird", "girl", "dogs", "cats", "birds", "girls"].map((w) => [w, 1 / 8]),
    ),
  );
  assert.deepEqual(ask("the dog"), {
    runs: 0.25,
    sleeps: 0.25,
    sees: 0.125,
    likes: 0.125,
    that: 0.25,
  });
  assert.deepEqual(ask("the dogs that the cat"), { sees: 0.375, likes: 0.375, that: 0.25 });
  assert.deepEqual(ask("the dogs that the cat sees"), {
    run: 0.25,
    sleep: 0.25,
    see: 0.125,
    like: 0.125,
    that: 0.25,
  });
  assert.deepEqual(ask("the dogs that the cat that the birds see"), {
    sees: 0.375,
    likes: 0.375,
    that: 0.25,
  });
  assert.deepEqual(
    Object.keys(ask("the dogs that the cat that the birds see sees")),
    ["run", "sleep", "see", "like", "that"].filter((w) => words.includes(w)).sort((a, b) =>
      words.indexOf(a) - words.indexOf(b)
    ),
  );
  assert.deepEqual(ask("the girl likes the birds"), { ".": 1 });
  assert.deepEqual(ask("the girl likes the birds ."), { the: 1 });
  assert.deepEqual(ask("the the"), { the: 1 }); // no text has it: a new sentence
});

Deno.test("texts are drawn from the law: the frequencies of what follows a past", () => {
  const language = task.configure({ law: "grammar", length: 3 });
  const { x, target } = language.generate!(0, 5, 4000);
  const counts = new Map<string, number>();
  let asked = 0;
  for (let s = 0; s < 4000; s++) {
    const [, noun, verb] = x.data.slice(3 * s, 3 * s + 3);
    assert.equal(target.data[3 * s], noun);
    assert.equal(target.data[3 * s + 1], verb);
    if (words[noun] !== "dog") continue;
    asked++;
    counts.set(words[verb], (counts.get(words[verb]) ?? 0) + 1);
  }
  for (const [word, p] of Object.entries(ask("the dog"))) {
    const error = Math.sqrt(p * (1 - p) / asked);
    assert.ok(Math.abs(counts.get(word)! / asked - p) < 4 * error, word);
  }
});

Deno.test("steps have texts of their own, instances laws of their own", () => {
  const language = task.configure({ vocabulary: 8, length: 5 });
  const source = language.source({ instance: 3, initialisation: 0, data: 1 }, 4, {} as Model);
  const at = (step: number) => [...flatten(source(step)).x.data];
  assert.deepEqual(at(2), at(2));
  assert.notDeepEqual(at(2), at(3));
  assert.deepEqual(flatten(source(0)).x.shape, [4, 5]);
  assert.notDeepEqual(after(language.lawOf(0), 1), after(language.lawOf(1), 1));
  assert.equal(language.tokens(4), 20);
});

/** A model whose answer is known: the logits of a function of all that was read. */
function runnerOf(logits: (past: number[]) => ArrayLike<number>): Runner {
  return {
    async *outputs({ data, shape: [n, length] }: { data: ArrayLike<number>; shape: number[] }) {
      const rows = Array.from({ length: n * length }, (_, i) => {
        const start = i - i % length;
        return [...Array.from(logits(Array.from(data).slice(start, i + 1)))];
      });
      yield await Promise.resolve({
        first: 0,
        values: tensor(rows.flat(), [n, length, rows[0].length]),
      });
    },
  } as unknown as Runner;
}

Deno.test("the law itself loses nothing, the mean of the law closes nothing, and the loss is a divergence", async () => {
  const language = task.configure({ vocabulary: 4, taps: 2, length: 6 });
  const data = { tensors: language.generate!(2, 9, 30) };
  const law = language.lawOf(2);
  const exact = await language.evaluate(
    runnerOf((past) => after(law, ...past).map(Math.log)),
    2,
    data,
    {},
  );
  close(exact.loss, 0, 1e-6);
  close(exact.gapClosed, 1, 1e-5);
  const all: Float64Array[] = [];
  const { x } = data.tensors;
  for (let i = 0; i < x.data.length; i++) {
    all.push(after(law, ...x.data.slice(i - i % 6, i + 1)));
  }
  const mean = Array.from(
    { length: 4 },
    (_, v) => all.reduce((sum, p) => sum + p[v], 0) / all.length,
  );
  const usual = await language.evaluate(runnerOf(() => mean.map(Math.log)), 2, data, {});
  close(usual.loss, usual.floor, 1e-6);
  const flat = await language.evaluate(runnerOf(() => [0, 0, 0, 0]), 2, data, {});
  const entropy = (p: Float64Array) => p.reduce((sum, q) => sum - q * Math.log(q), 0);
  const mine = all.reduce((sum, p) => sum + Math.log(4) - entropy(p), 0) / all.length;
  close(flat.loss, mine, 1e-6);
  assert.ok(flat.loss > flat.floor);
  // deno-lint-ignore no-explicit-any -- as it is stored
  close((flat.details as any).entropy, all.reduce((sum, p) => sum + entropy(p), 0) / all.length);
});

Deno.test("what a model allows is the probability of what may follow", async () => {
  const language = task.configure({ law: "grammar", length: 4 });
  const data = { tensors: language.generate!(0, 3, 5) };
  const { details } = await language.evaluate(runnerOf(() => words.map(() => 0)), 0, data, {});
  const { x } = data.tensors;
  let possible = 0;
  for (let i = 0; i < x.data.length; i++) {
    const p = after(grammarLaw(), ...x.data.slice(i - i % 4, i + 1));
    possible += p.filter((p) => p > 0).length / words.length;
  }
  // deno-lint-ignore no-explicit-any -- as it is stored
  close((details as any).allowed, possible / x.data.length);
});

Deno.test("the training loss is the cross-entropy of what came", async () => {
  const language = task.configure({ vocabulary: 3, length: 2 });
  const model = {
    apply: (_: unknown, x: JaxArray) => np.take(np.eye(3), x, 0),
  } as unknown as Model;
  const batch = { x: tensor([0, 1], [1, 2], "int32"), target: tensor([0, 2], [1, 2], "int32") };
  const program = await compile((batch: never) => language.loss(model, {} as never, batch), [
    batch,
  ]);
  const [loss] = (await (await program.run(batch)).read()).data;
  await program.close();
  const total = Math.log(Math.E + 2);
  close(loss, (total - 1 + total) / 2, 1e-6);
});

Deno.test("options that belong to another law are refused", () => {
  assert.throws(
    () => task.configure({ law: "grammar", vocabulary: 9 }),
    /vocabulary is no option of the law grammar/,
  );
  assert.throws(
    () => task.configure({ law: "products", taps: 9 }),
    /taps is no option of the law products/,
  );
  assert.throws(() => task.configure({ law: "x" }), /law = "x"/);
  assert.deepEqual(task.configure({ law: "grammar" }).signature, {
    kind: "tokens",
    vocabulary: words.length,
    classes: words.length,
  });
  assert.deepEqual([...softmaxInPlace(Float64Array.of(1000, 1000))], [0.5, 0.5]);
});
