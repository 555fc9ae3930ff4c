/** @file Tracking the state of an automaton whose states are not equally likely: what parity cannot show. */
import assert from "node:assert/strict";
import { stateTracking, type Transitions } from "../../lib/tasks/state_tracking.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { answering } from "./answering.ts";

/** Four states over three symbols; nothing leads from the last one to another. */
const next: Transitions = [[1, 2, 0], [1, 0, 3], [2, 2, 1], [3, 3, 3]];
const module = stateTracking("maze", next);

const after = (symbols: readonly number[]) => symbols.reduce((state, s) => next[state][s], 0);
const oneHot = (state: number, classes: number) =>
  Array.from({ length: classes }, (_, k) => Number(k === state));

/** Probability of every state after all sequences of so many symbols, one by one. */
function probabilities(length: number): number[] {
  const counts = next.map(() => 0);
  for (let code = 0; code < 3 ** length; code++) {
    counts[after(Array.from({ length }, (_, t) => Math.floor(code / 3 ** t) % 3))]++;
  }
  return counts.map((count) => count / 3 ** length);
}

Deno.test("symbols are those of the table's columns, classes its rows", () => {
  assert.deepEqual(module.configure({}).signature, { kind: "tokens", vocabulary: 3, classes: 4 });
  assert.equal(module.about.name, "maze");
});

Deno.test("every target is the state after the symbols so far, from state 0 on; every symbol is as likely as the others", () => {
  const { x, target } = module.configure({ length: 7 }).generate!(0, 3, 2000);
  assert.deepEqual([x.dtype, x.shape, target.dtype, target.shape], [
    "int32",
    [2000, 7],
    "int32",
    [2000, 7],
  ]);
  const counts = [0, 0, 0];
  x.data.forEach((symbol) => counts[symbol]++);
  for (let b = 0; b < 2000; b++) {
    const symbols = Array.from(x.data.slice(7 * b, 7 * b + 7));
    symbols.forEach((_, t) => assert.equal(target.data[7 * b + t], after(symbols.slice(0, t + 1))));
  }
  const expected = 14_000 / 3;
  const chiSquare = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  assert.ok(chiSquare < 13.8, `${counts}`); // of two degrees of freedom, exceeded once in a thousand
});

Deno.test("the floor is the error of the likeliest state at each scored position, exactly; the optimum is none", async () => {
  const task = module.configure({ length: 6 });
  const data = { tensors: task.generate!(0, 1, 40) };
  const runner = answering((symbols) => oneHot(after(symbols), 4));
  for (const [from, length] of [[1, 6], [2, 2], [3, 5], [6, 6], [1, 1]]) {
    const { loss, floor, optimum, gapClosed } = await task.evaluate(runner, 0, data, {
      from,
      length,
    });
    let want = 0;
    for (let t = from; t <= length; t++) {
      want += (1 - Math.max(...probabilities(t))) / (length - from + 1);
    }
    assert.ok(Math.abs(floor - want) < 1e-12, `${from} to ${length}: ${floor}, ${want}`);
    assert.deepEqual([loss, optimum, gapClosed], [0, 0, 1]);
  }
});

Deno.test("naming the likeliest state at each position scores at the floor", async () => {
  const task = module.configure({ length: 8 });
  const data = { tensors: task.generate!(0, 2, 4000) };
  const likely = Array.from({ length: 9 }, (_, t) => probabilities(t));
  const runner = answering(({ length }) => likely[length]);
  const { loss, floor } = await task.evaluate(runner, 0, data, { from: 2, length: 8 });
  assert.ok(Math.abs(loss - floor) < 0.02, `${loss}, ${floor}`);
});

Deno.test("an automaton of one state leaves nothing to learn", async () => {
  const task = stateTracking("rest", [[0, 0]]).configure({ length: 3 });
  const data: Record<string, Tensor> = task.generate!(0, 1, 2);
  assert.deepEqual([...new Set(data.target.data)], [0]);
  const evaluation = await task.evaluate(answering(() => [0]), 0, { tensors: data }, {
    from: 1,
    length: 3,
  });
  assert.deepEqual([evaluation.loss, evaluation.floor, evaluation.gapClosed], [0, 0, NaN]);
});
