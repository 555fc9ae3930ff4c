/** @file The training loop: AdamW against its textbook form, divergence, checkpoints. */
import { init as initJax, numpy as np, tree } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type Tensor, tensor } from "../../lib/engine/mod.ts";
import { adamwInit, adamwUpdate } from "../../lib/train/adamw.ts";
import { flatten, toHost, unflatten } from "../../lib/train/host.ts";
import { learningRate } from "../../lib/train/schedule.ts";
import { compileStep, DivergenceError, train } from "../../lib/train/trainer.ts";
import { generator, randomTensor } from "../engine/oracle.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

Deno.test("AdamW follows algorithm 2 of the paper, with clipping by global norm", async () => {
  const random = generator(1);
  const params = { weight: randomTensor(random, [2, 3]), bias: randomTensor(random, [3]) };
  const options = { weightDecay: 0.1, clipNorm: 1.5, beta1: 0.8, beta2: 0.95 };
  const grads = [1, 2, 3].map(() => ({
    weight: randomTensor(random, [2, 3]),
    bias: randomTensor(random, [3]),
  }));
  const rates = [0.1, 0.05, 0.02];

  // The textbook loop in float64.
  const want = flatten(params);
  const exact = Object.fromEntries(
    Object.entries(want).map(([k, t]) => [k, Array.from(t.data)]),
  );
  const moments = Object.fromEntries(
    Object.entries(exact).map(([k, x]) => [k, { m: x.map(() => 0), v: x.map(() => 0) }]),
  );
  grads.forEach((g, t) => {
    const flat = flatten(g);
    const norm = Math.hypot(...Object.values(flat).flatMap((x) => Array.from(x.data)));
    const scale = Math.min(1, options.clipNorm / norm);
    for (const [name, x] of Object.entries(exact)) {
      const { m, v } = moments[name];
      x.forEach((value, i) => {
        const gi = flat[name].data[i] * scale;
        m[i] = options.beta1 * m[i] + (1 - options.beta1) * gi;
        v[i] = options.beta2 * v[i] + (1 - options.beta2) * gi * gi;
        const mHat = m[i] / (1 - options.beta1 ** (t + 1));
        const vHat = v[i] / (1 - options.beta2 ** (t + 1));
        const decay = name === "weight" ? options.weightDecay * value : 0;
        x[i] = value - rates[t] * (mHat / (Math.sqrt(vHat) + 1e-8) + decay);
      });
    }
  });

  const update = (p: Any, g: Any, s: Any, lr: np.Array) => adamwUpdate(p, g, s, lr, options);
  let state: Any = toHost(adamwInit({ weight: np.zeros([2, 3]), bias: np.zeros([3]) }));
  let current: Any = params;
  const program = await compile(update, [params, grads[0], state, tensor(0)]);
  for (const [t, g] of grads.entries()) {
    const out = await program.run(current, g, state, tensor(rates[t]));
    [current, state] = [out.params, out.state];
  }
  for (const name of ["weight", "bias"]) {
    const got = (await current[name].read()).data;
    exact[name].forEach((x, i) => assert.ok(Math.abs(got[i] - x) < 1e-5, `${name} ${i}`));
  }
  await program.close();
});

Deno.test("the schedule warms up, peaks and ends at its floor", () => {
  const schedule = { peak: 2, steps: 11, warmup: 4, floor: 0.1 };
  const rates = Array.from({ length: 11 }, (_, i) => learningRate(schedule, i));
  assert.deepEqual(rates.slice(0, 5), [0.5, 1, 1.5, 2, 2]);
  assert.ok(Math.abs(rates[7] - 2 * 0.55) < 1e-12); // half way down the cosine
  assert.ok(Math.abs(rates[10] - 0.2) < 1e-12);
  assert.equal(learningRate({ peak: 1, steps: 1, warmup: 0 }, 0), 1);
});

