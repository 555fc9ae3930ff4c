/**
 * @file The training loop: one compiled step (loss, gradient, clipping, AdamW), a schedule, divergence caught
 * the step it happens, and checkpoints from which a killed run goes on to the same result.
 */
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import { valueAndGrad } from "../engine/gradient.ts";
import { type Compile, type Handle, type Tensor, tensor, type Tree } from "../engine/types.ts";
import { scan } from "../engine/scan.ts";
import { refTree } from "../engine/trees.ts";
import { adamwInit, type AdamWOptions, type AdamWState, adamwUpdate } from "./adamw.ts";
import { flatten, unflatten } from "../tensor/trees.ts";
import { disposeTree, readTree } from "./host.ts";
import { learningRate, scaledRates, type Schedule } from "./schedule.ts";

/** A loss or gradient stopped being finite. */
export class DivergenceError extends Error {
  /** Shown before the message. */
  override name = "DivergenceError";
  /** Counted from 0. */
  readonly step: number;
  /** Learning rate of the step. */
  readonly rate: number;
  /** The message says which step it was, and what to change. */
  constructor(
    /** What the step found: the last point of the curve, which `onStep` was not told. */
    readonly report: StepReport,
    /** Which training of an ensemble. */
    readonly index: number,
  ) {
    const { step, rate, losses, gradNorms } = report;
    super(
      `training diverged at step ${step}${
        index ? ` (training ${index} of the ensemble)` : ""
      }: loss ${losses[index]}, ` +
        `gradient norm ${gradNorms[index]}, learning rate ${rate.toPrecision(3)}. ` +
        `Lower the peak learning rate, or lengthen the warm-up.`,
    );
    [this.step, this.rate] = [step, rate];
  }
}

/** What {@linkcode train} needs beside the step and its data. */
export interface TrainOptions {
  /** Gives the learning rate of every step, and their number. */
  readonly schedule: Schedule;
  /** Called after every step. */
  readonly onStep?: (report: StepReport) => void;
  /** Where a killed run finds what it had; tensors by name. */
  readonly checkpoint?: {
    load(): Promise<Record<string, Tensor> | undefined>;
    save(state: Record<string, Tensor>): Promise<void>;
    /** Seconds between saves. */
    readonly every: number;
  };
  /** Aborts between steps, after a checkpoint where one is kept; the training then rejects with its reason. */
  readonly signal?: AbortSignal;
  /**
   * Looks at the parameters before the first step, after every so many (of steps that share a run, after the run) and after the
   * last; true ends the training there.
   */
  readonly measure?: {
    readonly every: number;
    readonly run: (params: Tree<Tensor>, step: number) => boolean;
  };
}

/** What a step found, on the host. */
export interface StepReport {
  /** Counted from 0. */
  readonly step: number;
  /** One for each training of an ensemble (see ensemble.ts), else one. */
  readonly losses: ArrayLike<number>;
  /** Global norms of the gradients before clipping, one for each training. */
  readonly gradNorms: ArrayLike<number>;
  /** Learning rate of the step. */
  readonly rate: number;
}

/** What a training leaves. */
export interface TrainResult {
  /** Trained parameters on the host, shaped like the initial ones. */
  readonly params: Tree<Tensor>;
  /** Steps that were made, all runs together. */
  readonly steps: number;
  /** Losses of the last step, one for each training of an ensemble. */
  readonly lastLosses: ArrayLike<number>;
  /** Seconds until the first step could run. */
  readonly compileSeconds: number;
  /** Mean seconds of a step, with its batch, reports and checkpoints. */
  readonly stepSeconds: number;
}

/** A tree whose tensors lie on the host or on the side of an engine. */
export type Leaves = Tree<Tensor | Handle>;
/** Where training is: parameters and optimiser, on the host or on the engine's side. */
export type TrainingState = { readonly params: Leaves; readonly state: Leaves };

/** Compiled training steps; they may be run from any state. */
export interface TrainingStep {
  /** What training starts from, on the host. */
  readonly fresh: { readonly params: Tree<Tensor>; readonly state: Tree<Tensor> };
  /** Steps that one run makes, all on the same batch. */
  readonly stepsPerRun: number;
  /**
   * Makes `stepsPerRun` steps on one batch.
   * @param rates learning rates of the steps.
   * @param scales each training's learning rate as a multiple of those; 1 when left out.
   * @returns losses and gradient norms [trainings, steps], and where training is then.
   * @throws {RangeError} unless there is one scale for each training.
   */
  run(
    current: TrainingState,
    batch: Tree<Tensor>,
    rates: readonly number[],
    scales?: readonly number[],
  ): Promise<{
    readonly value: Handle;
    readonly gradNorm: Handle;
    readonly params: Tree<Handle>;
    readonly state: Tree<Handle>;
  }>;
  /** Frees the compiled program. */
  close(): Promise<void>;
}

