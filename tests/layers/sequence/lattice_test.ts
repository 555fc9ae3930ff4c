/** @file Lattice against the descent that defines it: derivatives are differences of what is left of a value, by slots of any length. */
import assert from "node:assert/strict";
import { layer as lattice } from "../../../lib/layers/sequence/lattice.ts";
import { recurrent } from "../../../lib/layers/sequence/forms.ts";
import { tensor } from "../../../lib/tensor/tensor.ts";
import { dot, inFloat64, type Vector } from "../definitions.ts";
import {
  type Any,
  assertDefined,
  fresh,
  list,
  parts,
  plus,
  sigmoid,
  sum,
  testFresh,
  testOptions,
  times,
  unit,
} from "./by_definition.ts";

/** Half the square of v less the slots, at length 1, weighted by a code. */
function left(slots: Vector[], code: Vector, value: Vector): number {
  const rebuilt = plus(...slots.map((s, i) => unit(s, 0).map((v) => code[i] * v)));
  const missing = value.map((v, j) => v - rebuilt[j]);
  return dot(missing, missing) / 2;
}

/** How what is left changes with every number of the slots. */
function slopes(slots: Vector[], code: Vector, value: Vector): Vector[] {
  const step = 1e-5;
  const at = (i: number, j: number, by: number) =>
    left(slots.map((s, k) => s.map((v, l) => v + (k === i && l === j ? by : 0))), code, value);
  return slots.map((s, i) => s.map((_, j) => (at(i, j, step) - at(i, j, -step)) / (2 * step)));
}

for (const [width, heads, slots] of [[6, 2, 4], [3, 1, 1], [2, 2, 3]]) {
  Deno.test(`${heads} heads of ${slots} slots go down what is left of a value of ${width / heads} numbers, and stay on their sphere`, () => {
    assertDefined(
      lattice,
      { heads, slots },
      width,
      (p, x) => {
        const S = parts(list(p.start), heads).map((head) => parts(head, slots).map((s) => unit(s)));
        return x.map((token) => {
          const made = times(token, p.input);
          const of = (from: number, to: number) => parts(made.slice(from, to), heads);
          const write = of(0, heads * slots).map((code) => unit(code));
          const read = of(heads * slots, 2 * heads * slots).map((code) => unit(code));
          const values = of(2 * heads * slots, made.length);
          const rates = times(token, p["rate.weight"], p["rate.bias"]).map(sigmoid);
          const answers = S.map((own, h) => {
            const down = slopes(own, write[h], values[h]);
            own.forEach((s, i) => own[i] = unit(s.map((v, j) => v - rates[h] * down[i][j])));
            return plus(...own.map((s, i) => s.map((v) => read[h][i] * v)));
          });
          return times(answers.flat(), p.output);
        });
      },
      () => {},
      // Slots are short of 1 by the epsilon of their norm, 5e-7, which what is left does not see.
      1e-5,
    );
  });
}

Deno.test("after many tokens every slot has length 1; a value along a slot leaves that slot alone", () => {
  const [width, heads, slots] = [4, 1, 3];
  const config = lattice.configure({ heads, slots }, width);
  const p: Any = fresh(lattice, width, { heads, slots });
  const params: Any = { ...p, rate: { weight: p["rate.weight"], bias: p["rate.bias"] } };
  const start = parts(list(p.start), slots).map((s) => unit(s));
  const last = (x: Vector, length: number) => {
    const [state] = inFloat64(
      (params: Any, x: Any) => recurrent(lattice, config, params, x),
      params,
      tensor(x, [1, length, width], "float64"),
    );
    return parts(list(state), slots).map((moved, i) => plus(moved, start[i]));
  };
  const length = 50;
  const many = last(Array.from({ length: length * width }, (_, i) => Math.sin(i * i)), length);
  for (const s of many) assert.ok(Math.abs(Math.sqrt(dot(s, s)) - 1) < 1e-5, `${s}`);
  // Codes of a token that writes with its first number alone, and its value is the first slot, twice.
  const columns = p.input.shape[1];
  p.input.data.fill(0);
  p.input.data[0] = 1;
  start[0].forEach((v, j) => p.input.data[columns - width + j] = 2 * v);
  const [first, ...others] = last([1, 0, 0, 0], 1);
  [first, ...others].forEach((s, i) =>
    assert.ok(sum(s.map((v, j) => Math.abs(v - start[i][j]))) < 1e-5, `slot ${i}`)
  );
  p.input.data.copyWithin(columns, 0, columns);
  start[1].forEach((v, j) => p.input.data[columns + columns - width + j] = v);
  const [moved, ...same] = last([0, 1, 0, 0], 1);
  assert.ok(sum(moved.map((v, j) => Math.abs(v - start[0][j]))) > 1e-2);
  same.forEach((s, i) =>
    assert.ok(sum(s.map((v, j) => Math.abs(v - start[i + 1][j]))) < 1e-5, `slot ${i + 1}`)
  );
});

testOptions("lattice", lattice, { heads: 4, slots: 4 }, [
  [{ heads: 3 }, /must divide the width 16/],
  [{ slots: 0 }, />=1/],
  [{ heads: 1.6 }, /expected int/],
  [{ slots: 2.5 }, /expected int/],
]);

Deno.test("heads are the largest divisor of a width that has few, slots as many as a head has numbers", () => {
  assert.deepEqual(lattice.configure({}, 9), { width: 9, heads: 3, slots: 3 });
  assert.deepEqual(lattice.configure({ slots: 2 }, 7), { width: 7, heads: 1, slots: 2 });
});

testFresh("lattice", lattice, [20, { heads: 2, slots: 5 }], {
  input: [[20, 40], { normal: 1 / Math.sqrt(20) }],
  "rate.weight": [[20, 2], { normal: 1 / Math.sqrt(20) }],
  "rate.bias": [[2], { constant: 0 }],
  start: [[2, 5, 10], { normal: 1 }],
  output: [[20, 20], { normal: 1 / Math.sqrt(20) }],
}, "output");
