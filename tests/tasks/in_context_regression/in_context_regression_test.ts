/** @file Regression in context: the recursion against the posterior in one piece, and the data's own law. */
import { inverse, Matrix } from "ml-matrix";
import assert from "node:assert/strict";
import { task as module } from "../../../lib/tasks/in_context_regression/in_context_regression.ts";
import { RecursiveRidge } from "../../../lib/tasks/in_context_regression/recursive_ridge.ts";
import type { Details } from "../../../lib/tasks/value_task.ts";
import { scoredValues, tokensOf } from "../value_answers.ts";

/** Posterior mean of the answer to the last input, from all pairs at once: k' (K + noise I)^-1 y with K the covariance of answers. */
function gaussian(tokens: readonly number[][], prior: number, noise: number): number {
  const inputs = tokens.map((token) => token.slice(1));
  const answers = tokens.slice(1).map(([answer]) => answer);
  const covariance = (a: number[], b: number[]) =>
    prior * a.reduce((sum, value, i) => sum + value * b[i], 0);
  const n = answers.length;
  if (n === 0) return 0;
  const K = new Matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      K.set(i, j, covariance(inputs[i], inputs[j]) + (i === j ? noise : 0));
    }
  }
  const weights = inverse(K).mmul(Matrix.columnVector(answers)).to1DArray();
  return weights.reduce((sum, weight, i) => sum + weight * covariance(inputs[i], inputs[n]), 0);
}

Deno.test("the recursion is the posterior mean of all pairs at once, before, at and beyond as many pairs as inputs", async () => {
  for (const [inputs, sigma, length] of [[1, 0.5, 5], [3, 0.2, 9], [7, 1, 4]]) {
    const options = { inputs, sigma, length };
    const { loss, optimum, details } = await scoredValues(
      module,
      options,
      (tokens) => gaussian(tokens, 1 / inputs, sigma ** 2),
      4,
    );
    assert.ok(Math.abs(loss - optimum) < 1e-6, `${loss}, ${optimum}`);
    for (const at of (details as Details).curve) assert.ok(Math.abs(at.loss - at.optimum) < 1e-6);
  }
});

Deno.test("a pair of one input: the weight shrinks by the noise, and nothing is known before", () => {
  const ridge = new RecursiveRidge(1, 2, 0.5);
  assert.equal(ridge.predict([3]), 0);
  ridge.learn([2], 4);
  assert.ok(Math.abs(ridge.mean[0] - 8 / (4 + 0.5 / 2)) < 1e-12); // x y / (x^2 + noise / prior)
  ridge.learn([-1], 1);
  assert.ok(Math.abs(ridge.mean[0] - (8 - 1) / (5 + 0.25)) < 1e-12);
  const none = new RecursiveRidge(2, 1, 1);
  none.learn([0, 0], 5);
  assert.deepEqual([...none.mean], [0, 0]);
});

Deno.test("a token has the answer before it and its own input; every sequence has weights of its own", () => {
  const { x, target } = module.configure({ inputs: 2, sigma: 1e-3, length: 6 }).generate!(0, 3, 30);
  const found: number[][] = [];
  for (let b = 0; b < 30; b++) {
    const tokens = tokensOf(x, b);
    const answers = Array.from(target.data.slice(6 * b, 6 * b + 6));
    assert.deepEqual(tokens.map(([answer]) => answer), [0, ...answers.slice(0, 5)]);
    // Two equations give the weights; the others have to hold.
    const [[, a, c], [, d, e]] = tokens;
    const determinant = a * e - c * d;
    if (Math.abs(determinant) < 0.3) continue;
    const w = [
      (answers[0] * e - c * answers[1]) / determinant,
      (a * answers[1] - d * answers[0]) / determinant,
    ];
    tokens.forEach(([, p, q], t) => assert.ok(Math.abs(w[0] * p + w[1] * q - answers[t]) < 0.1));
    found.push(w);
  }
  assert.ok(found.length > 10 && new Set(found.map(([w]) => w.toFixed(3))).size === found.length);
});

Deno.test("inputs are standard normal, weights have variance 1/d, noise the one that is said", async () => {
  const [inputs, sigma, length, count] = [4, 0.7, 3, 3000];
  const { x, target } = module.configure({ inputs, sigma, length }).generate!(0, 5, count);
  let [square, answers] = [0, 0];
  for (let b = 0; b < count; b++) {
    for (const [, ...input] of tokensOf(x, b)) square += input.reduce((sum, v) => sum + v * v, 0);
  }
  target.data.forEach((y) => answers += y * y);
  const n = count * length;
  assert.ok(Math.abs(square / (n * inputs) - 1) < 0.03);
  assert.ok(Math.abs(answers / n - (1 + sigma ** 2)) < 0.12, `${answers / n}`);
  // Of the first pair nothing is known, and with many pairs only the noise is left.
  const { details } = await scoredValues(module, { inputs, sigma, length: 60 }, () => 0, 300);
  const { curve } = details as Details;
  assert.equal(curve[0].optimum, curve[0].floor);
  const late = curve.slice(40).reduce((sum, { optimum }) => sum + optimum / 20, 0);
  assert.ok(Math.abs(late / sigma ** 2 - (1 + 4 / 50)) < 0.07, `${late}`); // d / n more, to first order
});

Deno.test("options: eight inputs, 32 pairs; what cannot be is refused", () => {
  const task = module.configure({});
  assert.deepEqual(task.signature, { kind: "series", channels: 9 });
  assert.equal(task.tokens(2), 64);
  assert.throws(
    () => module.configure({ sigma: 0 }),
    /in-context regression options: sigma = 0: .*>0/,
  );
  assert.throws(() => module.configure({ inputs: 0 }), /inputs = 0: .*>=1/);
  assert.deepEqual(module.configure({ length: 1 }).generate!(0, 0, 2).x.shape, [2, 1, 9]);
  assert.equal(module.about.optimum.name, "recursive ridge regression");
});
