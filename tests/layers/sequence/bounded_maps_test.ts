/** @file Layers whose maps are bounded so that their states cannot run away: as loops over numbers, and what the bound buys. */
import assert from "node:assert/strict";
import { layer as iclrnn } from "../../../lib/layers/sequence/iclrnn.ts";
import { layer as joined } from "../../../lib/layers/sequence/rnn_of_rnns.ts";
import { multiply, transpose } from "../../../lib/linalg/matrix.ts";
import { singularValues, symmetricEigen } from "../../../lib/linalg/svd.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { generator } from "../../engine/oracle.ts";
import { dot, type Vector } from "../definitions.ts";
import { assertDefined, type Named, plus, testFresh, testOptions, times } from "./by_definition.ts";

/** |W| over its norm and .001, by its singular values. */
function bounded({ shape, data }: Tensor): Tensor {
  const size = Float64Array.from(data, Math.abs);
  const [norm] = singularValues(size, shape[0], shape[1]);
  return { shape, dtype: "float64", data: size.map((v) => v / (norm + 1e-3)) };
}

const relu = (x: Vector) => x.map((v) => Math.max(v, 0));

/** States of an ICLRNN after each token. */
function convexStates(p: Named, tokens: Vector[], n: number): Vector[] {
  const [u, w] = [p["input.weight"], p.recurrent].map(bounded);
  let h: Vector = Array(n).fill(0);
  return tokens.map((x) => {
    const both = [...x, ...x.map((v) => -v)];
    return h = relu(plus(times(both, u, p["input.bias"]), times(h, w)));
  });
}

Deno.test("ICLRNN's weights are not negative, and their norms just below 1", () => {
  const [width, state] = [3, 5];
  assertDefined(
    iclrnn,
    { state },
    width,
    (p, x) => convexStates(p, x, state).map((h) => times(h, p["output.weight"], p["output.bias"])),
    undefined,
    1e-6,
  );
});

Deno.test("ICLRNN's state is convex in its tokens, and moves no more than they do", () => {
  const [width, state, length] = [3, 4, 5];
  const random = generator(3);
  const draw = (count: number) => Array.from({ length: count }, () => 2 * random() - 1);
  const matrix = (rows: number, columns: number): Tensor => ({
    shape: [rows, columns],
    dtype: "float64",
    data: Float64Array.from(draw(rows * columns)),
  });
  const params: Named = {
    "input.weight": matrix(2 * width, state),
    "input.bias": { ...matrix(1, state), shape: [state] },
    recurrent: matrix(state, state),
  };
  for (let trial = 0; trial < 20; trial++) {
    const [a, b] = [0, 1].map(() => Array.from({ length }, () => draw(width)));
    const at = (share: number) => {
      const tokens = a.map((row, t) => row.map((v, i) => share * v + (1 - share) * b[t][i]));
      return convexStates(params, tokens, state).at(-1)!;
    };
    const [first, last, middle] = [at(1), at(0), at(0.4)];
    middle.forEach((v, i) => assert.ok(v <= 0.4 * first[i] + 0.6 * last[i] + 1e-12));
    const apart = Math.hypot(...first.map((v, i) => v - last[i]));
    // A token counts as often as it and its negative are seen: sqrt(2); and so does every later one.
    const moved = a.map((row, t) => Math.hypot(...row.map((v, i) => v - b[t][i])));
    assert.ok(apart <= Math.SQRT2 * moved.reduce((x, y) => x + y));
  }
});

/** W and L as [s, s], row by row, from P and C. */
function mapsOf(p: Named, modules: number): { within: number[][]; between: number[][] } {
  const n = p.root.shape[1];
  const s = modules * n;
  const c = 1 - 1e-5;
  const square = () => Array.from({ length: s }, (): Vector => Array(s).fill(0));
  const product = (a: number[][], b: number[][]) =>
    a.map((row) => b[0].map((_, j) => dot(row, b.map((other) => other[j]))));
  const [root, skew] = [square(), square()];
  for (let m = 0; m < modules; m++) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        root[m * n + i][m * n + j] = p.root.data[(m * n + i) * n + j];
        for (let k = 0; k < m; k++) {
          const pair = m * (m - 1) / 2 + k;
          const v = p.between.data[(pair * n + i) * n + j];
          skew[m * n + i][k * n + j] = v;
          skew[k * n + j][m * n + i] = -v;
        }
      }
    }
  }
  const S = product(root[0].map((_, j) => root.map((row) => row[j])), root);
  const within = product(S, S).map((row, i) => row.map((v, j) => c * +(i === j) - v));
  const R = S.map((row, i) => row.map((v, j) => v + Math.sqrt(c) * +(i === j)));
  return { within, between: product(product(R, R), skew) };
}

