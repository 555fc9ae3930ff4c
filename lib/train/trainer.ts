/**
 * @file The training loop: one compiled step (loss, gradient, clipping, AdamW), a schedule, divergence caught
 * the step it happens, and checkpoints from which a killed run goes on to the same result.
 */
import { numpy as np, tree } from "@jax-js/jax";
import { valueAndGrad } from "../engine/gradient.ts";
import {
  compile,
  type EngineName,
  type Handle,
  type Tensor,
  tensor,
  type Tree,
} from "../engine/mod.ts";
import { adamwInit, type AdamWOptions, adamwUpdate } from "./adamw.ts";
import { disposeTree, flatten, readTree, toHost, unflatten } from "./host.ts";
import { learningRate, type Schedule } from "./schedule.ts";

/** A loss or gradient stopped being finite. */
export class DivergenceError extends Error {
  override name = "DivergenceError";
  constructor(
    readonly step: number,
    readonly rate: number,
    loss: number,
    gradNorm: number,
    /** Which of the members trained together. */
    readonly member: number,
  ) {
    super(
      `training diverged at step ${step}${member ? ` (member ${member})` : ""}: loss ${loss}, ` +
        `gradient norm ${gradNorm}, learning rate ${rate.toPrecision(3)}. ` +
        `Lower the peak learning rate, or lengthen the warm-up.`,
    );
  }
}

export interface TrainOptions {
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
  readonly signal?: AbortSignal;
}

export interface StepReport {
  readonly step: number;
  /** One for each member trained together (see members.ts), else one. */
  readonly losses: ArrayLike<number>;
  readonly gradNorms: ArrayLike<number>;
  readonly rate: number;
}

export interface TrainResult {
  /** Trained parameters on the host, shaped like the initial ones. */
  // deno-lint-ignore no-explicit-any
  readonly params: any;
  readonly lastLosses: ArrayLike<number>;
  /** Seconds of compiling and of one step (mean), for the record. */
  readonly compileSeconds: number;
  readonly stepSeconds: number;
}

type Leaves = Tree<Tensor | Handle>;
/** Where training is: parameters and optimiser, on the host or on the engine's side. */
export type TrainingState = { readonly params: Leaves; readonly state: Leaves };

/** One compiled training step; it may be run from any state. */
export interface TrainingStep {
  /** What training starts from, on the host. */
  readonly fresh: { readonly params: Tree<Tensor>; readonly state: Tree<Tensor> };
  run(current: TrainingState, batch: Tree<Tensor>, rate: number): Promise<{
    readonly value: Handle;
    readonly gradNorm: Handle;
    readonly params: Tree<Handle>;
    readonly state: Tree<Handle>;
  }>;
  close(): Promise<void>;
}

export interface StepOptions {
  readonly optimiser?: AdamWOptions;
  readonly engine?: EngineName;
  readonly threads?: number;
}

/** Loss, gradient and the optimiser's update as one function; `vmap` makes it that of several members. */
export function updateOf(
  // deno-lint-ignore no-explicit-any
  loss: (params: any, batch: any) => np.Array,
  optimiser?: AdamWOptions,
) {
  // deno-lint-ignore no-explicit-any
  return (params: any, state: any, batch: any, rate: np.Array) => {
    const [value, grads] = valueAndGrad(loss)(tree.ref(params), batch);
    return { value, ...adamwUpdate(params, grads, state, rate, optimiser) };
  };
}

/**
 * Compiles {@linkcode updateOf} a loss.
 * @param loss pure jax-js function to a scalar.
 * @param initial parameters, a tree of jax-js arrays; consumed.
 * @param example a batch, for its shapes.
 */
export async function compileStep(
  // deno-lint-ignore no-explicit-any
  loss: (params: any, batch: any) => np.Array,
  // deno-lint-ignore no-explicit-any
  initial: any,
  example: Tree<Tensor>,
  { optimiser, engine, threads }: StepOptions,
): Promise<TrainingStep> {
  const update = updateOf(loss, optimiser);
  const fresh = { state: toHost(adamwInit(initial)), params: toHost(initial) };
  const program = await compile(update, [fresh.params, fresh.state, example, tensor(0)], {
    engine,
    threads,
  });
  return {
    fresh,
    run: ({ params, state }, batch, rate) => program.run(params, state, batch, tensor(rate)),
    close: program.close,
  };
}

