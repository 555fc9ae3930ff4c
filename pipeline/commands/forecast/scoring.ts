/**
 * @file Scores of linear maps, by other threads while this one fits the next model. Small work is done here and at once: a thread
 * costs more than it saves.
 */
import { availableParallelism } from "node:os";
import type { TestedForecaster } from "../../../lib/tasks/forecasting/evaluate.ts";
import type { LinearMap } from "../../../lib/tasks/forecasting/forecaster.ts";
import { linearForecaster } from "../../../lib/tasks/forecasting/linear_map.ts";
import { countWindows, score, type Scores } from "../../../lib/tasks/forecasting/metrics.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";

/** One map on one range of rows. */
export interface ScoringTask {
  map: LinearMap;
  range: [number, number];
}

/** Scores, and how long they took. */
export interface Scored {
  scores: Scores;
  seconds: number;
}

/** What a thread of scoring_worker.ts hears: the problem once, and then tasks. */
export type ToWorker = { problem: Problem } | { task: ScoringTask };
/** What it says for each task. */
export type FromWorker = { scored: Scored } | { error: unknown };

/** Does one task. */
export async function scoreTask(problem: Problem, { map, range }: ScoringTask): Promise<Scored> {
  const start = performance.now();
  const scores = await score(problem, linearForecaster(map), range);
  return { scores, seconds: (performance.now() - start) / 1000 };
}

/** Forecast values of one map from which on threads pay. */
const WORTH_A_THREAD = 2e7;
/** More would wait for memory and not for each other. */
const MOST_THREADS = 7;

/** Threads beside this one that scoring a problem is worth. */
export function threadsFor({ split, horizon, channels }: Problem): number {
  const windows = countWindows(split.validation, horizon) + countWindows(split.test, horizon);
  if (windows * horizon * channels.length < WORTH_A_THREAD) return 0;
  return Math.min(MOST_THREADS, availableParallelism() - 1);
}

interface Queued extends ScoringTask {
  resolve(scored: Scored): void;
  reject(error: unknown): void;
}

/** Scores the maps of one problem; {@linkcode Scoring.close} ends its threads. */
export class Scoring {
  readonly #problem: Problem;
  readonly #queue: Queued[] = [];
  readonly #idle: Worker[] = [];
  readonly #workers: Worker[] = [];

  /** @param threads beside this one */
  constructor(problem: Problem, threads = threadsFor(problem)) {
    this.#problem = problem;
    for (let i = 0; i < threads; i++) {
      const url = new URL("./scoring_worker.ts", import.meta.url);
      const worker = new Worker(url, { type: "module", name: `scoring ${i + 1}` });
      worker.postMessage({ problem } satisfies ToWorker);
      this.#workers.push(worker);
      this.#idle.push(worker);
    }
  }

  /** Scores a map on test and validation, like `evaluate`; to be awaited only when there is nothing else to do. */
  async evaluate(map: LinearMap): Promise<TestedForecaster & { seconds: number }> {
    const { test, validation } = this.#problem.split;
    const early = validation[0] < map.lookback;
    const tasks = [
      this.#add({ map, range: test }),
      ...(early ? [] : [this.#add({ map, range: validation })]),
    ];
    const [onTest, onValidation] = await Promise.all(tasks);
    return {
      test: onTest.scores,
      validation: onValidation?.scores,
      seconds: onTest.seconds + (onValidation?.seconds ?? 0),
    };
  }

  /** Takes part in the work until nothing waits any more. */
  async help(): Promise<void> {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      await scoreTask(this.#problem, next).then(next.resolve, next.reject);
    }
  }

  /** Ends the threads, whatever they do. */
  close(): void {
    for (const worker of this.#workers) worker.terminate();
  }

  #add(task: ScoringTask): Promise<Scored> {
    const done = new Promise<Scored>((resolve, reject) => {
      this.#queue.push({ ...task, resolve, reject });
    });
    const worker = this.#idle.pop();
    if (worker) this.#feed(worker);
    return done;
  }

  #feed(worker: Worker): void {
    const next = this.#queue.shift();
    if (!next) {
      this.#idle.push(worker);
      return;
    }
    const { map, range } = next;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if ("error" in data) next.reject(data.error);
      else next.resolve(data.scored);
      this.#feed(worker);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      next.reject(new Error(`a thread that scores failed: ${event.message}`));
    };
    worker.postMessage({ task: { map, range } } satisfies ToWorker);
  }
}
