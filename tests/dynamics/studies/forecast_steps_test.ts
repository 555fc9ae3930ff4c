/** @file Steps on a series: one layer against a descent by hand on the windows themselves, more against the flow. */
import assert from "node:assert/strict";
import { EigenvalueDecomposition, Matrix, solve } from "ml-matrix";
import { study } from "../../../lib/dynamics/studies/forecast_steps.ts";
import { init } from "../../../lib/models/deep_linear.ts";
import { keyOf, normals } from "../../../lib/random/random.ts";

const noise = normals(keyOf(1), 200);
const rows = Array.from(noise, (e, t) => Math.sin(t / 3) + 0.3 * e);
const text = ["value", ...rows].join("\n");
const task = { dataset: "waves", split: "70/10/20", lookback: 3, horizon: 2 };
const run = (options: object, seed = 5) =>
  study.configure({ task, ...options }).run(seed, { text }, () => {}).scalars;

/** Steps of gradient descent on the windows of the training rows, by definition. */
function byHand(seed: number, share: number): number {
  const train = rows.slice(0, 140);
  const mean = train.reduce((a, b) => a + b) / 140;
  const deviation = Math.sqrt(train.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 140);
  const values = train.map((x) => (x - mean) / deviation);
  const windows = Array.from({ length: 140 - 4 }, (_, i) => values.slice(i, i + 5));
  const centred = new Matrix(windows).center("column");
  const x = centred.selection([...windows.keys()], [0, 1, 2]);
  const target = centred.selection([...windows.keys()], [3, 4]);
  const count = windows.length;
  const G = x.transpose().mmul(x).div(count);
  const best = solve(G, x.transpose().mmul(target).div(count));
  const loss = (W: Matrix) => Matrix.sub(target, x.mmul(W)).pow(2).sum();
  const power = Math.max(...new EigenvalueDecomposition(G).realEigenvalues);
  let W = new Matrix(
    [0, 1, 2].map((i) =>
      [0, 1].map((j) =>
        init(keyOf(seed), { lookback: 3, horizon: 2, depth: 1 }).first.data[2 * i + j]
      )
    ),
  );
  for (let step = 0;; step++) {
    if (loss(W) <= 1.01 * loss(best)) return step;
    const gradient = G.mmul(Matrix.sub(W, best));
    W = Matrix.sub(W, gradient.mul(share * 2 / power));
  }
}

Deno.test("one layer takes the steps of descent on the windows by hand", () => {
  for (const [seed, share] of [[5, 0.5], [6, 0.1]]) {
    const { steps, reached } = run({ depth: 1, share }, seed);
    const expected = byHand(seed, share);
    assert.ok(expected > 3);
    assert.deepEqual([steps, reached], [expected, 1]);
  }
});

Deno.test("small steps take the time that the flow takes; larger ones make it an estimate", () => {
  for (const depth of [1, 2, 3]) {
    const { steps, predicted, reached } = run({ depth, share: 0.05 });
    assert.equal(reached, 1);
    assert.ok(Math.abs(predicted / steps - 1) < 0.03, `${depth}: ${predicted}, ${steps}`);
  }
  const [few, many] = [0.4, 0.1].map((share) => run({ depth: 2, share }).steps);
  assert.ok(Math.abs(many / few - 4) < 1, `${many}, ${few}`);
});

Deno.test("what is not there at the cap has the steps of the cap, and says so", () => {
  assert.deepEqual(run({ depth: 2, cap: 3 }), { steps: 3, predicted: 3, reached: 0 });
  const { steps, predicted, reached } = run({ depth: 2, target: 1e6 });
  assert.deepEqual([steps, predicted, reached], [0, 0, 1]);
});

Deno.test("without data, and with options that cannot be, there is an error with what is missing", () => {
  const { run } = study.configure({ task, depth: 1 });
  assert.throws(() => run(0, {}, () => {}), /forecast_steps: the input `data` is no text file/);
  assert.throws(() => study.configure({ task, depth: 0 }), /depth = 0/);
  assert.throws(() => study.configure({ task: { ...task, split: "half" }, depth: 1 }), /split/);
});
