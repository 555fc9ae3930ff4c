/** @file Composition of permutations: where things end, and how likely that is, against matrices of chances. */
import assert from "node:assert/strict";
import { groupOf } from "../../../lib/tasks/automaton/table.ts";
import { task as module } from "../../../lib/tasks/composition/composition.ts";
import { UNASKED } from "../../../lib/tasks/symbols.ts";
import { chiSquare, drawn, oneHot, scored } from "../drawn.ts";

/** Swaps in the order of the symbols: of the later thing with each before it. */
const swapsOf = (things: number) =>
  Array.from({ length: things }, (_, i) => Array.from({ length: i }, (_, j) => [i, j])).flat();

Deno.test("a thing goes where the swaps take it, one after the other, and is asked for once", () => {
  for (const [things, length] of [[2, 1], [3, 4], [5, 7]]) {
    const swaps = swapsOf(things);
    for (const { x, target } of drawn(module, { things, swaps: true, length }, 60)) {
      let place = x[length] - swaps.length;
      assert.ok(place >= 0 && place < things);
      for (const symbol of x.slice(0, length)) {
        const [i, j] = swaps[symbol];
        place = place === i ? j : place === j ? i : place;
      }
      assert.deepEqual(target, [...Array(length).fill(UNASKED), place]);
    }
  }
});

Deno.test("with all permutations a symbol is an element of the group, and places are equally likely", () => {
  const { signature } = module.configure({ things: 4 });
  assert.deepEqual(signature, { kind: "tokens", vocabulary: 28, classes: 4 });
  const sequences = drawn(module, { things: 4, length: 1 }, 3000);
  // What each symbol does, from what was seen: a permutation for each of 24, all different.
  const seen = Array.from({ length: 24 }, () => Array<number>(4).fill(-1));
  for (const { x: [symbol, thing], target } of sequences) seen[symbol][thing - 24] = target[1];
  const all = new Set(seen.map(String));
  assert.deepEqual(all, new Set(groupOf([[1, 0, 2, 3], [1, 2, 3, 0]]).map(String)));
  const uniform = Array(4).fill(0.25);
  assert.ok(chiSquare(sequences.map(({ target }) => target[1]), uniform) < 16.3); // one in a thousand
  assert.ok(chiSquare(sequences.map(({ x }) => x[1] - 24), uniform) < 16.3);
  const joint = sequences.map(({ x, target }) => 4 * (x[1] - 24) + target[1]);
  assert.ok(chiSquare(joint, Array(16).fill(1 / 16)) < 37.7);
});

Deno.test("the floor is the likeliest place of the thing that is asked for, by powers of the chain of chances", async () => {
  for (const [things, length] of [[2, 1], [2, 4], [3, 3], [4, 1], [5, 2], [6, 9]]) {
    const swaps = swapsOf(things);
    let chances = oneHot(0, things);
    for (let t = 0; t < length; t++) {
      const next = chances.map(() => 0);
      chances.forEach((p, at) => {
        for (const [i, j] of swaps) next[at === i ? j : at === j ? i : at] += p / swaps.length;
      });
      chances = next;
    }
    const { floor } = await scored(
      module,
      { things, swaps: true, length },
      () => Array(things).fill(0),
      { count: 2 },
    );
    assert.ok(
      Math.abs(floor - (1 - Math.max(...chances))) < 1e-12,
      `${things}, ${length}: ${floor}`,
    );
    const all = await scored(module, { things, length }, () => Array(things).fill(0), { count: 2 });
    assert.ok(Math.abs(all.floor - (1 - 1 / things)) < 1e-12);
  }
});

Deno.test("naming the thing itself scores at the floor where it is likeliest to stay", async () => {
  const { loss, floor, optimum } = await scored(
    module,
    { things: 5, swaps: true, length: 2 },
    (symbols) => oneHot(symbols.at(-1)! - 10, 5),
    { count: 4000 },
  );
  assert.ok(Math.abs(loss - floor) < 3.5 * 0.5 / Math.sqrt(4000), `${loss}, ${floor}`);
  assert.equal(optimum, 0);
});

Deno.test("options: five things, one to eight permutations in training and sixteen in tests", () => {
  const task = module.configure({});
  assert.deepEqual(task.signature, { kind: "tokens", vocabulary: 125, classes: 5 });
  assert.equal(task.tokens(2), 18);
  assert.deepEqual(task.generate!(0, 0, 3).x.shape, [3, 17]);
  assert.throws(() => module.configure({ things: 1 }), /composition options: things = 1: .*>=2/);
  assert.throws(() => module.configure({ things: 7 }), /things = 7: .*<=6/);
});