/** How a training step is compiled. */
export interface StepOptions {
  /** AdamW's constants; no weight decay and no clipping by default. */
  readonly optimiser?: AdamWOptions;
  /** Of the engine that trains. */
  readonly compile: Compile;
  /** 1 by default; more spare a small program its start, where every step has the same batch. */
  readonly stepsPerRun?: number;
}

/** Training loss, pure and traced: parameters and a batch to a scalar. */
export type Loss<P extends Arrays = Arrays, B extends Arrays = Arrays> = (
  params: P,
  batch: B,
) => JaxArray;

/** What one run of the training step leaves. */
export interface Updated<P extends Arrays> {
  /** Losses, [steps]. */
  readonly value: JaxArray;
  /** Before clipping, [steps]. */
  readonly gradNorm: JaxArray;
  /** After the last step. */
  readonly params: P;
  /** Of the optimiser, after the last step. */
  readonly state: AdamWState<P>;
}

/** Loss, gradient and the optimiser's update as one function, a step for each of the rates; `vmap` makes it that of an ensemble. */
export function updateOf<P extends Arrays, B extends Arrays>(
  loss: Loss<P, B>,
  optimiser?: AdamWOptions,
): (params: P, state: AdamWState<P>, batch: B, rates: JaxArray) => Updated<P> {
  type Carry = { params: P; state: AdamWState<P> };
  const step = (batch: B, { params, state }: Carry, rate: JaxArray) => {
    const [value, grads] = valueAndGrad(loss)(refTree(params), batch) as [JaxArray, P];
    const { gradNorm, ...next } = adamwUpdate(params, grads, state, rate, optimiser);
    return [next, { value, gradNorm }] as [Carry, { value: JaxArray; gradNorm: JaxArray }];
  };
  return (params, state, batch, rates) => {
    const [last, seen] = scan(step, batch, { params, state }, rates);
    return { ...last, ...seen };
  };
}

/** Compiles {@linkcode updateOf} a loss. @param example a batch, for its shapes. */
export async function compileStep<P extends Arrays, B extends Arrays>(
  loss: Loss<P, B>,
  initial: Tree<Tensor>,
  example: Tree<Tensor>,
  { optimiser, compile, stepsPerRun = 1 }: StepOptions,
): Promise<TrainingStep> {
  const fresh = { state: adamwInit(initial), params: initial };
  const program = await compile(
    updateOf(loss, optimiser),
    [fresh.params, fresh.state, example, tensor(0, [stepsPerRun])],
  );
  return {
    fresh,
    stepsPerRun,
    run: async ({ params, state }, batch, rates, scales) =>
      await program.run(params, state, batch, tensor(scaledRates(rates, 1, scales))),
    close: program.close,
  };
}

/** State of a training run after some steps, from which it can go on as long as nobody disposes of it. */
export interface Progress {
  /** Steps that were made. */
  readonly step: number;
  /** Parameters and optimiser after them. */
  readonly current: TrainingState;
  /** Losses of the last step, one for each training; [] before the first. */
  readonly lastLosses: ArrayLike<number>;
}

/**
 * Runs steps `from.step` to `until` (excluded). `from` stays the caller's, and the result becomes it; states between them are
 * disposed of as soon as there is a next one, so that memory does not grow with the steps that the garbage collector waits.
 * Where steps share a run and `until` is not the end of one, the optimiser has taken more steps, with rate 0: the parameters are
 * those of `until`, but training cannot go on from there as if it had not stopped.
 * @param nextBatch the batch of a step, of fixed shapes. It must depend on the step only, so that a resumed run sees the
 *   same data.
 * @param rateOf learning rate of a step, and `scales` each training's multiple of it; 1 when left out.
 * @param afterStep may read what it is given, which lives until the promise it returns is settled; of steps that share a run it
 *   sees the state after all of them. "stop" ends the training after this run.
 * @throws {DivergenceError} when a loss or a gradient is not finite, unless `tolerant`.
 */
