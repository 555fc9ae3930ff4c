/** @file Noise integration: closed forms of its floor and optimum, and the posterior of all that was seen in one piece. */
import { inverse, Matrix } from "ml-matrix";
import assert from "node:assert/strict";
import { task as module } from "../../../lib/tasks/noise_integration/noise_integration.ts";
import type { Details } from "../../../lib/tasks/value_task.ts";
import { scoredValues } from "../value_answers.ts";

Deno.test("the best predictor is the mean of the integral given all that was seen, by covariances", async () => {
  for (const [decay, sigma, length] of [[0.8, 0.7, 6], [0, 1, 3], [0.95, 0.1, 1]]) {
    const scale = Math.sqrt(1 - decay ** 2);
    const posterior = (seen: readonly number[]) => {
      const n = seen.length;
      const K = Matrix.eye(n, n).mul(1 + sigma ** 2);
      const weights = inverse(K).mmul(Matrix.columnVector([...seen])).to1DArray();
      return weights.reduce((sum, weight, k) => sum + weight * scale * decay ** (n - 1 - k), 0);
    };
    const { loss, optimum, details } = await scoredValues(
      module,
      { decay, sigma, length },
      (tokens) => posterior(tokens.map(([seen]) => seen)),
      6,
    );
    assert.ok(Math.abs(loss - optimum) < 1e-6, `${loss}, ${optimum}`); // answers are float32
    for (const at of (details as Details).curve) assert.ok(Math.abs(at.loss - at.optimum) < 1e-6);
  }
});

Deno.test("errors: 1 - decay^(2t) of zero at position t, of the best predictor its share sigma^2 / (1 + sigma^2)", async () => {
  const [decay, sigma, count] = [0.7, 0.5, 2000];
  const { details } = await scoredValues(module, { decay, sigma, length: 5 }, () => 0, count);
  (details as Details).curve.forEach(({ floor, optimum }, t) => {
    const variance = 1 - decay ** (2 * (t + 1));
    const tolerance = 4 * Math.sqrt(2 / count); // relative, of a mean of squares of normal numbers
    assert.ok(Math.abs(floor / variance - 1) < tolerance, `${t}: ${floor}`);
    assert.ok(Math.abs(optimum / (variance * 0.2) - 1) < tolerance, `${t}: ${optimum}`);
  });
});

Deno.test("without noise the optimum makes no error, and integrating what is seen closes the gap", async () => {
  let integral = 0;
  const { loss, optimum } = await scoredValues(
    module,
    { decay: 0.9, sigma: 0, length: 8 },
    (tokens) => {
      if (tokens.length === 1) integral = 0;
      return integral = 0.9 * integral + Math.sqrt(1 - 0.81) * tokens.at(-1)![0];
    },
    5,
  );
  assert.ok(loss < 1e-12 && optimum < 1e-12);
});

Deno.test("options: a decay of .95 and half as much noise as input, 64 tokens; what cannot be is refused", () => {
  const task = module.configure({});
  assert.deepEqual(task.signature, { kind: "series", channels: 1 });
  assert.equal(task.tokens(2), 128);
  assert.throws(() => module.configure({ decay: 1 }), /noise integration options: decay = 1: .*<1/);
  assert.throws(() => module.configure({ sigma: -1 }), /sigma = -1: .*>=0/);
  const { x, target } = task.generate!(0, 4, 500);
  const square = (data: ArrayLike<number>) =>
    Array.from(data).reduce((sum, v) => sum + v * v, 0) / data.length;
  assert.ok(Math.abs(square(x.data) - 1.25) < 0.04);
  const late = target.data.filter((_, i) => i % 64 > 40);
  assert.ok(Math.abs(square(late) - 1) < 0.12, `${square(late)}`);
});
