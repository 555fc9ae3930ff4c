/** @file A deep linear network of the forecast table, trained until it is as good as least squares on the training windows. */
import { compile } from "../../../lib/engine/engines/ort.ts";
import { model as deepLinear } from "../../../lib/models/deep_linear.ts";
import type { Fit } from "../../../lib/tasks/forecasting/forecaster.ts";
import { forecastingTask } from "../../../lib/tasks/forecasting/forecasting.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { learning } from "../../../lib/train/learning.ts";
import { runnerOf } from "../../../lib/train/runner.ts";
import { train } from "../../../lib/train/trainer.ts";

/** Most steps to take. */
const STEPS = 800;
/** Excess over the training loss of least squares, as a share of it, at which training ends. */
const TOLERANCE = 2.5e-4;

/**
 * The peak of the learning rate is 4 / (width depth), but at most 0.03: Adam moves every entry of a layer by about the rate, which
 * changes a singular value of the layer by up to width times that, and one of the product by depth times as much again. The
 * constant was chosen on training losses of ETTh1; twice it diverges at width 336.
 * @param onProgress called after each measurement of the training loss.
 * @throws {DivergenceError} with step and learning rate.
 */
export async function fitDeepLinear(
  problem: Problem,
  depth: number,
  onProgress: (step: number) => void,
): Promise<Fit> {
  const task = forecastingTask(problem, { loss: "gram", basis: "dct" });
  const model = deepLinear.configure({ depth }, { signature: task.signature, layers: [] });
  const width = Math.min(problem.lookback, problem.horizon);
  const seed = { instance: 0, initialisation: 0, data: 0 };
  const { nextBatch, compileStep } = learning(task, model, [seed], 1);
  const { params } = await train((example) => compileStep(example, { compile }), nextBatch, {
    schedule: { peak: Math.min(0.03, 4 / (width * depth)), steps: STEPS, warmup: 100, floor: 0 },
    measure: {
      every: 25,
      run(params, step) {
        onProgress(step);
        return task.excess!(model, params) <= TOLERANCE;
      },
    },
  });
  return task.fitOf(runnerOf(model, params, { batch: 1, compile }));
}
