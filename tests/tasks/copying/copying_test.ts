/** @file Copying: what stands before the mark is asked for behind it. */
import assert from "node:assert/strict";
import type { Model } from "../../../lib/models/model.ts";
import { task as module } from "../../../lib/tasks/copying/copying.ts";
import { UNASKED } from "../../../lib/tasks/symbols.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { chiSquare, drawn, oneHot, scored } from "../drawn.ts";

Deno.test("symbols are uniform and independent, then a mark, then nothing; the answers are the symbols in order", () => {
  for (const length of [1, 2, 7]) {
    const sequences = drawn(module, { symbols: 3, length }, 400);
    for (const { x, target } of sequences) {
      assert.ok(x.slice(0, length).every((symbol) => symbol >= 0 && symbol < 3));
      assert.deepEqual(x.slice(length), [3, ...Array(length - 1).fill(4)]);
      assert.deepEqual(target, [...Array(length).fill(UNASKED), ...x.slice(0, length)]);
    }
  }
  const pairs = drawn(module, { symbols: 3, length: 2 }, 3000).map(({ x }) => 3 * x[0] + x[1]);
  assert.ok(chiSquare(pairs, Array(9).fill(1 / 9)) < 26.1); // of eight degrees of freedom, one in a thousand
});

Deno.test("training: a shorter sequence ends where its copy does", () => {
  const task = module.configure({ symbols: 5, minimum: 2, maximum: 6 });
  const seed = { instance: 0, initialisation: 0, data: 1 };
  const { x, target } = task.source(seed, 40, undefined as unknown as Model)(0) as Record<
    "x" | "target",
    Tensor
  >;
  assert.deepEqual(x.shape, [40, 12]);
  assert.equal(task.tokens(40), 480);
  for (let b = 0; b < 40; b++) {
    const own = Array.from(target.data.slice(12 * b, 12 * b + 12));
    const length = own.filter((answer) => answer !== UNASKED).length;
    assert.ok(length >= 2 && length <= 6);
    assert.deepEqual(own.slice(length, 2 * length), [...x.data.slice(12 * b, 12 * b + length)]);
    assert.ok(own.slice(2 * length).every((answer) => answer === UNASKED));
  }
});

Deno.test("a copy makes no error, a guess scores at the floor", async () => {
  const best = await scored(
    module,
    { symbols: 6, length: 5 },
    (s) => oneHot(s[s.length - 6] ?? 0, 6),
  );
  assert.deepEqual([best.loss, best.optimum, best.gapClosed], [0, 0, 1]);
  const guess = await scored(module, { symbols: 6, length: 5 }, () => Array(6).fill(1));
  assert.ok(Math.abs(guess.loss - 5 / 6) < 1e-12 && Math.abs(guess.floor - 5 / 6) < 1e-12);
});

Deno.test("options: sixteen symbols, one to sixteen of them in training and 32 in tests", () => {
  const task = module.configure({});
  assert.deepEqual(task.signature, { kind: "tokens", vocabulary: 18, classes: 16 });
  assert.equal(task.tokens(1), 32);
  assert.deepEqual(task.generate!(0, 0, 1).x.shape, [1, 64]);
  assert.deepEqual(module.protocol({}), { from: 1 });
  assert.throws(() => module.configure({ symbols: 1 }), /copying options: symbols = 1: .*>=2/);
});