/** State of a training run after some steps, from which it can go on as long as nobody disposes of it. */
export interface Progress {
  readonly step: number;
  readonly current: TrainingState;
  readonly lastLosses: ArrayLike<number>;
}

/**
 * Runs steps `from.step` to `until` (excluded). `from` stays the caller's, and the result becomes it; states between them are
 * disposed of as soon as there is a next one, so that memory does not grow with the steps that the garbage collector waits.
 * @param nextBatch the batch of a step, of fixed shapes. It must depend on the step only, so that a resumed run sees the
 *   same data.
 * @param rateOf learning rate of a step.
 * @param afterStep may read what it is given, which lives until the promise it returns is settled.
 * @throws {DivergenceError} when a loss or a gradient is not finite, unless `tolerant`.
 */
export async function advance(
  training: TrainingStep,
  from: Progress,
  until: number,
  nextBatch: (step: number) => Tree<Tensor>,
  rateOf: (step: number) => number,
  afterStep: (report: StepReport, progress: Progress) => Promise<void> | void = () => {},
  { tolerant = false } = {},
): Promise<Progress> {
  let progress = from;
  const replace = (next: Progress) => {
    if (progress !== from) disposeTree(progress.current);
    progress = next;
  };
  try {
    for (let step = from.step; step < until; step++) {
      const rate = rateOf(step);
      const { value, gradNorm, params, state } = await training.run(
        progress.current,
        nextBatch(step),
        rate,
      );
      const current = { params, state };
      replace({ step: step + 1, current, lastLosses: progress.lastLosses });
      const [losses, gradNorms] = (await Promise.all([value.read(), gradNorm.read()]))
        .map((t) => t.data as Float32Array);
      disposeTree([value, gradNorm]);
      const bad = losses.findIndex((loss, i) => !Number.isFinite(loss + gradNorms[i]));
      if (bad >= 0 && !tolerant) {
        throw new DivergenceError(step, rate, losses[bad], gradNorms[bad], bad);
      }
      progress = { ...progress, lastLosses: losses };
      await afterStep({ step, losses, gradNorms, rate }, progress);
    }
  } catch (error) {
    replace(from);
    throw error;
  }
  return progress;
}

/**
 * Trains from the start, or from the checkpoint, to the end of the schedule.
 * @param compiling makes the compiled step; see {@linkcode compileStep}.
 * @throws {DivergenceError} when a loss or a gradient is not finite.
 */
export async function train(
  compiling: (example: Tree<Tensor>) => Promise<TrainingStep>,
  nextBatch: (step: number) => Tree<Tensor>,
  { schedule, checkpoint, signal, onStep }: TrainOptions,
): Promise<TrainResult> {
  const started = performance.now();
  const training = await compiling(nextBatch(0));
  const compiledAt = performance.now();
  const { fresh } = training;
  const saved = await checkpoint?.load();
  const resumedAt = saved ? saved.step.data[0] : 0;
  const save = async ({ step, current, lastLosses }: Progress) =>
    checkpoint?.save({
      ...flatten(await readTree(current as Tree<Handle>)),
      step: tensor(step, [], "int32"),
      lastLosses: tensor(Float32Array.from(lastLosses)),
    });
  let lastSave = compiledAt;
  try {
    const start: Progress = {
      step: resumedAt,
      current: saved ? unflatten(fresh as never, saved) : fresh,
      lastLosses: saved?.lastLosses.data ?? [],
    };
    signal?.throwIfAborted();
    const end = await advance(
      training,
      start,
      schedule.steps,
      nextBatch,
      (step) => learningRate(schedule, step),
      async (report, progress) => {
        onStep?.(report);
        const stopped = signal?.aborted && progress.step < schedule.steps;
        const due = checkpoint && performance.now() - lastSave > 1000 * checkpoint.every;
        if (due || stopped) {
          await save(progress);
          lastSave = performance.now();
        }
        if (stopped) throw signal.reason;
      },
    );
    const finished = performance.now();
    const params = end.step > resumedAt
      ? await readTree(end.current.params as Tree<Handle>)
      : end.current.params;
    disposeTree(end.current);
    return {
      params,
      lastLosses: end.lastLosses,
      compileSeconds: (compiledAt - started) / 1000,
      stepSeconds: (finished - compiledAt) / 1000 / Math.max(1, end.step - resumedAt),
    };
  } finally {
    await training.close();
  }
}