Deno.test("an RNN of RNNs moves by its modules' ReLUs and by ties between them", () => {
  const [width, state, modules, step] = [2, 6, 3, 0.4];
  assertDefined(joined, { state, modules, step }, width, (p, x) => {
    const { within, between } = mapsOf(p, modules);
    let h: Vector = Array(state).fill(0);
    return x.map((token) => {
      const u = times(token, p["input.weight"], p["input.bias"]);
      const open = relu(h);
      h = h.map((v, i) => v + step * (-v + dot(within[i], open) + dot(between[i], h) + u[i]));
      return times(h, p["output.weight"], p["output.bias"]);
    });
  });
});

Deno.test("an RNN of RNNs contracts in the metric of its modules, whichever ReLUs are open and however strong the ties", () => {
  const [modules, n] = [3, 2];
  const s = modules * n;
  const random = generator(5);
  for (let trial = 0; trial < 30; trial++) {
    const blocks = (count: number, size: number): Tensor => ({
      shape: [count, n, n],
      dtype: "float64",
      data: Float64Array.from({ length: count * n * n }, () => size * (2 * random() - 1)),
    });
    const p: Named = { root: blocks(modules, 0.9), between: blocks(3, 5) };
    const { within, between } = mapsOf(p, modules);
    const open = Array.from({ length: s }, () => Math.round(random()));
    const slope = Float64Array.from({ length: s * s }, (_, at) => {
      const [i, j] = [Math.floor(at / s), at % s];
      return within[i][j] * open[j] + between[i][j] - +(i === j);
    });
    // (S + sqrt c)^-2, by the eigenvalues of W: S S = c - W.
    const { values, vectors } = symmetricEigen(Float64Array.from(within.flat()), s);
    const metric = new Float64Array(s * s);
    for (let i = 0; i < s; i++) {
      for (let j = 0; j < s; j++) {
        for (let k = 0; k < s; k++) {
          const c = 1 - 1e-5;
          const root = Math.sqrt(Math.max(c - values[k], 0)) + Math.sqrt(c);
          metric[i * s + j] += vectors[i * s + k] * vectors[j * s + k] / root ** 2;
        }
      }
    }
    const half = multiply(metric, slope, s, s, s);
    const turned = transpose(half, s, s);
    const rates = symmetricEigen(half.map((v, i) => v + turned[i]), s).values;
    assert.ok(Math.max(...rates) < 1e-9, `${rates}`);
  }
});

testOptions("iclrnn", iclrnn, { state: 16 }, [[{ state: 0 }, />=1/]]);
testOptions("rnn_of_rnns", joined, { state: 16, modules: 4, step: 0.3 }, [
  [{ state: 1 }, />=2/],
  [{ modules: 1 }, />=2/],
  [{ modules: 5 }, /must divide state = 16/],
  [{ step: 0 }, />0/],
  [{ step: 1.5 }, /<=1/],
]);
Deno.test("an RNN of RNNs has as many modules as divide its state, and refuses a prime one of more than three", () => {
  for (const [state, modules] of [[6, 3], [10, 2], [3, 3]]) {
    assert.equal(joined.configure({}, state).modules, modules);
  }
  assert.throws(
    () => joined.configure({}, 7),
    /modules = 1: must divide state = 7, and be above 1/,
  );
});
testFresh("iclrnn", iclrnn, [24, { state: 20 }], {
  "input.weight": [[48, 20], { normal: 1 / Math.sqrt(48) }],
  "input.bias": [[20], { constant: 0 }],
  recurrent: [[20, 20], { normal: 1 / Math.sqrt(20) }],
  "output.weight": [[20, 24], { normal: 1 / Math.sqrt(20) }],
  "output.bias": [[24], { constant: 0 }],
}, "output.weight");
testFresh("rnn_of_rnns", joined, [24, { state: 40, modules: 4 }], {
  "input.weight": [[24, 40], { normal: 1 / Math.sqrt(24) }],
  "input.bias": [[40], { constant: 0 }],
  root: [[4, 10, 10], { normal: 0.5 / Math.sqrt(10) }],
  between: [[6, 10, 10], { normal: 0.5 / Math.sqrt(40) }],
  "output.weight": [[40, 24], { normal: 1 / Math.sqrt(40) }],
  "output.bias": [[24], { constant: 0 }],
}, "output.weight");
