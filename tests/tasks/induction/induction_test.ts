/** @file Induction heads: one mark among the symbols, one at the end, and what came after the first. */
import assert from "node:assert/strict";
import { task as module } from "../../../lib/tasks/induction/induction.ts";
import { UNASKED } from "../../../lib/tasks/symbols.ts";
import { chiSquare, drawn, oneHot, scored } from "../drawn.ts";

Deno.test("two marks, the last symbol one of them, the other never just before it; asked for once", () => {
  for (const length of [3, 4, 9]) {
    for (const { x, target } of drawn(module, { symbols: 4, minimum: 3, length }, 200)) {
      const marks = x.flatMap((symbol, t) => symbol === 4 ? [t] : []);
      assert.equal(marks.length, 2);
      assert.equal(marks[1], length - 1);
      assert.ok(marks[0] <= length - 3);
      assert.deepEqual(target, [...Array(length - 1).fill(UNASKED), x[marks[0] + 1]]);
    }
  }
});

Deno.test("the place of the mark and what comes after it are uniform, also together; so are other symbols", () => {
  const sequences = drawn(module, { symbols: 3, minimum: 3, length: 6 }, 4000);
  const joint = sequences.map(({ x, target }) => 3 * x.indexOf(3) + target[5]);
  assert.ok(chiSquare(joint, Array(12).fill(1 / 12)) < 31.3); // of eleven degrees of freedom, one in a thousand
  const others = sequences.flatMap(({ x }) =>
    x.indexOf(3) === 0 ? [9 * x[2] + 3 * x[3] + x[4]] : []
  );
  assert.ok(chiSquare(others, Array(27).fill(1 / 27)) < 54.1);
});

Deno.test("looking back makes no error, a guess scores at the floor", async () => {
  const options = { symbols: 5, minimum: 3, length: 12 };
  const best = await scored(module, options, (s) => oneHot(s[s.indexOf(5) + 1] ?? 0, 5));
  assert.deepEqual([best.loss, best.optimum, best.gapClosed], [0, 0, 1]);
  const guess = await scored(module, options, () => Array(5).fill(0));
  assert.ok(Math.abs(guess.loss - 0.8) < 1e-12 && Math.abs(guess.floor - 0.8) < 1e-12);
});

Deno.test("options: sixteen symbols, 8 to 64 in training and 256 in tests; shorter than a mark, a symbol and a mark is refused", () => {
  const task = module.configure({});
  assert.deepEqual(task.signature, { kind: "tokens", vocabulary: 17, classes: 16 });
  assert.equal(task.tokens(1), 64);
  assert.deepEqual(task.generate!(0, 0, 1).x.shape, [1, 256]);
  assert.throws(
    () => module.configure({ minimum: 2 }),
    /induction options: minimum = 2 and length = 256; the shortest sequence is .* at least 3/,
  );
  assert.throws(() => module.configure({ minimum: 3, length: 2 }), /length = 2; the shortest/);
});
