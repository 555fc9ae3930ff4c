/**
 * @file Runs what is stale, in an order that the inputs allow: a ready queue over an executor.
 *
 * A job whose input failed is skipped, its siblings go on. A job is looked up again once its inputs
 * have run: when they gave the same bytes as before, it is done without running. Jobs that measure time wait until nothing else can
 * run, and have the machine to themselves.
 */
import type { Executor, Outcome } from "./executors/executor.ts";
import type { JobNode } from "../graph.ts";
import type { JobSpec } from "./protocol.ts";
import type { MetricPoint } from "../store/changes.ts";
import type { Resolution, Resolver, Stale } from "../keys/resolver.ts";

/** `queued`: waits for a place on a cluster; `cached`: was done; `ran`: done by this run; `skipped`: an input failed; `stopped`: Ctrl-C. */
export type JobState =
  | "waiting"
  | "ready"
  | "queued"
  | "running"
  | "cached"
  | "ran"
  | "failed"
  | "skipped"
  | "stopped";

export interface JobStatus {
  node: JobNode;
  state: JobState;
  stale?: Stale;
  /** Milliseconds on the clock of `performance.now`. */
  startedAt?: number;
  /** On which node, where an executor says so. */
  where?: string;
  seconds?: number;
  /** Of a job that ran no further than its programs, see {@linkcode Committed}. */
  sameAs?: string;
  progress?: { done: number; total: number };
  error?: string;
  /** The jobs that failed or were skipped and so kept this one from running. */
  lacking?: JobNode[];
}

/** What happens around a job, in the order of its life. */
export interface SchedulerHooks {
  prepare(status: JobStatus): Promise<JobSpec>;
  /**
   * Records outcomes, in the order given, and returns for each the content and objects of a job that
   * is now done, or the error that it failed with.
   */
  commit(finished: Finished[]): Promise<(Committed | { error: string })[]>;
  changed(status: JobStatus): void;
  log(status: JobStatus, line: string): void;
  /** Points of curves while they grow. */
  metrics?(status: JobStatus, points: MetricPoint[]): void;
}

export interface Finished {
  status: JobStatus;
  spec: JobSpec;
  outcome: Outcome;
}

export interface Committed {
  key: string;
  content: string;
  objects: string[];
  seconds: number;
  /** The earlier job that had the same programs, so that this one ended there. */
  sameAs?: string;
}

/** All have all fields from the start: they are counted whenever one of them changes, which objects of many forms make slow. */
const newStatus = (node: JobNode): JobStatus => ({
  node,
  state: "waiting",
  stale: undefined,
  startedAt: undefined,
  where: undefined,
  seconds: undefined,
  sameAs: undefined,
  progress: undefined,
  error: undefined,
  lacking: undefined,
});

export class Scheduler {
  readonly statuses = new Map<JobNode, JobStatus>();
  #dependents = new Map<JobNode, JobNode[]>();
  #ready: JobStatus[] = [];
  /** Those of stages that run alone: they drain the workers once, not again and again between the others. */
  #alone: JobStatus[] = [];
  #rank = new Map<JobNode, number>();
  #running = 0;
  #finished: Finished[] = [];
  #wake = () => {};
  stopped = false;

  /** @param nodes every job after its inputs */
  constructor(private readonly nodes: JobNode[], private readonly resolver: Resolver) {
    for (const node of nodes) {
      this.statuses.set(node, newStatus(node));
      for (const input of Object.values(node.inputs)) {
        if (input.kind !== "job") continue;
        const list = this.#dependents.get(input);
        if (list) list.push(node);
        else this.#dependents.set(input, [node]);
      }
    }
  }

  /** Looks every job up; nothing runs yet. @returns the number of jobs that are not done */
  async plan(): Promise<number> {
    let open = 0;
    for (const node of this.nodes) {
      const done = this.#look(node);
      // Most are known at once, and a promise for each takes as long as all the rest of looking it up.
      if (!(done instanceof Promise ? await done : done)) open++;
    }
    return open;
  }

