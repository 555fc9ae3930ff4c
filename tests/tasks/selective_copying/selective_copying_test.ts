/** @file Selective copying: which places symbols have, and that they are asked for in their order. */
import assert from "node:assert/strict";
import { task as module } from "../../../lib/tasks/selective_copying/selective_copying.ts";
import { UNASKED } from "../../../lib/tasks/symbols.ts";
import { chiSquare, drawn, oneHot, scored } from "../drawn.ts";

const options = { symbols: 3, kept: 2, minimum: 5, maximum: 5, length: 5 };

Deno.test("as many symbols as are kept, blanks between them, marks behind, and answers in order", () => {
  for (
    const own of [options, { ...options, kept: 5 }, { ...options, kept: 1, minimum: 1, length: 1 }]
  ) {
    for (const { x, target } of drawn(module, own, 200)) {
      const before = x.slice(0, own.length);
      assert.deepEqual(x.slice(own.length), Array(own.kept).fill(4));
      const kept = before.filter((symbol) => symbol !== 3);
      assert.ok(kept.every((symbol) => symbol < 3));
      assert.deepEqual(target, [...Array(own.length).fill(UNASKED), ...kept]);
      assert.equal(kept.length, own.kept);
    }
  }
});

Deno.test("all sets of places are equally likely, and symbols uniform, whatever the places", () => {
  const sets = [3, 5, 6, 9, 10, 12, 17, 18, 20, 24]; // numbers of five bits of which two are ones
  const sequences = drawn(module, options, 4000);
  const places = sequences.map(({ x }) =>
    sets.indexOf(x.slice(0, 5).reduce((sum, symbol, t) => sum + (symbol === 3 ? 0 : 2 ** t), 0))
  );
  assert.ok(chiSquare(places, Array(10).fill(0.1)) < 27.9); // of nine degrees of freedom, one in a thousand
  const joint = sequences.map(({ target }, i) => 9 * places[i] + 3 * target[5] + target[6]);
  assert.ok(chiSquare(joint, Array(90).fill(1 / 90)) < 136); // of 89
});

Deno.test("keeping what is no blank makes no error, a guess scores at the floor", async () => {
  const best = await scored(module, options, (s) => {
    const marks = s.filter((symbol) => symbol === 4).length;
    return oneHot(s.filter((symbol) => symbol < 3)[marks - 1] ?? 0, 3);
  });
  assert.deepEqual([best.loss, best.optimum, best.gapClosed], [0, 0, 1]);
  const guess = await scored(module, options, () => [1, 1, 1]);
  assert.ok(Math.abs(guess.loss - 2 / 3) < 1e-12 && Math.abs(guess.floor - 2 / 3) < 1e-12);
});

Deno.test("options: four of fourteen symbols among 32 places; more symbols than places are refused", () => {
  const task = module.configure({});
  assert.deepEqual(task.signature, { kind: "tokens", vocabulary: 16, classes: 14 });
  assert.equal(task.tokens(1), 36);
  assert.deepEqual(task.generate!(0, 0, 1).x.shape, [1, 36]);
  assert.throws(
    () => module.configure({ ...options, kept: 6 }),
    /selective copying options: kept = 6 symbols do not fit into 5 places; raise minimum and length/,
  );
  assert.throws(() => module.configure({ ...options, kept: 3, length: 2 }), /into 2 places/);
});
