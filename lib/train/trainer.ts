/**
 * @file The training loop: one compiled step (loss, gradient, clipping, AdamW), a schedule, divergence caught
 * the step it happens, and checkpoints from which a killed run goes on to the same result.
 */
import { numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import {
  compile,
  type EngineName,
  type Handle,
  type Tensor,
  tensor,
  type Tree,
} from "../engine/mod.ts";
import { adamwInit, type AdamWOptions, adamwUpdate } from "./adamw.ts";
import { flatten, readTree, toHost, unflatten } from "./host.ts";
import { learningRate, type Schedule } from "./schedule.ts";

/** A loss or gradient stopped being finite. */
export class DivergenceError extends Error {
  override name = "DivergenceError";
  constructor(readonly step: number, readonly rate: number, loss: number, gradNorm: number) {
    super(
      `training diverged at step ${step}: loss ${loss}, gradient norm ${gradNorm}, learning rate ` +
        `${rate.toPrecision(3)}. Lower the peak learning rate, or lengthen the warm-up.`,
    );
  }
}

export interface TrainOptions {
  readonly schedule: Schedule;
  readonly optimiser?: AdamWOptions;
  readonly engine?: EngineName;
  readonly threads?: number;
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
  readonly loss: number;
  readonly gradNorm: number;
  readonly rate: number;
}

export interface TrainResult {
  /** Trained parameters on the host, shaped like the initial ones. */
  // deno-lint-ignore no-explicit-any
  readonly params: any;
  readonly lastLoss: number;
  /** Seconds of compiling and of one step (mean), for the record. */
  readonly compileSeconds: number;
  readonly stepSeconds: number;
}

/**
 * Trains by minimising `loss(params, batch)`.
 * @param loss pure jax-js function to a scalar.
 * @param initial parameters, a tree of jax-js arrays; consumed.
 * @param nextBatch the batch of a step, a tree of host tensors of fixed shapes. It must depend on the step only,
 *   so that a resumed run sees the same data.
 * @throws {DivergenceError} when a loss or a gradient is not finite.
 */
export async function train(
  // deno-lint-ignore no-explicit-any
  loss: (params: any, batch: any) => np.Array,
  // deno-lint-ignore no-explicit-any
  initial: any,
  nextBatch: (step: number) => Tree<Tensor>,
  options: TrainOptions,
): Promise<TrainResult> {
  const { schedule, optimiser, engine, threads, checkpoint, signal } = options;
  // deno-lint-ignore no-explicit-any
  const update = (params: any, state: any, batch: any, rate: np.Array) => {
    // deno-lint-ignore no-explicit-any
    const [value, grads] = (valueAndGrad(loss) as any)(tree.ref(params), batch);
    return { value, ...adamwUpdate(params, grads, state, rate, optimiser) };
  };
  const fresh = { state: toHost(adamwInit(initial)), params: toHost(initial) };
  const saved = await checkpoint?.load();
  let step = saved ? saved.step.data[0] : 0;
  let current: { params: Tree<Tensor | Handle>; state: Tree<Tensor | Handle> } = saved
    ? unflatten(fresh, saved)
    : fresh;

  const started = performance.now();
  const first = nextBatch(step);
  const program = await compile(update, [fresh.params, fresh.state, first, tensor(0)], {
    engine,
    threads,
  });
  const compiledAt = performance.now();
  const save = async () =>
    checkpoint?.save({
      ...flatten(await readTree(current as Tree<Handle>)),
      step: tensor(step, [], "int32"),
    });
  let lastLoss = NaN;
  let lastSave = compiledAt;
  const resumedAt = step;
  try {
    for (; step < schedule.steps; step++) {
      if (signal?.aborted) {
        if (step > resumedAt) await save();
        throw signal.reason;
      }
      const rate = learningRate(schedule, step);
      const batch = step === resumedAt ? first : nextBatch(step);
      const { value, gradNorm, params, state } = await program.run(
        current.params,
        current.state,
        batch,
        tensor(rate),
      );
      const [lossValue, norm] = await Promise.all([value.read(), gradNorm.read()]);
      lastLoss = lossValue.data[0];
      if (!Number.isFinite(lastLoss) || !Number.isFinite(norm.data[0])) {
        throw new DivergenceError(step, rate, lastLoss, norm.data[0]);
      }
      current = { params, state };
      options.onStep?.({ step, loss: lastLoss, gradNorm: norm.data[0], rate });
      if (checkpoint && performance.now() - lastSave > 1000 * checkpoint.every) {
        step++;
        await save();
        step--;
        lastSave = performance.now();
      }
    }
    const finished = performance.now();
    const params = step > resumedAt
      ? await readTree(current.params as Tree<Handle>)
      : current.params;
    return {
      params,
      lastLoss,
      compileSeconds: (compiledAt - started) / 1000,
      stepSeconds: (finished - compiledAt) / 1000 / Math.max(1, step - resumedAt),
    };
  } finally {
    await program.close();
  }
}
