/** @file Steps that share a run of the program, and measurements on the way of a training. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compileOn, type Tensor } from "../../lib/engine/mod.ts";
import { disposeTree, readTree } from "../../lib/train/host.ts";
import {
  advance,
  compileStep,
  DivergenceError,
  type Progress,
  train,
} from "../../lib/train/trainer.ts";
import { compiling, compilingRuns, dataOf, loss, nextBatch, start } from "./least_squares.ts";
import { nativeTfjs } from "../engine/native_tfjs.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

/** Batches that every step shares, for steps that share a run. */
const constant = nextBatch(0);
const memory = () => {
  let saved: Record<string, Tensor> | undefined;
  return {
    load: () => Promise.resolve(saved),
    save: (state: Record<string, Tensor>) => Promise.resolve(void (saved = structuredClone(state))),
    saved: () => saved,
  };
};

Deno.test("steps that share a run: parameters, reports and rates have the bits of one step a run, on every engine", async () => {
  const schedule = { peak: 0.1, steps: 13, warmup: 4 };
  for (const engine of ["ort", "jax", "tfjs", ...nativeTfjs] as const) {
    const runs = [];
    for (const stepsPerRun of [1, 2, 5, 13, 20]) { // 13 is no multiple of 2 and 5; 20 is more than there are
      const reports: Any[] = [];
      const optimiser = { weightDecay: 0.1, clipNorm: 1 };
      const { params, steps, lastLosses } = await train(
        (example) =>
          compileStep(loss as Any, start, example, {
            stepsPerRun,
            compile: compileOn(engine),
            optimiser,
          }),
        () => constant,
        { schedule, onStep: (report) => reports.push(structuredClone(report)) },
      );
      assert.equal(steps, 13);
      assert.deepEqual(reports.map(({ step }) => step), Array.from(Array(13).keys()));
      assert.deepEqual(lastLosses, reports.at(-1).losses);
      runs.push({ params, reports });
    }
    for (const run of runs) assert.deepEqual(run, runs[0], engine);
    const losses = runs[0].reports.map(({ losses }) => losses[0]);
    assert.equal(new Set(losses).size, 13);
    assert.ok(losses[12] < losses[0]);
  }
});

Deno.test("steps that share a run: divergence names the step in it, where the loss was not finite", async () => {
  // The seventh step multiplies w by more than float32 holds.
  const schedule = { peak: 1, steps: 20, warmup: 0, floor: 1 };
  const rateOf = (step: number) => step === 6 ? 1e38 : 1e-3;
  for (const stepsPerRun of [1, 5, 20]) {
    const training = await compilingRuns(stepsPerRun)(constant);
    const from: Progress = { step: 0, current: training.fresh, lastLosses: [] };
    await assert.rejects(
      advance(training, from, schedule.steps, () => constant, rateOf),
      (error: unknown) => {
        assert.ok(error instanceof DivergenceError);
        assert.deepEqual([error.step, error.rate], [7, 1e-3]);
        return true;
      },
    );
    await training.close();
  }
});

Deno.test("steps that share a run: each is reported before a stop, and all see the state after the last", async () => {
  const training = await compilingRuns(4)(constant);
  const from: Progress = { step: 0, current: training.fresh, lastLosses: [] };
  const seen: [number, number][] = [];
  const end = await advance(training, from, 12, () => constant, () => 0.1, (report, progress) => {
    seen.push([report.step, progress.step]);
    if (report.step === 5) return "stop";
  });
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7].map((step) => [step, step < 4 ? 4 : 8]));
  const all = await advance(training, from, 8, () => constant, () => 0.1);
  assert.equal(end.step, 8);
  assert.deepEqual(end.lastLosses, all.lastLosses);
  assert.deepEqual(await readTree(end.current.params), await readTree(all.current.params));
  disposeTree([end.current, all.current]);
  await training.close();
});

Deno.test("a stop ends the training after its step: no batch, no report and no step after it", async () => {
  const training = await compiling(nextBatch(0));
  const from: Progress = { step: 2, current: training.fresh, lastLosses: [] };
  const asked: number[] = [];
  const batches = (step: number) => (asked.push(step), nextBatch(step));
  const end = await advance(training, from, 9, batches, () => 0.1, ({ step }) => {
    if (step === 4) return "stop";
  });
  assert.deepEqual([end.step, asked], [5, [2, 3, 4]]);
  disposeTree(end.current);
  await training.close();
});

