/** @file The task of a given text: its sequences, its epochs, its loss, and the scores of a model made by hand. */
import assert from "node:assert/strict";
import { numpy as np } from "@jax-js/jax";
import { compile, tensor } from "../../../lib/engine/mod.ts";
import type { JaxArray } from "../../../lib/engine/arrays.ts";
import type { Model } from "../../../lib/models/model.ts";
import { Ledger, logSoftmax } from "../../../lib/tasks/language/losses.ts";
import { task } from "../../../lib/tasks/language/language.ts";
import { reference } from "../../../lib/tasks/language/references/kneser_ney.ts";
import { kneserNey } from "../../../lib/text/kneser_ney.ts";
import type { Runner } from "../../../lib/tasks/task.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { corpus } from "./made_corpus.ts";

const data = corpus({
  train: [[0, 1, 2, 0, 1], [2, 2], [1], [0, 1, 2, 0, 1, 2, 0]],
  validation: [[0, 0, 0, 0]],
  test: [[0, 1, 2, 0], [1, 1, 1]],
});
const close = (a: number, b: number, within = 1e-9) =>
  assert.ok(Math.abs(a - b) < within, `${a}, ${b}`);

Deno.test("packed sequences run through all documents, aligned ones start with each", () => {
  const packed = task.configure({ length: 4 }, data).training;
  assert.deepEqual([...packed.x.data], [0, 1, 2, 0, 1, 2, 2, 1, 0, 1, 2, 0]);
  assert.deepEqual([...packed.target.data], [1, 2, 0, 1, 2, 2, 1, 0, 1, 2, 0, 1]);
  const { x, target } = task.configure({ length: 4, layout: "aligned" }, data).training;
  assert.deepEqual(x.shape, [3, 4]); // a document of one token asks nothing
  assert.deepEqual([...x.data], [0, 1, 2, 0, 2, 0, 0, 0, 0, 1, 2, 0]);
  assert.deepEqual([...target.data], [1, 2, 0, 1, 2, -1, -1, -1, 1, 2, 0, 1]);
  const first = task.configure({ length: 2, tokens: 6 }, data).training;
  assert.deepEqual([...first.x.data], [0, 1, 2, 0]);
  const begun = task.configure({ length: 4, tokens: 6, layout: "aligned" }, data).training;
  assert.deepEqual([...begun.x.data], [0, 1, 2, 0]);
});

Deno.test("an epoch has every sequence once, in an order of its own, whatever the batch", () => {
  const language = task.configure({ length: 2 }, data); // seven sequences
  const firsts = (data: number, batch: number, steps: number) => {
    const source = language.source({ instance: 0, initialisation: 0, data }, batch, {} as Model);
    return Array.from({ length: steps }, (_, step) => {
      const { x, target } = flatten(source(step));
      return Array.from(
        { length: batch },
        (_, b) => [x.data[2 * b], x.data[2 * b + 1], target.data[2 * b + 1]].join(""),
      );
    }).flat();
  };
  const all = firsts(1, 7, 2);
  const { x, target } = language.training;
  const there = Array.from(
    { length: 7 },
    (_, s) => [x.data[2 * s], x.data[2 * s + 1], target.data[2 * s + 1]].join(""),
  );
  for (const epoch of [all.slice(0, 7), all.slice(7)]) {
    assert.deepEqual(epoch.toSorted(), there.toSorted());
  }
  assert.notDeepEqual(all.slice(0, 7), all.slice(7));
  assert.deepEqual(firsts(1, 2, 7), all);
  assert.deepEqual(firsts(1, 14, 1), all);
  assert.notDeepEqual(firsts(2, 7, 2), all);
  // A later step first.
  const source = language.source({ instance: 0, initialisation: 0, data: 1 }, 3, {} as Model);
  const late = flatten(source(11)).x.data;
  for (let step = 0; step < 11; step++) source(step);
  assert.deepEqual(flatten(source(11)).x.data, late);
});

/** Logits that are a row of a table for each symbol that was read. */
const table = [[1, 0, -1], [0, 2, 0], [0.5, 0, 0]];
const model = {
  apply: (_: unknown, x: JaxArray) => np.take(np.array(table), x, 0),
} as unknown as Model;
const lossOf = (read: number, right: number) =>
  Math.log(table[read].reduce((sum, logit) => sum + Math.exp(logit), 0)) - table[read][right];

Deno.test("the loss is the mean over what is asked, in nats", async () => {
  const language = task.configure({ length: 4, layout: "aligned" }, data);
  const batch = flatten(language.source({ instance: 0, initialisation: 0, data: 0 }, 3, model)(0));
  const program = await compile((batch: never) => language.loss(model, {} as never, batch), [
    batch,
  ]);
  const [loss] = (await (await program.run(batch)).read()).data;
  await program.close();
  const asked = [[0, 1], [1, 2], [2, 0], [0, 1], [2, 2], [0, 1], [1, 2], [2, 0], [0, 1]];
  close(loss, asked.reduce((sum, [a, b]) => sum + lossOf(a, b), 0) / 9, 1e-6);
});

