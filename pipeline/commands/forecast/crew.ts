/**
 * @file The dear parts of the forecast table, by other threads: networks are trained, and linear maps scored. This thread fits closed
 * forms meanwhile, and is free to hand out the next task. Small work is done here: a thread costs more than it saves.
 */
import { availableParallelism } from "node:os";
import type { TestedForecaster } from "../../../lib/tasks/forecasting/evaluate.ts";
import type { Fit, LinearMap } from "../../../lib/tasks/forecasting/forecaster.ts";
import { linearForecaster } from "../../../lib/tasks/forecasting/linear_map.ts";
import { countWindows, score, type Scores } from "../../../lib/tasks/forecasting/metrics.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";

/** One map on one range of rows. */
export interface ScoringTask {
  map: LinearMap;
  range: [number, number];
}

/** A network to be trained. */
export interface TrainingTask {
  depth: number;
}

/** What a trained network is; a forecaster is made of its map. */
export interface Trained {
  map: LinearMap;
  metrics: Fit["metrics"];
}

/** What a thread of crew_worker.ts hears: the problem once, and then tasks. */
export type ToWorker = { problem: Problem } | { task: ScoringTask | TrainingTask };
/** What it says of its task: how far it is, and how it ended. */
export type FromWorker = { step: number } | { done: Done } | { error: unknown };
/** What came of a task, and how long it took. */
export type Done = { result: Scores | Trained; seconds: number };

/** Does one task. @param onStep hears how far a training is */
export async function doTask(
  problem: Problem,
  task: ScoringTask | TrainingTask,
  onStep: (step: number) => void,
): Promise<Done> {
  const start = performance.now();
  const result = "depth" in task
    ? await trained(problem, task.depth, onStep)
    : await score(problem, linearForecaster(task.map), task.range);
  return { result, seconds: (performance.now() - start) / 1000 };
}

async function trained(
  problem: Problem,
  depth: number,
  onStep: (step: number) => void,
): Promise<Trained> {
  // Loaded only now: the closed forms need neither the engine nor its permissions.
  const { fitDeepLinear } = await import("./deep_linear.ts");
  const { map, metrics } = await fitDeepLinear(problem, depth, onStep);
  return { map: map!, metrics };
}

/** Forecast values of one map from which on threads pay. */
const WORTH_A_THREAD = 2e7;
/** More would wait for memory and not for each other. */
const MOST_THREADS = 8;

/** Threads that a problem is worth; none: all is done here. */
export function threadsFor({ split, horizon, channels }: Problem): number {
  const windows = countWindows(split.validation, horizon) + countWindows(split.test, horizon);
  if (windows * horizon * channels.length < WORTH_A_THREAD) return 0;
  return Math.min(MOST_THREADS, availableParallelism());
}

interface Queued {
  task: ScoringTask | TrainingTask;
  onStep(step: number): void;
  resolve(done: Done): void;
  reject(error: unknown): void;
}

/** Works on one problem; {@linkcode Crew.close} ends its threads. */
export class Crew {
  readonly #problem: Problem;
  readonly #queue: Queued[] = [];
  readonly #idle: Worker[] = [];
  readonly #workers: Worker[] = [];
  /** Without threads: the end of what was asked for last. */
  #before: Promise<unknown> = Promise.resolve();

  constructor(problem: Problem, threads = threadsFor(problem)) {
    this.#problem = problem;
    for (let i = 0; i < threads; i++) {
      const url = new URL("./crew_worker.ts", import.meta.url);
      const worker = new Worker(url, { type: "module", name: `forecast ${i + 1}` });
      worker.postMessage({ problem } satisfies ToWorker);
      this.#workers.push(worker);
      this.#idle.push(worker);
    }
  }

  /** Trains a network. */
  async train(
    depth: number,
    onStep: (step: number) => void,
  ): Promise<Trained & { seconds: number }> {
    const { result, seconds } = await this.#add({ depth }, onStep);
    return { ...result as Trained, seconds };
  }

  /** Scores a map on test and validation, like `evaluate`. */
  async evaluate(map: LinearMap): Promise<TestedForecaster & { seconds: number }> {
    const { test, validation } = this.#problem.split;
    const ranges = validation[0] < map.lookback ? [test] : [test, validation];
    const [onTest, onValidation] = await Promise.all(
      ranges.map((range) => this.#add({ map, range }, () => {})),
    );
    return {
      test: onTest.result as Scores,
      validation: onValidation?.result as Scores | undefined,
      seconds: onTest.seconds + (onValidation?.seconds ?? 0),
    };
  }

  /** Ends the threads, whatever they do. */
  close(): void {
    for (const worker of this.#workers) worker.terminate();
  }

  #add(task: Queued["task"], onStep: Queued["onStep"]): Promise<Done> {
    if (this.#workers.length === 0) {
      // One after the other, so that the seconds of each are its own.
      const done = this.#before.then(() => doTask(this.#problem, task, onStep));
      this.#before = done.catch(() => {});
      return done;
    }
    const { promise, resolve, reject } = Promise.withResolvers<Done>();
    this.#queue.push({ task, onStep, resolve, reject });
    const worker = this.#idle.pop();
    if (worker) this.#feed(worker);
    return promise;
  }

  #feed(worker: Worker): void {
    const next = this.#queue.shift();
    if (!next) {
      this.#idle.push(worker);
      return;
    }
    const { task, onStep, resolve, reject } = next;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if ("step" in data) return onStep(data.step);
      if ("error" in data) reject(data.error);
      else resolve(data.done);
      this.#feed(worker);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`a thread of the forecast failed: ${event.message}`));
    };
    worker.postMessage({ task } satisfies ToWorker);
  }
}
