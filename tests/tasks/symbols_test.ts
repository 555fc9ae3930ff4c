/** @file What tasks on symbols have in common: the cross-entropy against sums on paper, and scores of answers that are given. */
import { init as initJax, numpy as np, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import { type EngineName, type Tensor, tensor } from "../../lib/engine/mod.ts";
import {
  crossEntropy,
  emptySequences,
  scoreAnswers,
  type Sequences,
  sequencesOf,
  UNASKED,
} from "../../lib/tasks/symbols.ts";
import { assertParity } from "../engine/layer_cases.ts";
import { nativeTfjs } from "../engine/native_tfjs.ts";
import { generator, randomTensor, runEngine, runJax } from "../engine/oracle.ts";
import { answering } from "./answering.ts";

await initJax("wasm");

/** Minus the logarithm of a softmax, in float64. */
function onPaper(logits: ArrayLike<number>, right: number): number {
  const largest = Math.max(...Array.from(logits));
  const sum = Array.from(logits).reduce((sum, x) => sum + Math.exp(x - largest), 0);
  return Math.log(sum) + largest - logits[right];
}

const rows = (t: Tensor) => {
  const classes = t.shape.at(-1)!;
  return Array.from(
    { length: t.data.length / classes },
    (_, i) => Array.from(t.data.slice(i * classes, (i + 1) * classes)),
  );
};

for (const shape of [[7, 5, 3], [4, 2], [1, 1], [6, 257]]) {
  Deno.test(`cross-entropy of logits [${shape}] is minus the logarithm of the target's probability`, () => {
    const random = generator(1);
    const logits = randomTensor(random, shape, { low: -9, high: 9 });
    const classes = shape.at(-1)!;
    const targets = randomTensor(random, shape.slice(0, -1), {
      dtype: "int32",
      low: 0,
      high: classes,
    });
    const [got] = runJax(crossEntropy, [logits, targets], "float64");
    assert.deepEqual(got.shape, shape.slice(0, -1));
    rows(logits).forEach((row, i) => {
      const want = onPaper(row, targets.data[i]);
      assert.ok(Math.abs(got.data[i] - want) < 1e-12, `${i}: ${got.data[i]}, ${want}`);
    });
  });
}

Deno.test("cross-entropy and its gradient agree with float64 on every engine, of logits as large as 1e4 too", async () => {
  const targets = tensor([0, 2, 1, 2, 0, 0], [2, 3], "int32");
  const loss = (logits: np.Array, targets: np.Array) => np.mean(crossEntropy(logits, targets));
  for (const high of [1, 20, 1e4]) {
    const logits = randomTensor(generator(2), [2, 3, 3], { low: -high, high });
    // The gradient on paper: the probability, less one for the target, over the number of positions.
    const gradient = rows(logits).flatMap((row, i) =>
      row.map((_, k) => (Math.exp(-onPaper(row, k)) - Number(k === targets.data[i])) / 6)
    );
    const value = rows(logits).reduce((sum, row, i) => sum + onPaper(row, targets.data[i]) / 6, 0);
    const want = [
      { ...tensor(0, []), data: Float64Array.of(value) },
      { ...logits, data: Float64Array.from(gradient) },
    ];
    // deno-lint-ignore no-explicit-any
    const exact = runJax((jaxValueAndGrad as any)(loss), [logits, targets], "float64");
    assertParity(exact, want, 1e-9);
    for (const engine of ["ort", "jax", "tfjs", ...nativeTfjs] satisfies EngineName[]) {
      assertParity(await runEngine(valueAndGrad(loss), [logits, targets], engine), want);
    }
  }
});

/** Two sequences of four symbols; nothing is asked at their second positions, and at the last of the second one. */
const asked: Sequences = {
  x: tensor(0, [2, 4], "int32"),
  target: tensor([0, UNASKED, 2, 1, 1, UNASKED, 0, UNASKED], [2, 4], "int32"),
};
const all = { isScored: () => true, groupOf: () => undefined };
const [a, b, c] = [[3, 1, 2], [1, 3, 2], [1, 2, 3]]; // answers 0, 1 and 2

Deno.test("the error rate is the share of answers that are wrong, wherever something is asked and nowhere else", async () => {
  const right = [a, a, c, b, b, a, a, a];
  for (const batch of [1, 2, 5]) {
    assert.equal((await scoreAnswers(answering(right, batch), asked, all)).error, 0);
    // A wrong answer where nothing is asked is none.
    for (const [i, want] of [1 / 5, 0, 1 / 5, 1 / 5, 1 / 5, 0, 1 / 5, 0].entries()) {
      const wrong = right.with(i, right[i] === c ? b : c);
      const { error, sequences } = await scoreAnswers(answering(wrong, batch), asked, all);
      assert.ok(Math.abs(error - want) < 1e-12, `${i}: ${error}, ${want}`);
      assert.equal(sequences, 2);
    }
  }
});

Deno.test("classes that tie share the answer, and logits that are not finite are wrong", async () => {
  const one: Sequences = { x: tensor(0, [1, 1], "int32"), target: tensor([1], [1, 1], "int32") };
  const errorOf = async (logits: number[]) =>
    (await scoreAnswers(answering([logits]), one, all)).error;
  const cases: [number[], number][] = [
    [[0, 0, 0], 2 / 3],
    [[-5, 2, 2], 1 / 2],
    [[2, 1, 2], 1],
    [[-1, 0, -1], 0],
    [[NaN, 1, 0], 1],
    [[0, NaN, 0], 1],
    [[NaN, NaN, NaN], 1],
    [[0, Infinity, 0], 1],
    [[-Infinity, 1, -Infinity], 0], // a class that is ruled out is an answer
    [[-Infinity, -Infinity, -Infinity], 1],
  ];
  for (const [logits, want] of cases) {
    assert.ok(Math.abs(await errorOf(logits) - want) < 1e-12, `${logits}`);
  }
});

Deno.test("scored answers alone make the error, its standard error from sequence to sequence and the cross-entropy; groups have all", async () => {
  const logits = [b, a, c, c, b, a, b, a]; // right: no, -, yes, no; yes, -, no, -
  const { groups, ...scores } = await scoreAnswers(answering(logits), asked, {
    isScored: (position) => position !== 0,
    groupOf: (sequence, position) => position === 3 ? undefined : 10 - position - 5 * sequence,
  });
  // Scored: yes, no of the first sequence, and no of the second.
  assert.ok(Math.abs(scores.error - 2 / 3) < 1e-12);
  // Deviations of the sequences' rates 1/2 and 1 from 2/3, on one degree of freedom.
  const standardError = Math.sqrt(((1 / 6) ** 2 + (1 / 3) ** 2) / 1 / 2);
  assert.ok(Math.abs(scores.standardError - standardError) < 1e-12);
  const nats = (onPaper(c, 2) + onPaper(c, 1) + onPaper(b, 0)) / 3;
  assert.ok(Math.abs(scores.crossEntropy - nats) < 1e-6);
  assert.deepEqual(groups, [
    { group: 3, answers: 1, error: 1 },
    { group: 5, answers: 1, error: 0 },
    { group: 8, answers: 1, error: 0 },
    { group: 10, answers: 1, error: 1 },
  ]);
});

Deno.test("test data: what is no sequence with its targets, or of a task with other symbols, is refused", () => {
  const signature = { kind: "tokens", vocabulary: 3, classes: 2 } as const;
  const read = (tensors?: Record<string, Tensor>) => sequencesOf("some", { tensors }, signature);
  const x = tensor([0, 2, 1, 2], [2, 2], "int32");
  const target = tensor([1, 0, UNASKED, 1], [2, 2], "int32");
  assert.deepEqual(read({ x, target }), { x, target });
  const none = /some: the test data hold no symbols x \[N, T\] with a target \[N, T\] for each/;
  for (
    const tensors of [undefined, {}, { x }, { target }, { y: x }, {
      x,
      target: tensor(0, [2, 1], "int32"),
    }, { x: tensor(0, [4], "int32"), target: tensor(0, [4], "int32") }]
  ) {
    assert.throws(() => read(tensors as Record<string, Tensor>), none);
  }
  const refused = (x: number[], target: number[], message: RegExp) =>
    assert.throws(
      () => read({ x: tensor(x, [2, 2], "int32"), target: tensor(target, [2, 2], "int32") }),
      message,
    );
  refused(
    [0, 0, 3, 0],
    [0, 0, 0, 0],
    /RangeError: some: symbol 3 at position 0 of test sequence 1; expected 0 to 2/,
  );
  refused([0, -1, 0, 0], [0, 0, 0, 0], /symbol -1 at position 1 of test sequence 0/);
  refused(
    [0, 0, 0, 0],
    [0, 0, 0, 2],
    /target 2 at position 1 of test sequence 1; expected -1 to 1/,
  );
  refused([0, 0, 0, 0], [-2, 0, 0, 0], /target -2 at position 0/);
});

Deno.test("empty sequences ask for nothing", () => {
  assert.deepEqual(emptySequences(1, 2), {
    x: tensor([0, 0], [1, 2], "int32"),
    target: tensor([-1, -1], [1, 2], "int32"),
  });
});