/** What `measure` was asked, step by step, and the training that it was part of. */
async function measuredAt(
  { stepsPerRun = 1, every, until = Infinity, steps, ...options }: {
    stepsPerRun?: number;
    every: number;
    until?: number;
    steps: number;
  } & Any,
) {
  const asked: [number, number[]][] = [];
  const run = (params: Any, step: number) => {
    asked.push([step, Array.from(dataOf(params))]);
    return step >= until;
  };
  const schedule = { peak: 0.1, steps, warmup: 0, floor: 1 };
  const result = await train(compilingRuns(stepsPerRun), () => constant, {
    schedule,
    measure: { every, run },
    ...options,
  });
  return { asked, result };
}

Deno.test("measurements: before the first step, after every so many, and after the last, of the parameters there", async () => {
  const all = (await measuredAt({ every: 1, steps: 7 })).asked;
  assert.deepEqual(all.map(([step]) => step), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(all[0][1], [0, 0, 0]);
  assert.equal(new Set(all.map(([, w]) => w[0])).size, 8);
  const cases: [Any, number[]][] = [
    [{ every: 3, steps: 7 }, [0, 3, 6, 7]],
    [{ every: 3, steps: 6 }, [0, 3, 6]],
    [{ every: 10, steps: 7 }, [0, 7]],
    // Of steps that share a run there is no state between them.
    [{ every: 3, steps: 7, stepsPerRun: 2 }, [0, 4, 6, 7]],
    [{ every: 2, steps: 7, stepsPerRun: 3 }, [0, 3, 6, 7]],
    [{ every: 4, steps: 7, stepsPerRun: 4 }, [0, 4, 7]],
    [{ every: 5, steps: 7, stepsPerRun: 20 }, [0, 7]],
  ];
  for (const [options, steps] of cases) {
    const { asked } = await measuredAt(options);
    assert.deepEqual(asked, steps.map((step) => all[step]), JSON.stringify(options));
  }
});

Deno.test("a measurement that says so ends the training there, with the parameters that it saw", async () => {
  for (const [until, stopped] of [[0, 0], [1, 2], [2, 2], [5, 6], [7, 7]]) {
    const { asked, result } = await measuredAt({ every: 2, steps: 7, until });
    assert.equal(result.steps, stopped);
    assert.deepEqual(asked.at(-1), [stopped, Array.from(dataOf(result.params))]);
    assert.equal(result.lastLosses.length, stopped === 0 ? 0 : 1);
  }
});

Deno.test("a resumed training measures at the steps of one that was never killed, and not where it goes on", async () => {
  const straight = await measuredAt({ every: 4, steps: 11 });
  for (const killedAfter of [2, 5, 8]) { // 8: a measurement was due there, and made
    const { saved: _, ...checkpoint } = memory();
    const stop = new AbortController();
    const first: number[] = [];
    await assert.rejects(
      train(compiling, () => constant, {
        schedule: { peak: 0.1, steps: 11, warmup: 0, floor: 1 },
        checkpoint: { every: 1e9, ...checkpoint },
        signal: stop.signal,
        onStep: ({ step }) => step + 1 === killedAfter && stop.abort(new Error("killed")),
        measure: { every: 4, run: (_, step) => (first.push(step), false) },
      }),
      /killed/,
    );
    const { asked, result } = await measuredAt({
      every: 4,
      steps: 11,
      checkpoint: { every: 1e9, ...checkpoint },
    });
    assert.deepEqual([...first, ...asked.map(([step]) => step)], [0, 4, 8, 11]);
    assert.deepEqual(result.params, straight.result.params);
    assert.equal(result.steps, 11);
  }
});

Deno.test("steps that share a run resume from a checkpoint to the same bits", async () => {
  const options = { every: 100, steps: 13, stepsPerRun: 5 };
  const straight = (await measuredAt(options)).result;
  const { saved, ...checkpoint } = memory();
  const stop = new AbortController();
  await assert.rejects(
    measuredAt({
      ...options,
      checkpoint: { every: 1e9, ...checkpoint },
      signal: stop.signal,
      onStep: ({ step }: Any) => step === 6 && stop.abort(new Error("killed")),
    }),
    /killed/,
  );
  assert.equal(saved()?.step.data[0], 10); // the run was finished
  const { result } = await measuredAt({ ...options, checkpoint: { every: 1e9, ...checkpoint } });
  assert.deepEqual([result.params, result.lastLosses], [straight.params, straight.lastLosses]);
});