/** Least squares: y = x w, whose answer is known. */
const target = [1, -2, 0.5];
const loss = ({ w }: { w: np.Array }, { x, y }: { x: np.Array; y: np.Array }) => {
  const error = np.matmul(x, w).sub(y);
  return np.mean(error.ref.mul(error));
};
const nextBatch = (step: number) => {
  const x = randomTensor(generator(step + 1), [8, 3]);
  const rows = Array.from({ length: 8 }, (_, r) => Array.from(x.data.slice(3 * r, 3 * r + 3)));
  return { x, y: tensor(rows.map((row) => row.reduce((s, v, i) => s + v * target[i], 0))) };
};
const start = () => ({ w: np.zeros([3]) });
const compiling = (example: Any) => compileStep(loss as Any, start(), example, {});

Deno.test("training finds the least-squares solution", async () => {
  const { params } = await train(compiling, nextBatch, {
    schedule: { peak: 0.1, steps: 300, warmup: 5, floor: 0 },
  });
  params.w.data.forEach((w: number, i: number) => assert.ok(Math.abs(w - target[i]) < 1e-3));
});

Deno.test("divergence names the step and the learning rate", async () => {
  const poisoned = (step: number) => {
    const { x, y } = nextBatch(step);
    return { x, y: step === 3 ? { ...y, data: y.data.map(() => NaN) } : y };
  };
  await assert.rejects(
    train(compiling, poisoned, { schedule: { peak: 0.25, steps: 9, warmup: 0 } }),
    (error: unknown) => {
      assert.ok(error instanceof DivergenceError);
      assert.equal(error.step, 3);
      assert.match(error.message, /diverged at step 3: loss NaN.*learning rate 0\.\d+.*Lower/s);
      return true;
    },
  );
});

Deno.test("a run that stopped resumes from its checkpoint to the same bits", async () => {
  const schedule = { peak: 0.1, steps: 20, warmup: 2 };
  const straight = await train(compiling, nextBatch, { schedule });
  let saved: Record<string, Tensor> | undefined;
  const stop = new AbortController();
  const checkpoint = {
    every: 1e9,
    load: () => Promise.resolve(saved),
    save: (state: Record<string, Tensor>) => {
      saved = state;
      return Promise.resolve();
    },
  };
  const first = train(compiling, nextBatch, {
    schedule,
    checkpoint,
    signal: stop.signal,
    onStep: ({ step }) => step === 7 && stop.abort(new Error("stopped")),
  });
  await assert.rejects(first, /stopped/);
  assert.equal(saved?.step.data[0], 8);
  const seen: number[] = [];
  const resumed = await train(compiling, nextBatch, {
    schedule,
    checkpoint,
    onStep: ({ step }) => seen.push(step),
  });
  assert.equal(seen[0], 8);
  assert.deepEqual(resumed.lastLosses, straight.lastLosses);
  assert.deepEqual(resumed.params.w.data, straight.params.w.data);
});

Deno.test("parameter trees survive flattening, and a wrong shape is named", () => {
  const params = { a: tensor([1, 2]), blocks: [{ w: tensor(3) }, { w: tensor([4], [1, 1]) }] };
  const flat = flatten(params);
  assert.deepEqual(Object.keys(flat), ["a", "blocks.0.w", "blocks.1.w"]);
  assert.deepEqual(unflatten(params, flat), params);
  assert.throws(() => unflatten(params, { ...flat, a: tensor(1) }), /saved a has shape \[\]/);
  const { a: _, ...rest } = flat;
  assert.throws(() => unflatten(params, rest), /lack a/);
  tree.dispose(start());
});

Deno.test("a run killed after its last step ends as if it had not been", async () => {
  const schedule = { peak: 0.1, steps: 5, warmup: 2 };
  let saved: Record<string, Tensor> | undefined;
  const checkpoint = {
    every: -1, // after every step
    load: () => Promise.resolve(saved),
    save: (state: Record<string, Tensor>) => {
      saved = state;
      return Promise.resolve();
    },
  };
  const straight = await train(compiling, nextBatch, { schedule, checkpoint });
  assert.equal(saved?.step.data[0], 5);
  const again = await train(compiling, nextBatch, { schedule, checkpoint });
  assert.deepEqual(again.lastLosses, straight.lastLosses);
  assert.deepEqual(again.params.w.data, straight.params.w.data);
});
