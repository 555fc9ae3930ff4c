/**
 * The library in one import: sequence layers, models of them, tasks with exact floors and optima, training, and the engine
 * that runs it all.
 *
 * A model maps what a task hands out to what the task asks for; most are stacks of sequence layers. Whatever is traced (layers,
 * models, losses) is written with jax-js arrays, which have move semantics: `x.ref` for every use of an array but the last. What
 * lies on the host is a {@linkcode Tensor}, and parameters are trees of them. Random numbers depend on keys alone, so on
 * one kind of CPU the same program gives the same bits again.
 *
 * @file Everything that users of the library need. Layers, models and tasks are values of the types {@linkcode SequenceLayer},
 *   {@linkcode ModelModule} and {@linkcode TaskModule}: what you write yourself goes where they go.
 *
 * @example A linear recurrence learns to filter: how much of the gap between predicting zero and the Kalman filter does it close?
 * ```ts
 * import assert from "node:assert/strict";
 * import { asSequenceModel, compile, filtering, learning, lru, runnerOf, stack, train } from "./mod.ts";
 *
 * const task = filtering.configure({ latentDim: 8, lambda: 0.9, length: 64 });
 * const model = asSequenceModel(stack.configure({ block: "bare" }, {
 *   signature: task.signature,
 *   layers: [{ name: "lru", layer: lru, options: { state: 16 } }],
 * }));
 * const { compileStep, nextBatch } = learning(task, model, [{ instance: 0, initialisation: 0, data: 1 }], 32);
 * const { params } = await train((example) => compileStep(example, { compile }), nextBatch, {
 *   schedule: { peak: 0.03, steps: 20, warmup: 2 },
 * });
 * const test = task.generate!(0, 2, 64); // 64 sequences of the same system, by another key
 * const runner = runnerOf(model, params, { batch: 64, compile });
 * const { gapClosed } = await task.evaluate(runner, 0, { tensors: test }, {});
 * await runner.close();
 * console.log(`gap closed: ${gapClosed.toFixed(2)}`);
 * assert.ok(gapClosed > 0 && gapClosed < 1);
 * ```
 *
 * @example A layer of your own, in a residual block with an MLP: a moving average of every channel, its decay learned
 * ```ts
 * import assert from "node:assert/strict";
 * import { nn, numpy as np } from "@jax-js/jax";
 * import { asSequenceModel, compile, filtering, learning, runnerOf, stack, tensor, train } from "./mod.ts";
 * import type { SequenceLayer } from "./mod.ts";
 *
 * const average: SequenceLayer<{ width: number }, np.Array, np.Array, np.Array, np.Array> = {
 *   about: { name: "moving average", paper: "none", kind: "linear map", eigenvalues: "(0, 1)" },
 *   configure: (_options, width) => ({ width }),
 *   init({ width }, key) {
 *     key.dispose();
 *     return np.zeros([width]);
 *   },
 *   initialState: ({ width }, batch) => tensor(0, [batch, width]),
 *   cell(_config, decay, h, x) {
 *     const keep = nn.sigmoid(decay);
 *     const next = keep.mul(h.sub(x.ref)).add(x);
 *     return [next.ref, next]; // the next state, and what leaves the layer
 *   },
 * };
 *
 * const task = filtering.configure({ latentDim: 8, lambda: 0.9, length: 64 });
 * const model = asSequenceModel(stack.configure({ width: 16 }, {
 *   signature: task.signature,
 *   layers: [{ name: "average", layer: average, options: {} }],
 * }));
 * const { compileStep, nextBatch } = learning(task, model, [{ instance: 0, initialisation: 0, data: 1 }], 32);
 * const { params } = await train((example) => compileStep(example, { compile }), nextBatch, {
 *   schedule: { peak: 0.01, steps: 20, warmup: 2 },
 * });
 * const runner = runnerOf(model, params, { batch: 64, compile });
 * const { gapClosed } = await task.evaluate(runner, 0, { tensors: task.generate!(0, 2, 64) }, {});
 * await runner.close();
 * console.log(`gap closed: ${gapClosed.toFixed(2)}`);
 * assert.ok(gapClosed > 0 && gapClosed < 1);
 * ```
 *
 * @example A deep linear network forecasts a series: 6 rows from the 24 before them
 * ```ts
 * import assert from "node:assert/strict";
 * import { compile, deepLinear, forecasting, learning, random, runnerOf, train } from "./mod.ts";
 *
 * const noise = random.normals(random.keyOf(0), 600);
 * const rows = Array.from(noise, (e, t) => Math.sin(t / 4) + 0.5 * Math.cos(t / 7) + 0.1 * e);
 * const text = ["value", ...rows].join("\n");
 * const task = forecasting.configure(
 *   { dataset: "waves", split: "70/10/20", lookback: 24, horizon: 6, loss: "gram" },
 *   { text },
 * );
 * const model = deepLinear.configure({ depth: 3 }, { signature: task.signature, layers: [] });
 * const { compileStep, nextBatch } = learning(task, model, [{ instance: 0, initialisation: 0, data: 0 }], 1);
 * const { params } = await train((example) => compileStep(example, { compile }), nextBatch, {
 *   schedule: { peak: 0.03, steps: 100, warmup: 10 },
 * });
 * const { loss, floor, optimum, gapClosed } = await task.evaluate(runnerOf(model, params, { batch: 64, compile }), 0, {}, {});
 * console.log({ loss, floor, optimum }); // mean squared errors on the test rows, standardised
 * assert.ok(gapClosed > 0.5);
 * ```
 *
 * @module
 */

