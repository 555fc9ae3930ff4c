/** @file The training loop: what it converges to, divergence, checkpoints, and what is reported. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile } from "../../lib/engine/engines/ort.ts";
import type { Tensor } from "../../lib/engine/mod.ts";
import { compileStep, DivergenceError, train } from "../../lib/train/trainer.ts";
import { compiling, dataOf, nextBatch, start, target } from "./least_squares.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

Deno.test("training finds the least-squares solution", async () => {
  const { params } = await train(compiling, nextBatch, {
    schedule: { peak: 0.1, steps: 300, warmup: 5, floor: 0 },
  });
  dataOf(params).forEach((w, i) => assert.ok(Math.abs(w - target[i]) < 1e-3));
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
  assert.deepEqual(dataOf(resumed.params), dataOf(straight.params));
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
  assert.deepEqual(dataOf(again.params), dataOf(straight.params));
});

Deno.test("a gradient that is not finite is a divergence, even where the loss is", async () => {
  const root = ({ w }: { w: np.Array }) => np.sum(np.sqrt(w)); // at zero its slope is infinite
  await assert.rejects(
    train((example) => compileStep(root as Any, start, example, { compile }), nextBatch, {
      schedule: { peak: 0.1, steps: 2, warmup: 0 },
    }),
    (error: unknown) => error instanceof DivergenceError && error.step === 0 && error.index === 0,
  );
});

Deno.test("the compiled step is closed once, however a training ends", async () => {
  const schedule = { peak: 0.1, steps: 3, warmup: 0 };
  const poisoned = (step: number) => {
    const { x, y } = nextBatch(step);
    return { x, y: step === 1 ? { ...y, data: y.data.map(() => NaN) } : y };
  };
  const stop = new AbortController();
  const endings: [Parameters<typeof train>[1], object][] = [
    [nextBatch, {}],
    [poisoned, {}],
    [nextBatch, { signal: AbortSignal.abort(new Error("before")) }],
    [nextBatch, { signal: stop.signal, onStep: () => stop.abort(new Error("stopped")) }],
  ];
  const ended: string[] = [];
  for (const [batches, options] of endings) {
    let closed = 0;
    const counted = async (example: Any) => {
      const step = await compiling(example);
      return { ...step, close: () => (closed++, step.close()) };
    };
    await train(counted, batches, { schedule, ...options }).then(
      () => ended.push("done"),
      (error) => ended.push(error.message.slice(0, 8)),
    );
    assert.equal(closed, 1, ended.at(-1));
  }
  assert.deepEqual(ended, ["done", "training", "before", "stopped"]);
});

Deno.test("a training that is stopped in its last step is done", async () => {
  const schedule = { peak: 0.1, steps: 3, warmup: 0 };
  const stop = new AbortController();
  const onStep = ({ step }: { step: number }) => step === 2 && stop.abort(new Error("stopped"));
  const { steps } = await train(compiling, nextBatch, { schedule, signal: stop.signal, onStep });
  assert.equal(steps, 3);
});

Deno.test("a training that was stopped before it began makes no step", async () => {
  const schedule = { peak: 0.1, steps: 3, warmup: 0 };
  const signal = AbortSignal.abort(new Error("before"));
  const onStep = () => assert.fail("a step was made");
  const measure = { every: 1, run: () => assert.fail("there was nothing to measure") };
  await assert.rejects(
    train(compiling, nextBatch, { schedule, signal, onStep, measure }),
    /before/,
  );
});

Deno.test("every step reports its own loss, gradient norm and learning rate", async () => {
  const reports: Any[] = [];
  const schedule = { peak: 0.1, steps: 4, warmup: 2, floor: 0 };
  const { lastLosses } = await train(compiling, nextBatch, {
    schedule,
    // Copied, so that a report changed later would show.
    onStep: (report) => reports.push(structuredClone(report)),
  });
  assert.deepEqual(reports.map(({ step }) => step), [0, 1, 2, 3]);
  reports.forEach(({ rate }, i) => assert.ok(Math.abs(rate - [0.05, 0.1, 0.1, 0][i]) < 1e-12));
  // At w = 0 the error is -y: loss mean y^2 and gradient -2 mean x y.
  const { x, y } = nextBatch(0);
  const [xs, ys] = [Array.from(x.data), Array.from(y.data)];
  const gradient = [0, 1, 2].map((i) => ys.reduce((s, v, r) => s - 2 * v * xs[3 * r + i] / 8, 0));
  const loss = ys.reduce((sum, v) => sum + v * v / 8, 0);
  assert.ok(Math.abs(reports[0].losses[0] - loss) < 1e-5);
  assert.ok(Math.abs(reports[0].gradNorms[0] - Math.hypot(...gradient)) < 1e-4);
  assert.equal(lastLosses[0], reports[3].losses[0]);
});

Deno.test("seconds: of compiling with the first batch, and of one step on average, without those of an earlier run", async () => {
  const real = performance.now;
  let seconds = 1000;
  performance.now = () => 1000 * seconds;
  let saved: Record<string, Tensor> | undefined;
  const checkpoint = {
    every: 1e9,
    load: () => Promise.resolve(saved),
    save: (state: Record<string, Tensor>) => Promise.resolve(void (saved = state)),
  };
  const run = (signal?: AbortSignal, onStep?: () => void) => {
    let asked = 0;
    const slowly = (step: number) => {
      seconds += asked++ === 0 ? 7 : 2; // the first batch is an example, for its shapes
      return nextBatch(step);
    };
    const slowCompiling = (example: Any) => {
      seconds += 30;
      return compiling(example);
    };
    const schedule = { peak: 0.1, steps: 5, warmup: 0 };
    return train(slowCompiling, slowly, { schedule, checkpoint, signal, onStep });
  };
  try {
    const { compileSeconds, stepSeconds } = await run();
    assert.deepEqual([compileSeconds, stepSeconds], [37, 2]);
    const stop = new AbortController();
    await assert.rejects(run(stop.signal, () => stop.abort(new Error("stopped"))), /stopped/);
    assert.equal(saved!.step.data[0], 1);
    const resumed = await run();
    assert.deepEqual([resumed.compileSeconds, resumed.stepSeconds], [37, 2]);
  } finally {
    performance.now = real;
  }
});

Deno.test("checkpoints are saved when so many seconds have passed since the last, and not before", async () => {
  const real = performance.now;
  let seconds = 0;
  performance.now = () => 1000 * seconds;
  const saved: number[] = [];
  try {
    await train(compiling, nextBatch, {
      schedule: { peak: 0.1, steps: 12, warmup: 0 },
      onStep: () => seconds += 3,
      checkpoint: {
        every: 10,
        load: () => Promise.resolve(undefined),
        save: (state) => Promise.resolve(void saved.push(state.step.data[0])),
      },
    });
  } finally {
    performance.now = real;
  }
  assert.deepEqual(saved, [4, 8, 12]);
});
