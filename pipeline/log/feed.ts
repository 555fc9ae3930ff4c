/**
 * @file From the jobs of a run to the logging sinks: which jobs make one logged run, in which order
 * their numbers come, and that no sink can do harm.
 *
 * A logged run begins with its first number, so jobs that have none (data, tables) leave no empty
 * runs. The numbers are those that the catalogue gets; what was computed earlier is read from there.
 */
import { canonical, sha256 } from "../content/canonical.ts";
import type { Catalog } from "../store/catalog.ts";
import type { MetricPoint } from "../store/changes.ts";
import type { JobNode } from "../graph.ts";
import type { LoggedRun, RunEnd, Sink } from "./sink.ts";

/** One logged run, before it has begun. */
export interface Unit {
  /** Left out: the key of its only job. */
  id?: string;
  group: string;
  name: string;
  config: Record<string, unknown>;
  /** Each with what its scalars are called: `<as>/ratio`; empty for plain names. */
  jobs: { node: JobNode; as: string }[];
}

interface State {
  unit: Unit;
  /** Jobs whose numbers are still to come. */
  left: Set<JobNode>;
  run?: LoggedRun;
  ended: boolean;
}

export interface FeedOptions {
  sinks: Sink[];
  units: Unit[];
  keyOf(node: JobNode): string | undefined;
  catalog(): Promise<Catalog>;
  warn(line: string): void;
}

/** The numbers of a job that is done. */
export interface Numbers {
  metrics: MetricPoint[];
  scalars: Record<string, number>;
}

