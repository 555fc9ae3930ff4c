/** @file AdamW against algorithm 2 of its paper, written out for one number at a time in float64. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { type Tensor, tensor } from "../../lib/engine/mod.ts";
import {
  adamwInit,
  type AdamWOptions,
  type AdamWState,
  adamwUpdate,
  globalNorm,
} from "../../lib/train/adamw.ts";
import { toHost } from "../../lib/train/host.ts";
import { generator, randomTensor, runJax } from "../engine/oracle.ts";

await initJax("wasm");

type Numbers = Record<string, number[]>;
const shapes: Record<string, number[]> = {
  scalar: [],
  vector: [3],
  matrix: [2, 3],
  cube: [2, 1, 2],
};
const names = Object.keys(shapes);
/** Arrays of two or more axes decay. */
const decays = new Set(["matrix", "cube"]);

function draw(seed: number, scale = 1): Numbers {
  const random = generator(seed);
  return Object.fromEntries(
    names.map((name) => {
      const { data } = randomTensor(random, shapes[name], { low: -scale, high: scale });
      return [name, Array.from(data)];
    }),
  );
}

interface State {
  params: Numbers;
  first: Numbers;
  second: Numbers;
  count: number;
}

function fresh(params: Numbers): State {
  const zeros = () => Object.fromEntries(names.map((name) => [name, params[name].map(() => 0)]));
  return { params, first: zeros(), second: zeros(), count: 0 };
}

/** One update by the code under test, in float64. */
function update(
  { params, first, second, count }: State,
  grads: Numbers,
  rate: number,
  options?: AdamWOptions,
): State & { gradNorm: number } {
  const trees = [params, grads, first, second];
  const fn = (...arrays: np.Array[]) => {
    const [p, g, m, v] = trees.map((_, i) =>
      Object.fromEntries(names.map((name, j) => [name, arrays[i * names.length + j]]))
    );
    const [t, lr] = arrays.slice(-2);
    const out = adamwUpdate(
      p,
      g,
      { first: m, second: v, count: t } as AdamWState<typeof p>,
      lr,
      options,
    );
    const { state } = out;
    return [out.params, state.first, state.second]
      .flatMap((tree) => names.map((name) => tree[name]))
      .concat(state.count, out.gradNorm);
  };
  const wide = (values: number[], shape: number[]): Tensor => ({
    dtype: "float64",
    shape,
    data: Float64Array.from(values),
  });
  const args = trees.flatMap((tree) => names.map((name) => wide(tree[name], shapes[name])));
  const out = runJax(fn as never, [...args, wide([count], []), wide([rate], [])], "float64");
  const values = out.map(({ data }) => Array.from(data));
  const tree = (i: number): Numbers =>
    Object.fromEntries(names.map((name, j) => [name, values[i * names.length + j]]));
  const [[t], [gradNorm]] = values.slice(-2);
  return { params: tree(0), first: tree(1), second: tree(2), count: t, gradNorm };
}

/** The same update written out. */
function updateByHand(
  { params, first, second, count }: State,
  grads: Numbers,
  rate: number,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, clipNorm }: AdamWOptions = {},
): State & { gradNorm: number } {
  const gradNorm = Math.sqrt(names.flatMap((n) => grads[n]).reduce((sum, g) => sum + g * g, 0));
  const next: State = { params: {}, first: {}, second: {}, count: count + 1 };
  for (const name of names) {
    const clipped = grads[name].map((g) =>
      clipNorm !== undefined && gradNorm > clipNorm ? g * clipNorm / gradNorm : g
    );
    next.first[name] = clipped.map((g, i) => beta1 * first[name][i] + (1 - beta1) * g);
    next.second[name] = clipped.map((g, i) => beta2 * second[name][i] + (1 - beta2) * g * g);
    next.params[name] = params[name].map((x, i) => {
      const mean = next.first[name][i] / (1 - beta1 ** next.count);
      const spread = next.second[name][i] / (1 - beta2 ** next.count);
      const decay = decays.has(name) ? weightDecay * x : 0;
      return x - rate * (mean / (Math.sqrt(spread) + epsilon) + decay);
    });
  }
  return { ...next, gradNorm };
}