// The engine: pure functions of jax-js arrays, traced once and run natively.
export type { Arrays, JaxArray, JaxDType } from "./engine/arrays.ts";
export { grad, type GradientOptions, valueAndGrad } from "./engine/gradient.ts";
export {
  type Compile,
  compile,
  compileOn,
  type CompileOptions,
  type CompileReport,
  type EngineName,
  ENGINES,
  type Handle,
  NotDifferentiable,
  type Program,
  type TracedFunction,
  UnsupportedPrimitive,
} from "./engine/mod.ts";
export { type Cell, scan, type ScanOptions } from "./engine/scan.ts";

// Tensors on the host, and random numbers by keys.
/** Random numbers on the host, by keys: the same bits on every machine, in any order. */
export * as random from "./random/random.ts";
export {
  type DType,
  type Float64Tensor,
  type NumericTensor,
  sizeOf,
  type Spec,
  type Tensor,
  tensor,
  toFloat32,
  type Tree,
  type TypedArray,
} from "./tensor/tensor.ts";
/** Trees of host tensors: by dotted names, stacked, and leaf by leaf. */
export * as trees from "./tensor/trees.ts";

// Sequence layers.
export * from "./layers/mod.ts";

// Models.
export type { PatchState } from "./models/ends/patches.ts";
export type { RunningSums } from "./models/ends/instance_norm.ts";
export {
  type CausalLinearParams,
  type CausalLinearState,
  model as causalLinear,
} from "./models/causal_linear.ts";
export { type DeepLinear, model as deepLinear } from "./models/deep_linear.ts";
export {
  asSequenceModel,
  type Context,
  type LayerChoice,
  type LinearWindowModel,
  type Model,
  type ModelModule,
  type SequenceModel,
  type Signature,
} from "./models/model.ts";
export { type Block, model as stack, type StackParams, type StackState } from "./models/stack.ts";

// Tasks, the series that they forecast, and detectors of anomalies.
export * from "./tasks/mod.ts";
export { type ReadOptions, readSeries, type Series } from "./data/series.ts";
export type { TableOptions } from "./data/csv.ts";
export type { SeriesChoice } from "./data/long_format.ts";
export type { Interval as SamplingInterval, MonthDay, Sampling } from "./data/dates/calendar.ts";
export type { DateClock } from "./data/dates/clock.ts";
export type { Written } from "./data/dates/write.ts";
export type { DateForm } from "./data/dates/forms.ts";
export type { Stretch, Zone } from "./data/dates/zones.ts";
export type { OptionIssue, OptionsSchema } from "./options.ts";
export type { Detector } from "./anomaly/detector.ts";
export {
  explain as explainAnomaly,
  type Explanation as AnomalyExplanation,
  type LinearPrediction,
  linearPrediction,
  standardPrediction,
} from "./anomaly/linear_prediction.ts";
export { windowedGaussian } from "./anomaly/windowed_gaussian.ts";

// Training.
export {
  adamwInit,
  type AdamWOptions,
  type AdamWState,
  adamwUpdate,
  globalNorm,
} from "./train/adamw.ts";
export { freshParameters } from "./train/host.ts";
export { type Learning, learning } from "./train/learning.ts";
export { type OpenRunner, runnerOf, type RunnerOptions } from "./train/runner.ts";
export { learningRate, type Schedule } from "./train/schedule.ts";
export {
  DivergenceError,
  type Leaves,
  type StepOptions,
  type StepReport,
  train,
  type TrainingState,
  type TrainingStep,
  type TrainOptions,
  type TrainResult,
} from "./train/trainer.ts";

// The judge, state-space systems with the Kalman filter, and the dynamics of training.
export * from "./analysis/mod.ts";
export type { Matrix } from "./linalg/matrix.ts";
export type { Svd } from "./linalg/svd.ts";
/** What training does to a product of matrices: the balanced flow, what is conserved, step laws, spectra, an analyzer. */
export * as dynamics from "./dynamics/mod.ts";
export type { Modes } from "./ssm/modes.ts";
export type { Kalman, Score, System, SystemOptions } from "./ssm/mod.ts";
/** Linear state-space systems in float64: random systems, their sequences, the Kalman filter, scores against it. */
export * as ssm from "./ssm/mod.ts";