export async function advance(
  training: TrainingStep,
  from: Progress,
  until: number,
  nextBatch: (step: number) => Tree<Tensor>,
  rateOf: (step: number) => number,
  afterStep: (
    report: StepReport,
    progress: Progress,
  ) => Promise<void | "stop"> | void | "stop" = () => {},
  { tolerant = false, scales }: { tolerant?: boolean; scales?: readonly number[] } = {},
): Promise<Progress> {
  let progress = from;
  const replace = (next: Progress) => {
    if (progress !== from) disposeTree(progress.current);
    progress = next;
  };
  try {
    while (progress.step < until) {
      const { step } = progress;
      const count = Math.min(training.stepsPerRun, until - step);
      // Steps beyond the last have the rate 0.
      const rates = Array.from(
        { length: training.stepsPerRun },
        (_, k) => k < count ? rateOf(step + k) : 0,
      );
      const { value, gradNorm, params, state } = await training.run(
        progress.current,
        nextBatch(step),
        rates,
        scales,
      );
      replace({ ...progress, step: step + count, current: { params, state } });
      const [losses, gradNorms] = (await Promise.all([value.read(), gradNorm.read()]))
        .map(({ data }) => bySteps(data, training.stepsPerRun));
      disposeTree([value, gradNorm]);
      let stopping = false;
      for (let k = 0; k < count; k++) {
        const bad = losses[k].findIndex((loss, i) => !Number.isFinite(loss + gradNorms[k][i]));
        const report = {
          step: step + k,
          losses: losses[k],
          gradNorms: gradNorms[k],
          rate: rates[k],
        };
        if (bad >= 0 && !tolerant) throw new DivergenceError(report, bad);
        progress = { ...progress, lastLosses: losses[k] };
        if (await afterStep(report, progress) === "stop") stopping = true;
      }
      if (stopping) return progress;
    }
  } catch (error) {
    replace(from);
    throw error;
  }
  return progress;
}

/** Values [trainings, steps] as one list of trainings for each step. */
function bySteps(values: ArrayLike<number>, steps: number): number[][] {
  const trainings = values.length / steps;
  return Array.from(
    { length: steps },
    (_, k) => Array.from({ length: trainings }, (_, i) => values[i * steps + k]),
  );
}

/**
 * Trains from the start, or from the checkpoint, to the end of the schedule.
 * @param compiling makes the compiled step; see {@linkcode compileStep}.
 * @throws {DivergenceError} when a loss or a gradient is not finite.
 */
export async function train(
  compiling: (example: Tree<Tensor>) => Promise<TrainingStep>,
  nextBatch: (step: number) => Tree<Tensor>,
  { schedule, checkpoint, signal, onStep, measure }: TrainOptions,
): Promise<TrainResult> {
  const started = performance.now();
  const training = await compiling(nextBatch(0));
  const compiledAt = performance.now();
  const { fresh } = training;
  const saved = await checkpoint?.load();
  const resumedAt = saved ? saved.step.data[0] : 0;
  const save = async ({ step, current, lastLosses }: Progress) =>
    checkpoint?.save({
      ...flatten(await readTree(current)),
      step: tensor(step, [], "int32"),
      lastLosses: tensor(Float32Array.from(lastLosses)),
    });
  let lastSave = compiledAt;
  try {
    const start: Progress = {
      step: resumedAt,
      current: saved ? unflatten(fresh, saved) as TrainingState : fresh,
      lastLosses: Array.from(saved?.lastLosses.data ?? []),
    };
    signal?.throwIfAborted();
    const measured = async ({ step, current }: Progress) =>
      measure?.run(await readTree(current.params), step) ?? false;
    // A resumed training measures where one that was never killed does.
    const done = !saved && await measured(start);
    const end = await advance(
      training,
      start,
      done ? start.step : schedule.steps,
      nextBatch,
      (step) => learningRate(schedule, step),
      async (report, progress) => {
        onStep?.(report);
        if (progress.step !== report.step + 1) return; // the state is that of a later step
        const { step } = progress;
        const last = step === schedule.steps;
        const passed = measure && step % measure.every < training.stepsPerRun;
        if (measure && (passed || last) && await measured(progress)) return "stop";
        const stopped = signal?.aborted && !last;
        const due = checkpoint && performance.now() - lastSave > 1000 * checkpoint.every;
        if (due || stopped) {
          await save(progress);
          lastSave = performance.now();
        }
        if (stopped) throw signal.reason;
      },
    );
    const finished = performance.now();
    const params = await readTree(end.current.params);
    disposeTree(end.current);
    return {
      params,
      steps: end.step,
      lastLosses: end.lastLosses,
      compileSeconds: (compiledAt - started) / 1000,
      stepSeconds: (finished - compiledAt) / 1000 / Math.max(1, end.step - resumedAt),
    };
  } finally {
    await training.close();
  }
}