const runner = {
  model,
  params: {},
  async *outputs({ data, shape: [n, length] }: { data: ArrayLike<number>; shape: number[] }) {
    for (let first = 0; first < n; first++) {
      const rows = Array.from({ length }, (_, t) => table[data[first * length + t]]);
      yield await Promise.resolve({ first, values: tensor(rows.flat(), [1, length, 3]) });
    }
  },
} as unknown as Runner;

Deno.test("a model is scored by position and block, on the part that the protocol says", async () => {
  const language = task.configure({ length: 3 }, data);
  const { loss, floor, optimum, gapClosed, details } = await language.evaluate(
    runner,
    0,
    data,
    task.protocol({}),
  );
  // Of the test 0 1 2 | 0 1 1, then a last token that only is a target.
  const losses = [
    lossOf(0, 1),
    lossOf(1, 2),
    lossOf(2, 0),
    lossOf(0, 1),
    lossOf(1, 1),
    lossOf(1, 1),
  ];
  const mean = (...of: number[]) => of.reduce((a, b) => a + b) / of.length;
  close(loss, mean(...losses), 1e-6);
  // Training targets 1 2 0 1 2 2 1 0 1 2 0 1, once more each: four zeros, six ones, five twos of 15.
  close(floor, -mean(...[6, 5, 4, 6, 6, 6].map((n) => Math.log(n / 15))));
  assert.equal(optimum, 0);
  close(gapClosed, 1 - loss / floor);
  // deno-lint-ignore no-explicit-any -- as it is stored
  const { nats, tokens, blocks, positions } = details as any;
  assert.deepEqual([nats, tokens], [loss, 6]);
  close(blocks[1], mean(...losses.slice(3)), 1e-6);
  // deno-lint-ignore no-explicit-any -- as it is stored
  assert.deepEqual(positions.map(({ from, to }: any) => [from, to]), [[1, 1], [2, 2], [3, 3]]);
  close(positions[1].nats, mean(losses[1], losses[4]), 1e-6);
  const other = await language.evaluate(runner, 0, data, task.protocol({ part: "validation" }));
  close(other.loss, lossOf(0, 0), 1e-6);
});

Deno.test("Kneser-Ney learns from the training sequences and sees what a model sees", async () => {
  const language = task.configure({ length: 3 }, data);
  const { loss } = await reference.score(language, 0, data, task.protocol({}), { order: 3 });
  const counts = kneserNey([0, 1, 2, 0, 1, 2, 2, 1, 0, 1, 2, 0], 3, 3);
  const asked: [number[], number][] = [[[0], 1], [[0, 1], 2], [[1, 2], 0], [[0], 1], [[0, 1], 1], [[
    1,
    1,
  ], 1]];
  close(
    loss,
    -asked.reduce((sum, [past, next]) => sum + Math.log(counts.probability(past, next)), 0) / 6,
  );
  assert.throws(
    () => reference.score(language, 0, data, task.protocol({}), { order: 9 }),
    /order = 9/,
  );
});

Deno.test("ranges of positions double, blocks are consecutive, and what was not asked is left out", () => {
  const ledger = new Ledger(30, 10);
  for (let s = 0; s < 30; s++) for (let t = 0; t < 9; t++) if (s > 2) ledger.add(s, t, t);
  const { nats, tokens, blocks, positions } = ledger.losses();
  assert.deepEqual([nats, tokens, blocks.length], [4, 27 * 9, 18]);
  assert.deepEqual(positions, [
    { from: 1, to: 1, nats: 0 },
    { from: 2, to: 2, nats: 1 },
    { from: 3, to: 4, nats: 2.5 },
    { from: 5, to: 8, nats: 5.5 },
    { from: 9, to: 10, nats: 8 },
  ]);
  const logs = new Float64Array(2);
  logSoftmax([7, 1000, 1000], 1, logs);
  close(logs[0], -Math.log(2));
});

Deno.test("data that are no corpus, and options that are none, are refused", () => {
  assert.throws(() => task.configure({}, {}), /no symbols \[V\]; make them by stage tokenize/);
  const wrong = corpus({ train: [[0, 3, 1]], validation: [[0]], test: [[0]] });
  assert.throws(
    () => task.configure({ length: 1 }, wrong).training,
    /symbol 3 in train; expected 0 to 2/,
  );
  const { train: _, ...rest } = data.tensors;
  assert.throws(
    () => task.configure({ length: 1 }, { tensors: rest }).training,
    /no tokens train \[n\]/,
  );
  assert.throws(
    () => task.configure({ length: 20 }, data).training,
    /15 tokens; a sequence needs 21/,
  );
  assert.throws(() => task.configure({ layout: "x" }, data), /layout = "x"/);
  assert.throws(() => task.protocol({ part: "train" }), /part = "train"/);
});
