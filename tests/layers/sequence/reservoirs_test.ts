/** @file Reservoirs as loops over numbers, and that they are drawn as they should be. */
import assert from "node:assert/strict";
import { type Config, reservoirOf } from "../../../lib/layers/residual_reservoir.ts";
import { layer as deep } from "../../../lib/layers/sequence/deep_reservoir.ts";
import { layer as withMemory } from "../../../lib/layers/sequence/reservoir_memory.ts";
import { eigen } from "../../../lib/linalg/eigen.ts";
import { assertUniform } from "../../moments.ts";
import type { Vector } from "../definitions.ts";
import { assertDefined, plus, sum, testFresh, testOptions, times } from "./by_definition.ts";

const by = (x: Vector, data: Float64Array, columns: number): Vector =>
  Array.from({ length: columns }, (_, j) => sum(x.map((v, i) => v * data[i * columns + j])));

/** What is read of all levels. */
function states(config: Config, x: Vector[]): Vector[] {
  const { state: n, depth, memory, keep, write } = config;
  const table = reservoirOf(config);
  const h: Vector[] = Array.from({ length: depth }, () => Array(n).fill(0));
  let m: Vector = Array(memory).fill(0);
  return x.map((token) => {
    if (memory > 0) m = plus([m.at(-1)!, ...m.slice(0, -1)], by(token, table.memory, memory));
    h.forEach((last, l) => {
      const seen = l === 0 ? [...token, ...m] : h[l - 1];
      const made = plus(by(last, table.recurrent[l], n), by(seen, table.input[l], n));
      h[l] = plus(
        by(last, table.turn[l], n).map((v) => keep * v),
        made.map((v) => write * Math.tanh(v)),
      );
    });
    return h.flat();
  });
}

const cases = [
  ["three reservoirs, each on the one below", deep, { state: 4, depth: 3, keep: 0.3 }],
  ["a reservoir on tokens and a memory that turns around", withMemory, {
    state: 4,
    memory: 3,
    write: 0.9,
  }],
] as const;
for (const [what, layer, options] of cases) {
  Deno.test(`what is read is a map of ${what}`, () => {
    const config = layer.configure(options, 3);
    assertDefined(
      layer,
      options,
      3,
      (p, x) => states(config, x).map((h) => times(h, p.weight, p.bias)),
    );
  });
}

Deno.test("W has its spectral radius, O is orthogonal, and maps are uniform; sizes alone say which", () => {
  const config = withMemory.configure({ state: 20, memory: 12, radius: 0.8 }, 9);
  const { recurrent: [W], turn: [O], input: [U], memory } = reservoirOf(config);
  const { re, im } = eigen(W, 20).values;
  const largest = Math.max(...re.map((v, i) => Math.hypot(v, im[i])));
  assert.ok(Math.abs(largest - 0.8) < 1e-12);
  for (let i = 0; i < 20; i++) {
    for (let j = 0; j < 20; j++) {
      const product = sum(Array.from({ length: 20 }, (_, k) => O[i * 20 + k] * O[j * 20 + k]));
      assert.ok(Math.abs(product - Number(i === j)) < 1e-12);
    }
  }
  assert.deepEqual([U.length, memory.length], [21 * 20, 9 * 12]);
  assertUniform(U, -1 / Math.sqrt(21), 1 / Math.sqrt(21), "U");
  assertUniform(memory, -1 / 3, 1 / 3, "V");
  assert.equal(reservoirOf({ ...config, keep: 0.1 }), reservoirOf(config));
  assert.notDeepEqual(reservoirOf({ ...config, radius: 0.7 }).recurrent, [W]);
  const [first, second] = reservoirOf(deep.configure({ state: 20 }, 9)).recurrent;
  assert.notDeepEqual(first, second);
});

const common = { state: 64, radius: 0.9, keep: 0.5, write: 0.5 };
testOptions("deep_reservoir", deep, { ...common, depth: 2, memory: 0 }, [
  [{ depth: 0 }, />=1/],
  [{ keep: 1.1 }, /<=1/],
  [{ write: 0 }, />0/],
  [{ radius: -1 }, />=0/],
]);
testOptions("reservoir_memory", withMemory, { ...common, depth: 1, memory: 64 }, [
  [{ memory: 1 }, />=2/],
]);
testFresh("deep_reservoir", deep, [20, { state: 10 }], {
  weight: [[20, 20], { normal: 1 / Math.sqrt(20) }],
  bias: [[20], { constant: 0 }],
}, "weight");