function assertNear(got: Numbers, want: Numbers, what: string) {
  for (const name of names) {
    want[name].forEach((x, i) => {
      const near = Math.abs(got[name][i] - x) <= 1e-9 * Math.abs(x) + 1e-30;
      assert.ok(near, `${what}, ${name} ${i}: ${got[name][i]}, ${x}`);
    });
  }
}

const cases: [string, AdamWOptions | undefined, scales: number[]][] = [
  ["with its defaults, which neither clip nor decay", undefined, [5, 0.1, 1]],
  ["where gradients are so small that epsilon counts", {}, [1e-8, 3e-8, 1e-8]],
  ["with an epsilon outside of the root", { epsilon: 0.3 }, [1, 0.2, 2]],
  ["with other decay rates of the moments", { beta1: 0.5, beta2: 0.8 }, [1, 4, 0.5]],
  ["where all gradients are clipped", { clipNorm: 0.5 }, [5, 20, 1]],
  ["where small gradients are left alone by the clipping", { clipNorm: 3 }, [9, 0.1, 0.01]],
  ["where only arrays of two or more axes decay", { weightDecay: 0.3 }, [1, 1, 1]],
  [
    "with everything at once",
    { weightDecay: 0.1, clipNorm: 1, beta1: 0.7, beta2: 0.9, epsilon: 0.01 },
    [4, 0.1, 2],
  ],
];
for (const [name, options, scales] of cases) {
  Deno.test(`three updates are those of the paper: ${name}`, () => {
    let got: State & { gradNorm?: number } = fresh(draw(1));
    let want: typeof got = got;
    scales.forEach((scale, step) => {
      const grads = draw(10 + step, scale);
      const rate = 0.1 / (step + 1);
      got = update(got, grads, rate, options);
      want = updateByHand(want, grads, rate, options);
      assertNear(got.params, want.params, `parameters after step ${step}`);
      assertNear(got.first, want.first, `first moments after step ${step}`);
      assertNear(got.second, want.second, `second moments after step ${step}`);
      assert.equal(got.count, step + 1);
      const off = Math.abs(got.gradNorm! - want.gradNorm!);
      assert.ok(off <= 1e-12 * want.gradNorm!, `norm ${got.gradNorm}, ${want.gradNorm}`);
    });
  });
}

Deno.test("gradients of zero leave everything but what decays, clipped or not", () => {
  const start = draw(1);
  const grads = draw(1, 0);
  for (const clipNorm of [undefined, 1]) {
    const { params, gradNorm } = update(fresh(start), grads, 0.5, { clipNorm, weightDecay: 0.2 });
    assert.equal(gradNorm, 0);
    for (const name of names) {
      const kept = decays.has(name) ? 0.9 : 1;
      start[name].forEach((x, i) => assert.ok(Math.abs(params[name][i] - kept * x) < 1e-15));
    }
  }
});

Deno.test("fresh moments are zero, shaped and typed like the parameters, which stay as they are", () => {
  const wide = (value: number): Tensor => {
    return { dtype: "float64", shape: [3], data: new Float64Array(3).fill(value) };
  };
  const params = { a: tensor(1, [2, 1]), b: [wide(1)] };
  const { first, second, count } = adamwInit(params);
  for (const moments of [first, second]) {
    assert.deepEqual(moments, { a: tensor(0, [2, 1]), b: [wide(0)] });
  }
  assert.deepEqual(count, tensor(0));
  assert.deepEqual(params, { a: tensor(1, [2, 1]), b: [wide(1)] });
});

Deno.test("the global norm is the root of the squares of all leaves", () => {
  const grads = { a: np.array([[1, -2], [2, 4]]), b: [np.array([12]), np.array(0)] };
  assert.equal((toHost(globalNorm(grads)) as Tensor).data[0], 13);
  assert.deepEqual(toHost(grads.b[0]), tensor(12, [1])); // not consumed
});
