/** @file Layers whose maps are bounded so that their states cannot run away: as loops over numbers, and what the bound buys. */
import type { numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { recurrent } from "../../../lib/layers/sequence/forms.ts";
import { layer as iclrnn } from "../../../lib/layers/sequence/iclrnn.ts";
import { layer as joined } from "../../../lib/layers/sequence/rnn_of_rnns.ts";
import { singularValues, symmetricEigen } from "../../../lib/linalg/svd.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { generator } from "../../engine/oracle.ts";
import { dot, inFloat64, type Vector } from "../definitions.ts";
import {
  type Any,
  assertDefined,
  type Named,
  parts,
  plus,
  sum,
  testFresh,
  testOptions,
  times,
} from "./by_definition.ts";

/** |W| over its norm and .001, by its singular values. */
function bounded({ shape, data }: Tensor): Tensor {
  const size = Float64Array.from(data, Math.abs);
  const [norm] = singularValues(size, shape[0], shape[1]);
  return { shape, dtype: "float64", data: size.map((v) => v / (norm + 1e-3)) };
}

const relu = (x: Vector) => x.map((v) => Math.max(v, 0));

/** Numbers in (-size, size). */
const drawn = (random: () => number, shape: number[], size: number): Tensor => ({
  shape,
  dtype: "float64",
  data: Float64Array.from(
    { length: shape.reduce((a, b) => a * b) },
    () => size * (2 * random() - 1),
  ),
});

/** Parameters as a layer takes them, by their dotted names. */
function nested(p: Named): Any {
  const tree: Any = {};
  for (const [name, leaf] of Object.entries(p)) {
    const [outer, inner] = name.split(".");
    if (inner) (tree[outer] ??= {})[inner] = leaf;
    else tree[outer] = leaf;
  }
  return tree;
}

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
  const [width, state, length, trials, share] = [3, 4, 5, 20, 0.4];
  const random = generator(3);
  const matrix = (rows: number, columns: number) => drawn(random, [rows, columns], 1);
  const params = nested({
    "input.weight": matrix(2 * width, state),
    "input.bias": drawn(random, [state], 1),
    recurrent: matrix(state, state),
    "output.weight": matrix(state, width),
    "output.bias": drawn(random, [width], 1),
  });
  const [a, b] = [0, 1].map(() => drawn(random, [trials, length, width], 1).data);
  const between = a.map((v, i) => share * v + (1 - share) * b[i]);
  // Of every trial one sequence, the other, and one between them.
  const data = Float64Array.from([...a, ...b, ...between]);
  const x: Tensor = { dtype: "float64", shape: [3 * trials, length, width], data };
  const config = iclrnn.configure({ state }, width);
  const [last] = inFloat64((p: Any, x: np.Array) => recurrent(iclrnn, config, p, x), params, x);
  const states: Vector[] = parts(Array.from(last.data as Float64Array), 3 * trials);
  for (let trial = 0; trial < trials; trial++) {
    const [first, second, middle] = [0, 1, 2].map((k) => states[k * trials + trial]);
    middle.forEach((v, i) => assert.ok(v <= share * first[i] + (1 - share) * second[i] + 1e-12));
    const apart = Math.hypot(...first.map((v, i) => v - second[i]));
    // A token counts as often as it and its negative are seen: sqrt(2); and so does every later one.
    const moved = Array.from({ length }, (_, t) => {
      const at = (trial * length + t) * width;
      return Math.hypot(...Array.from({ length: width }, (_, i) => a[at + i] - b[at + i]));
    });
    assert.ok(apart > 0 && apart <= Math.SQRT2 * sum(moved), `${apart}`);
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
  const [modules, n, pairs, width] = [3, 2, 10, 1];
  const s = modules * n;
  const c = 1 - 1e-5;
  const random = generator(5);
  let fastest = 0;
  // A step of 1 leaves h + f(h), for the flow f.
  const config = joined.configure({ state: s, modules, step: 1 }, width);
  for (let trial = 0; trial < 10; trial++) {
    const p: Named = {
      "input.weight": drawn(random, [width, s], 1),
      "input.bias": drawn(random, [s], 1),
      root: drawn(random, [modules, n, n], 0.9),
      between: drawn(random, [modules * (modules - 1) / 2, n, n], 5),
      "output.weight": drawn(random, [s, width], 1),
      "output.bias": drawn(random, [width], 1),
    };
    const h = drawn(random, [2 * pairs, s], 1);
    const x = drawn(random, [1, 1, width], 1);
    const same = {
      ...x,
      shape: [2 * pairs, 1, width],
      data: Float64Array.from(Array(2 * pairs).fill(x.data[0])),
    };
    const [next] = inFloat64(
      (p: Any, x: np.Array, h: np.Array) => recurrent(joined, config, p, x, h),
      nested(p),
      same,
      h,
    );
    const flow = h.data.map((v, i) => next.data[i] - v);
    // (S + sqrt c)^-1, by the eigenvalues of W: S S = c - W.
    const { values, vectors } = symmetricEigen(
      Float64Array.from(mapsOf(p, modules).within.flat()),
      s,
    );
    const inMetric = (d: Vector) =>
      Array.from(values, (value, k) => {
        const along = sum(d.map((v, i) => v * vectors[i * s + k]));
        return along / (Math.sqrt(Math.max(c - value, 0)) + Math.sqrt(c));
      });
    for (let pair = 0; pair < pairs; pair++) {
      const apart = (of: ArrayLike<number>) =>
        inMetric(
          Array.from({ length: s }, (_, i) => of[2 * pair * s + i] - of[(2 * pair + 1) * s + i]),
        );
      const [states, flows] = [apart(h.data), apart(flow)];
      const rate = dot(states, flows) / dot(states, states);
      // The ties alone would move them by tens.
      assert.ok(rate < 0, `${rate}`);
      fastest = Math.max(fastest, Math.sqrt(dot(flows, flows) / dot(states, states)));
    }
  }
  assert.ok(fastest > 10, `${fastest}`);
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