  /**
   * Runs until nothing is left that can run. Call `plan` first.
   *
   * @param seconds estimate for a job: what starts the longest chain goes first
   */
  async run(
    executor: Executor,
    hooks: SchedulerHooks,
    seconds: (node: JobNode) => number = () => 1,
  ): Promise<void> {
    this.#rank = this.#criticalPaths(seconds);
    for (const queue of [this.#ready, this.#alone]) {
      queue.splice(0).forEach((status) => this.#enqueue(status));
    }
    for (;;) {
      // Results first: they may make a job ready that is more urgent than those that wait.
      if (this.#finished.length) {
        await this.#settle(this.#finished.splice(0), hooks);
        continue;
      }
      while (!this.stopped && this.#running < executor.capacity && this.#ready.length) {
        this.#start(this.#ready.shift()!, executor, hooks);
      }
      // Nothing runs, so nothing is ready either, and only what this one leads to will be.
      if (!this.stopped && !this.#running && this.#alone.length) {
        this.#start(this.#alone.shift()!, executor, hooks);
      }
      if (!this.#running) break;
      await new Promise<void>((wake) => this.#wake = wake);
    }
    if (!this.stopped) return;
    for (const status of this.statuses.values()) {
      if (status.state === "ready" || status.state === "waiting") status.state = "stopped";
    }
  }

  /** Starts no further job; those that run are the executor's to end. */
  stop(): void {
    this.stopped = true;
    this.#wake();
  }

  #start(status: JobStatus, executor: Executor, hooks: SchedulerHooks): void {
    this.#running++;
    const begins = (state: "running" | "queued", where?: string) => {
      Object.assign(status, { state, where, startedAt: performance.now(), progress: undefined });
      hooks.changed(status);
    };
    begins(executor.queues ? "queued" : "running");
    (async () => {
      const spec = await hooks.prepare(status);
      const outcome = await executor.run(spec, status.node.stage.permissions, {
        log: (line) => hooks.log(status, line),
        metrics: (points) => hooks.metrics?.(status, points),
        progress(done, total) {
          status.progress = { done, total };
          hooks.changed(status);
        },
        started: (where) => begins("running", where),
        queued(why) {
          hooks.log(status, why);
          begins("queued");
        },
      });
      this.#finished.push({ status, spec, outcome });
    })().catch((cause) => {
      const message = `The job could not be started: ${cause?.stack ?? cause}`;
      const spec = { key: status.stale!.key } as JobSpec;
      this.#finished.push({ status, spec, outcome: { ok: false, message, aborted: false } });
    }).finally(() => {
      this.#running--;
      this.#wake();
    });
  }

  async #settle(finished: Finished[], hooks: SchedulerHooks): Promise<void> {
    const results = await hooks.commit(finished);
    for (const [i, { status, outcome }] of finished.entries()) {
      const result = results[i];
      status.progress = undefined;
      // Of a job elsewhere this process sees the end late.
      status.seconds = outcome.ok && outcome.machine
        ? outcome.result.seconds
        : (performance.now() - status.startedAt!) / 1000;
      if ("error" in result) {
        status.error = result.error;
        status.state = !outcome.ok && outcome.aborted ? "stopped" : "failed";
        hooks.changed(status);
        this.#skipDependents(status.node, hooks);
      } else {
        status.state = "ran";
        status.sameAs = result.sameAs;
        this.resolver.finished(status.node, result.key, result.content, result.objects);
        hooks.changed(status);
        await this.#lookAtDependents(status.node, hooks);
      }
    }
  }

  async #lookAtDependents(node: JobNode, hooks: SchedulerHooks): Promise<void> {
    const done = [node];
    // A chain may be longer than a stack is deep.
    for (const at of done) {
      for (const dependent of this.#dependents.get(at) ?? []) {
        const status = this.statuses.get(dependent)!;
        if (status.state !== "waiting") continue;
        if (await this.#look(dependent)) done.push(dependent);
        // deno-lint-ignore no-explicit-any -- #look changed it, which the type checker cannot see
        if ((status.state as any) !== "waiting") hooks.changed(status);
      }
    }
  }

  /** @returns true when the job is done */
  #look(node: JobNode): boolean | Promise<boolean> {
    const resolution = this.resolver.resolve(node);
    return resolution instanceof Promise
      ? resolution.then((found) => this.#found(node, found))
      : this.#found(node, resolution);
  }

  #found(node: JobNode, resolution: Resolution): boolean {
    const status = this.statuses.get(node)!;
    if (resolution.state === "done") status.state = "cached";
    if (resolution.state === "stale") {
      status.state = "ready";
      status.stale = resolution;
      this.#enqueue(status);
    }
    return resolution.state === "done";
  }

  #enqueue(status: JobStatus): void {
    const before = (a: JobStatus, b: JobStatus) =>
      (this.#rank.get(b.node) ?? 0) - (this.#rank.get(a.node) ?? 0) || a.node.index - b.node.index;
    const queue = status.node.stage.alone ? this.#alone : this.#ready;
    let [low, high] = [0, queue.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(queue[middle], status) <= 0) low = middle + 1;
      else high = middle;
    }
    queue.splice(low, 0, status);
  }

  #skipDependents(node: JobNode, hooks: SchedulerHooks): void {
    const gone = [node];
    for (const at of gone) {
      const state = this.statuses.get(at)!.state === "stopped" ? "stopped" : "skipped";
      for (const dependent of this.#dependents.get(at) ?? []) {
        const status = this.statuses.get(dependent)!;
        (status.lacking ??= []).push(at);
        if (status.state !== "waiting") continue;
        status.state = state;
        hooks.changed(status);
        gone.push(dependent);
      }
    }
  }

  /** Longest estimated time from the start of a job to the end of what needs it. */
  #criticalPaths(seconds: (node: JobNode) => number): Map<JobNode, number> {
    const rank = new Map<JobNode, number>();
    for (const node of this.nodes.toReversed()) {
      let after = 0;
      for (const next of this.#dependents.get(node) ?? []) {
        after = Math.max(after, rank.get(next)!);
      }
      rank.set(node, after + seconds(node));
    }
    return rank;
  }
}
