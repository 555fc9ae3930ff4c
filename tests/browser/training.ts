/** @file A short training that pages and Deno run alike: a stack of a linear recurrence and an LSTM learns to filter. */
import type { Compile } from "../../lib/engine/types.ts";
import { layer as lru } from "../../lib/layers/sequence/lru.ts";
import { layer as lstm } from "../../lib/layers/sequence/lstm.ts";
import { asSequenceModel } from "../../lib/models/model.ts";
import { model as stack } from "../../lib/models/stack.ts";
import { task as filtering } from "../../lib/tasks/filtering/filtering.ts";
import { learning } from "../../lib/train/learning.ts";
import { runnerOf } from "../../lib/train/runner.ts";
import { train } from "../../lib/train/trainer.ts";

/** What is compared between engines and machines. */
export interface Trained {
  /** Before each step, in units of the Kalman filter's. */
  losses: number[];
  /** On test sequences, after the last step. */
  gapClosed: number;
  /** From the first batch to the last step. */
  seconds: number;
}

/** Trains 20 steps, and evaluates. @param compile of the engine that runs it. */
export async function trained(compile: Compile): Promise<Trained> {
  const task = filtering.configure({ latentDim: 8, obsDim: 1, lambda: 0.98, length: 8 });
  const model = asSequenceModel(stack.configure({ width: 8 }, {
    signature: task.signature,
    layers: [
      { name: "lru", layer: lru, options: { state: 8 } },
      { name: "lstm", layer: lstm, options: {} },
    ],
  }));
  const seeds = [{ instance: 0, initialisation: 0, data: 1 }];
  const { compileStep, nextBatch } = learning(task, model, seeds, 64);
  const losses: number[] = [];
  const { params, compileSeconds, stepSeconds, steps } = await train(
    (example) => compileStep(example, { compile, optimiser: { clipNorm: 1 } }),
    nextBatch,
    {
      schedule: { peak: 0.02, steps: 20, warmup: 2 },
      onStep: (report) => losses.push(report.losses[0]),
    },
  );
  const runner = runnerOf(model, params, { batch: 64, compile });
  const tensors = task.generate!(0, 2, 64);
  const { gapClosed } = await task.evaluate(runner, 0, { tensors }, {});
  await runner.close();
  return { losses, gapClosed, seconds: compileSeconds + steps * stepSeconds };
}
