/** @file Linear filters, over whole sequences and step by step, against their recurrences in float64. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { type Tensor, tensor } from "../../lib/engine/mod.ts";
import type { Statistics } from "../../lib/layers/instance_norm.ts";
import { forwardFilter, fromTokens, stepFilter, toTokens } from "../../lib/layers/linear_filter.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import { dot, inFloat64, type Vector } from "./definitions.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

const near = (got: ArrayLike<number>, want: Vector, what: string, tolerance = 1e-10) => {
  assert.equal(got.length, want.length, what);
  want.forEach((value, i) =>
    assert.ok(Math.abs(got[i] - value) < tolerance, `${what} ${i}: ${got[i]}, ${value}`)
  );
};
/** A matrix [rows, columns] as rows. */
const matrixOf = ({ shape: [rows, columns], data }: Tensor): Vector[] =>
  Array.from({ length: rows }, (_, i) => Array.from(data.slice(i * columns, (i + 1) * columns)));
const times = (a: Vector[], x: Vector) => a.map((row) => dot(row, x));
const plus = (a: Vector, b: Vector) => a.map((x, i) => x + b[i]);

const train = { mean: tensor([3, -1]), variance: tensor([0.25, 4]) };
const config = { obsDim: 2, patch: 3 };

Deno.test("tokens are patches standardised channel by channel, and back", () => {
  const y = tensor(Array.from({ length: 24 }, (_, i) => i), [2, 6, 2]);
  const tokens = inFloat64((t: Statistics, y: np.Array) => toTokens(config, t, y), train, y);
  assert.deepEqual(tokens.shape, [2, 2, 6]);
  near(tokens.data, Array.from(y.data, (x, i) => i % 2 ? (x + 1) / 2 : (x - 3) / 0.5), "tokens");
  const back = inFloat64((t: Statistics, x: np.Array) => fromTokens(config, t, x), train, tokens);
  assert.deepEqual(back.shape, [2, 2, 3, 2]);
  near(back.data, Array.from(y.data), "observations");
});

Deno.test("a filter over whole sequences, and the same one step by step, is its recurrence in the data's units", () => {
  const [batch, tokens, n, width] = [2, 4, 3, 6];
  const random = generator(4);
  const draw = (shape: number[]) => randomTensor(random, shape, { low: -0.5, high: 0.5 });
  const [a, b, c, d] = [draw([n, n]), draw([n, width]), draw([width, n]), draw([width, width])];
  const [A, B, C, D] = [a, b, c, d].map(matrixOf);
  const y = randomTensor(random, [batch, tokens * 3, 2], { low: -1, high: 5 });
  // V[:, k] = A^k B
  const response = { dtype: "float64", shape: [n, tokens, width], data: new Float64Array(72) };
  for (let i = 0; i < width; i++) {
    let column = B.map((row) => row[i]);
    for (let k = 0; k < tokens; k++) {
      column.forEach((x, s) => response.data[(s * tokens + k) * width + i] = x);
      column = times(A, column);
    }
  }
  const whole = inFloat64(
    (filter: Any, t: Statistics, y: np.Array) => forwardFilter(filter, config, t, y),
    { response, readout: c, direct: d },
    train,
    y,
  );
  assert.deepEqual(whole.shape, [batch, tokens, 3, 2]);
  const advance = (a: np.Array, b: np.Array) => (h: np.Array, u: np.Array) =>
    np.matmul(h, np.transpose(a)).add(np.matmul(u, np.transpose(b)));
  let state: Any = tensor(0, [batch, n]);
  const steps = Array.from({ length: tokens }, (_, k) => {
    const token = tensor(
      [0, 1].flatMap((s) => Array.from(y.data.slice((s * 4 + k) * 6, (s * 4 + k + 1) * 6))),
      [batch, 3, 2],
    );
    const out = inFloat64(
      (p: Any, t: Statistics, h: np.Array, y: np.Array) =>
        stepFilter({ readout: p.c, direct: p.d }, advance(p.a, p.b), config, t, h, y),
      { a, b, c, d },
      train,
      state,
      token,
    );
    assert.deepEqual(out.prediction.shape, [batch, 3, 2]);
    state = out.state;
    return out.prediction.data;
  });
  for (let s = 0; s < batch; s++) {
    let h: Vector = Array(n).fill(0);
    for (let k = 0; k < tokens; k++) {
      const u = Array.from(
        y.data.slice((s * tokens + k) * width, (s * tokens + k + 1) * width),
        (x, i) => i % 2 ? (x + 1) / 2 : (x - 3) / 0.5,
      );
      h = plus(times(A, h), times(B, u));
      const want = plus(times(C, h), times(D, u)).map((x, i) => i % 2 ? 2 * x - 1 : x / 2 + 3);
      const at = (s * tokens + k) * width;
      near(whole.data.slice(at, at + width), want, "whole");
      near(steps[k].slice(s * width, (s + 1) * width), want, "step", 1e-6); // the state passed float32
    }
    near(state.data.slice(s * n, (s + 1) * n), h, "state", 1e-6);
  }
});
