/** @file Parity with steps: the sequences by hand, and scores of predictors whose answers are known. */
import assert from "node:assert/strict";
import { stepKinds } from "../../../lib/tasks/stepwise_parity/steps.ts";
import { chainOf, vocabularyOf } from "../../../lib/tasks/stepwise_parity/steps.ts";
import {
  type Details,
  task as module,
} from "../../../lib/tasks/stepwise_parity/stepwise_parity.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { answering } from "../answering.ts";

Deno.test("steps of 1 1 0 1, by hand", () => {
  const bits = [1, 1, 0, 1];
  assert.deepEqual(chainOf("none", bits), [3]);
  assert.deepEqual(chainOf("parity", bits), [3, 2, 2, 3]);
  // 1; 1 and 1, 0; 0 and 0, 0; 0 and 1, 1
  assert.deepEqual(chainOf("carry", bits), [3, 5, 2, 4, 2, 4, 3]);
  assert.deepEqual(chainOf("count", bits), [5, 6, 6, 7, 3]);
  assert.deepEqual(stepKinds.map((kind) => vocabularyOf(kind, 4)), [4, 4, 6, 9]);
});

Deno.test("a step of carries is a threshold of what stands there: p + x - 2 c, of all pairs", () => {
  for (const bits of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
    const [p, c, last] = chainOf("carry", bits);
    assert.equal(last - 2, (p - 2) + bits[1] - 2 * (c - 4));
  }
});

for (const bits of [1, 5]) {
  for (const steps of stepKinds) {
    Deno.test(`${steps}, ${bits} bits: bits, then what a step sees of the chain, and what is asked of it`, () => {
      const task = module.configure({ bits, steps });
      const { x, target } = task.generate!(0, 7, 300);
      const [, length] = x.shape;
      assert.equal(task.tokens(2), 2 * length);
      assert.deepEqual(task.signature, {
        ...{ kind: "tokens", vocabulary: vocabularyOf(steps, bits) },
        classes: vocabularyOf(steps, bits),
      });
      let ones = 0;
      for (let b = 0; b < 300; b++) {
        const own = Array.from(x.data.slice(b * length, (b + 1) * length));
        const chain = chainOf(steps, own.slice(0, bits));
        assert.deepEqual(own.slice(bits), chain.slice(0, -1));
        const asked = Array.from(target.data.slice(b * length, (b + 1) * length));
        assert.deepEqual(asked, [...Array<number>(bits - 1).fill(-1), ...chain]);
        ones += own.slice(0, bits).reduce((a, c) => a + c, 0);
      }
      assert.ok(Math.abs(ones / (300 * bits) - 0.5) < 0.1);
      const batch = task.source({ instance: 0, initialisation: 0, data: 3 }, 4, undefined as never);
      const [first, again, other] = [0, 0, 1].map((step) => batch(step) as Record<"x", Tensor>);
      assert.deepEqual(first, again);
      if (bits > 1) assert.notDeepEqual(first.x.data, other.x.data);
    });
  }
}

const oneHot = (symbol: number, classes: number) =>
  Array.from({ length: classes }, (_, v) => Number(v === symbol));

/** Scores of a predictor that says a symbol for the symbols so far. */
async function scored(steps: string, bits: number, say: (so: readonly number[]) => number) {
  const task = module.configure({ bits, steps });
  const data = { tensors: task.generate!(0, 5, 200) };
  const classes = task.signature.kind === "tokens" ? task.signature.classes : 0;
  const runner = answering((symbols) => oneHot(say(symbols), classes));
  const { details, ...scalars } = await task.evaluate(runner, 0, data, {});
  return { ...scalars, ...details as Details, data };
}

Deno.test("who knows the chain is always right, at every kind of steps", async () => {
  for (const steps of stepKinds) {
    const say = (so: readonly number[]) => chainOf(steps as "none", so.slice(0, 4))[so.length - 4];
    const got = await scored(steps, 4, (so) => so.length < 4 ? 0 : say(so));
    assert.deepEqual([got.loss, got.floor, got.gapClosed], [0, 0.5, 1]);
    assert.deepEqual([got.accuracy, got.given, got.steps], [1, 1, 1]);
    assert.equal(got.chain, chainOf(steps, [0, 0, 0, 0]).length);
  }
});

Deno.test("a model reads its own steps: a wrong first one spoils the answer, but not where the right ones are given", async () => {
  // Copies the parity before and turns it with the bit, but takes the first bit for its opposite.
  const got = await scored("parity", 4, (so) => {
    const t = so.length - 4;
    if (t < 0) return 0;
    return t === 0 ? 3 - so[0] : 2 + ((so[so.length - 1] - 2) ^ so[t]);
  });
  assert.deepEqual([got.accuracy, got.given, got.steps], [0, 1, 0.75]);
  assert.deepEqual([got.loss, got.gapClosed], [1, -1]);
});

Deno.test("of the right steps nothing is left for a model to read when it writes its own", async () => {
  const task = module.configure({ bits: 3, steps: "count" });
  const read: number[][] = [];
  const runner = answering(() => oneHot(4, 8));
  const recording: typeof runner = {
    ...runner,
    outputs(x) {
      read.push(Array.from(x.data.slice(0, 6)).slice(3));
      return runner.outputs(x);
    },
  };
  await task.evaluate(recording, 0, { tensors: task.generate!(0, 5, 4) }, {});
  assert.deepEqual(read.slice(1), [[0, 0, 0], [4, 0, 0], [4, 4, 0], [4, 4, 4]]);
});

Deno.test("logits that are no numbers are wrong", async () => {
  const task = module.configure({ bits: 2, steps: "parity" });
  const runner = answering(() => [NaN, NaN, NaN, NaN]);
  const { loss } = await task.evaluate(runner, 0, { tensors: task.generate!(0, 1, 6) }, {});
  assert.equal(loss, 1);
});

Deno.test("options and data that cannot be are refused by name", () => {
  assert.throws(() => module.configure({ bits: 0 }), /bits/);
  assert.throws(() => module.configure({ steps: "xor" }), /steps/);
  assert.throws(() => module.protocol({ part: 1 }), /part/);
});
