/** @file Tables of automata: what is refused, and groups by their generators. */
import assert from "node:assert/strict";
import {
  after,
  allowedSymbols,
  groupOf,
  likeliestClassError,
  wordProblem,
} from "../../../lib/tasks/automaton/table.ts";

Deno.test("permutations: first one, then the other", () => {
  assert.deepEqual(after([1, 2, 0], [1, 0, 2]), [0, 2, 1]);
  assert.deepEqual(after([1, 0, 2], [1, 2, 0]), [2, 1, 0]);
});

Deno.test("a group is closed, has the identity first and the order of the theory", () => {
  const orders: [number[][], number][] = [
    [[[0]], 1],
    [[[1, 2, 3, 4, 5, 6, 0]], 7],
    [[[1, 2, 3, 0], [0, 3, 2, 1]], 8], // the square
    [[[1, 2, 0, 3], [0, 2, 3, 1]], 12], // A4
  ];
  for (const [generators, order] of orders) {
    const group = groupOf(generators);
    assert.equal(group.length, order);
    assert.deepEqual(group[0], generators[0].map((_, i) => i));
    const { next } = wordProblem(group);
    for (const row of next) assert.equal(new Set(row).size, order); // a Latin square
    assert.deepEqual(next[0], group.map((_, i) => i));
  }
  assert.throws(() => groupOf([[1, 0], [0, 0]]), /RangeError: \[0,0\] is no permutation of 0 to 1/);
  assert.throws(() => groupOf([[1, 0], [0, 2, 1]]), /\[0,2,1\] is no permutation of 0 to 1/);
});

Deno.test("word problems of some elements have a column for each, in their order", () => {
  const { next } = wordProblem(groupOf([[1, 2, 0]]), [[2, 0, 1], [0, 1, 2]]);
  assert.deepEqual(next, [[2, 0], [0, 1], [1, 2]]);
});

Deno.test("tables that are none are refused", () => {
  assert.deepEqual(allowedSymbols({ next: [[undefined, 1], [0, 0]] }), [[1], [0, 1]]);
  const refused: [Parameters<typeof allowedSymbols>[0], RegExp][] = [
    [{ next: [[0, 1]] }, /symbol 1 leads from state 0 to 1; an automaton of 1 states has 0 to 0/],
    [{ next: [[0], [undefined]] }, /state 1 of an automaton has 0 of 1 symbols/],
    [{ next: [[0, 0], [0]] }, /state 1 of an automaton has 1 of 2 symbols/],
    [{ next: [[0]], outputs: [0, 0] }, /of 1 states has 2 outputs/],
  ];
  for (const [table, message] of refused) assert.throws(() => allowedSymbols(table), message);
});

Deno.test("the likeliest class is judged by the mass of its states, and positions without a question do not count", () => {
  // Half to state 1, half to states 2 and 3 of one class; then back, unasked.
  const next = [[1, 1, 2, 3], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]];
  assert.equal(likeliestClassError({ next, outputs: [-1, 0, 1, 1] }, 1, 2), 0.5);
  assert.equal(likeliestClassError({ next, outputs: [-1, 0, 1, 2] }, 1, 5), 0.5);
  assert.equal(likeliestClassError({ next, outputs: [-1, 0, 0, 1] }, 3, 3), 0.25);
  assert.equal(likeliestClassError({ next }, 2, 2), 0);
});