export class LogFeed {
  #options: FeedOptions;
  #sinks: Set<Sink>;
  #states: State[];
  #byNode = new Map<JobNode, State[]>();
  #received = new Map<JobNode, number>();
  /** Everything happens in the order in which it was said, also what the catalogue must be asked for. */
  #tail: Promise<void> = Promise.resolve();

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#sinks = new Set(options.sinks);
    this.#states = options.units.map((unit) => ({
      unit,
      left: new Set(unit.jobs.map((job) => job.node)),
      ended: false,
    }));
    for (const state of this.#states) {
      for (const { node } of state.unit.jobs) {
        this.#byNode.set(node, [...this.#byNode.get(node) ?? [], state]);
      }
    }
  }

  /** Points of a job that is running. */
  metrics(node: JobNode, points: MetricPoint[]): void {
    this.#received.set(node, (this.#received.get(node) ?? 0) + points.length);
    this.#then(() => this.#each(node, (state) => this.#points(state, points)));
  }

  /** A job has run to its end. */
  done(node: JobNode, { metrics, scalars }: Numbers): void {
    const rest = metrics.slice(this.#received.get(node) ?? 0);
    this.#then(() => this.#each(node, (state) => this.#settle(state, node, rest, scalars)));
  }

  /** @param metrics the whole curve, as far as it came. */
  failed(node: JobNode, metrics: MetricPoint[] = []): void {
    this.rest(node, metrics);
    this.#then(() => this.#each(node, (state) => this.#end(state, "failed")));
  }

  /** What of a curve was not sent when its job ended early. @param metrics the whole curve. */
  rest(node: JobNode, metrics: MetricPoint[]): void {
    const unsent = metrics.slice(this.#received.get(node) ?? 0);
    if (unsent.length) this.metrics(node, unsent);
  }

  /**
   * Call when nothing runs any more. What was done before this run is told to the sinks that lack it.
   *
   * @param isDone jobs that are in the catalogue
   */
  async close(isDone: (node: JobNode) => boolean): Promise<void> {
    this.#then(async () => {
      for (const state of this.#states) {
        if (state.run || state.ended || !state.unit.jobs.every((job) => isDone(job.node))) continue;
        await this.#replay(state);
      }
    });
    await this.#tail;
    for (const state of this.#states) this.#end(state, "stopped", state.run !== undefined);
    await Promise.all([...this.#sinks].map(async (sink) => {
      await sink.close().catch((cause) => this.#drop(sink, cause));
    }));
  }

  async #each(node: JobNode, tell: (state: State) => void): Promise<void> {
    for (const state of this.#byNode.get(node) ?? []) {
      if (state.ended) continue;
      await this.#catchUp(state);
      tell(state);
    }
  }

  /** Jobs of the same logged run that were done before, once it has begun. */
  async #catchUp(state: State): Promise<void> {
    for (const { node } of state.unit.jobs) {
      if (!state.left.has(node) || !this.#cached.has(node)) continue;
      const { metrics, scalars } = await this.#recorded(node);
      this.#settle(state, node, metrics, scalars);
    }
  }

  #cached = new Set<JobNode>();

  /** A job need not run: its numbers are in the catalogue. */
  cached(node: JobNode): void {
    this.#cached.add(node);
    this.#then(async () => {
      for (const state of this.#byNode.get(node) ?? []) {
        if (state.run && !state.ended) await this.#catchUp(state);
      }
    });
  }

  #points(state: State, points: MetricPoint[]): void {
    if (!points.length) return;
    const run = this.#begin(state);
    this.#tell((sink) => sink.metrics(run, points));
  }

  #settle(state: State, node: JobNode, rest: MetricPoint[], scalars: Record<string, number>): void {
    this.#points(state, rest);
    const { as } = state.unit.jobs.find((job) => job.node === node)!;
    const named = Object.entries(scalars).map((
      [name, value],
    ) => [as ? `${as}/${name}` : name, value]);
    if (named.length) {
      const run = this.#begin(state);
      this.#tell((sink) => sink.scalars(run, Object.fromEntries(named)));
    }
    state.left.delete(node);
    if (!state.left.size) this.#end(state, "done", state.run !== undefined);
  }

  #begin(state: State): LoggedRun {
    if (!state.run) {
      const run = state.run = this.#runOf(state.unit);
      this.#tell((sink) => sink.started(run));
    }
    return state.run;
  }

  #runOf({ id, group, name, config, jobs }: Unit): LoggedRun {
    const { keyOf } = this.#options;
    const work = () => sha256(canonical(jobs.map(({ node, as }) => [keyOf(node) ?? null, as])));
    return { id: id ?? keyOf(jobs[0].node) ?? name, group, name, config, work };
  }

  #end(state: State, how: RunEnd, worthTelling = true): void {
    if (state.ended) return;
    if (worthTelling) {
      const run = this.#begin(state);
      this.#tell((sink) => sink.finished(run, how));
    }
    state.ended = true;
  }

  /** A logged run whose jobs are all done, for the sinks that do not have it. */
  async #replay(state: State): Promise<void> {
    const run = this.#runOf(state.unit);
    const lacking = [...this.#sinks].filter((sink) => this.#ask(sink, run));
    if (!lacking.length) return;
    const all = this.#sinks;
    this.#sinks = new Set(lacking);
    for (const { node } of state.unit.jobs) {
      const { metrics, scalars } = await this.#recorded(node);
      this.#settle(state, node, metrics, scalars);
    }
    // Those that were dropped meanwhile stay away.
    for (const sink of lacking) if (!this.#sinks.has(sink)) all.delete(sink);
    this.#sinks = all;
  }

  async #recorded(node: JobNode): Promise<Numbers> {
    const catalog = await this.#options.catalog();
    const key = this.#options.keyOf(node)!;
    const rows = await catalog.query(
      "SELECT name, step, value FROM metric WHERE job_key = $key ORDER BY rowid",
      { key },
    );
    return {
      metrics: rows.map((row) => [row.name, row.step, row.value] as MetricPoint),
      scalars: (await catalog.artifact(key)).scalars,
    };
  }

  #ask(sink: Sink, run: LoggedRun): boolean {
    try {
      return sink.lacks(run);
    } catch (cause) {
      this.#drop(sink, cause);
      return false;
    }
  }

  #tell(say: (sink: Sink) => void): void {
    for (const sink of this.#sinks) {
      try {
        say(sink);
      } catch (cause) {
        this.#drop(sink, cause);
      }
    }
  }

  #drop(sink: Sink, cause: unknown): void {
    this.#sinks.delete(sink);
    const reason = (cause as Error)?.message ?? String(cause);
    this.#options.warn(
      `--log ${sink.name}: ${reason} Nothing more is logged there; the jobs go on.`,
    );
  }

  #then(work: () => void | Promise<void>): void {
    this.#tail = this.#tail.then(work).catch((cause) =>
      this.#options.warn(`--log: ${cause?.message ?? cause} The jobs go on.`)
    );
  }
}
