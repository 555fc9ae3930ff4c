/** @file The scheduler over an executor that the test controls: no process, no file. */
import { z } from "zod";
import type { DoneIndex } from "../../../pipeline/store/done_index.ts";
import type { Executor, JobHooks, Outcome } from "../../../pipeline/run/executors/executor.ts";
import type { Fingerprints } from "../../../pipeline/keys/fingerprint.ts";
import { Graph, type GraphBuilder, type JobNode, type JobRef } from "../../../pipeline/graph.ts";
import { Overrides } from "../../../pipeline/overrides.ts";
import { profileOf } from "../../../pipeline/profiles.ts";
import type { JobSpec } from "../../../pipeline/run/protocol.ts";
import { Resolver } from "../../../pipeline/keys/resolver.ts";
import { type JobStatus, Scheduler } from "../../../pipeline/run/scheduler.ts";

/** What a job comes to: its content, a failure, or the end of a run that was stopped. */
export type Answer = string | Error | "abort";

export type JobOf = (name: string, inputs?: Record<string, JobRef>) => JobRef;

export interface Play {
  /** Builds a graph of `work` jobs. */
  grid(job: JobOf): JobRef;
  /** Gives each job's content; by default its label. */
  answer?(label: string, scheduler: Scheduler): Answer;
  /** What a job says while it runs. */
  says?(label: string, hooks: JobHooks): void;
  /** Milliseconds that a job takes. */
  takes?(name: string): number;
  /** So many jobs end at the same moment, once all of them have started. */
  together?: number;
  /** Jobs of a stage that runs alone. */
  alone?: readonly string[];
  /** Throws for a job that cannot be prepared. */
  prepare?(name: string): void;
  capacity?: number;
  /** Keys that are done. */
  done?: Map<string, { content: string; objects: string[] }>;
  seconds?(node: JobNode): number;
  /** Happens between the plan and the run. */
  before?(scheduler: Scheduler): void;
}

/** Runs a graph to its end. Names are labels without the experiment. */
export async function play(
  {
    grid,
    answer = (label) => label,
    says,
    takes = () => 1,
    together,
    alone = [],
    prepare,
    capacity = 2,
    done = new Map(),
    seconds,
    before,
  }: Play,
) {
  const stage = {
    name: "work",
    path: "work.ts",
    schema: z.strictObject({ id: z.string() }),
    usesEngine: false,
    permissions: { ffi: true as const },
  };
  const stages = { work: stage, measure: { ...stage, name: "measure", alone: true } };
  const graph = new Graph("/", stages, new Overrides());
  const stageOf = (name: string) => alone.includes(name) ? "measure" : "work";
  graph.add(
    "e",
    (g: GraphBuilder) => grid((name, inputs) => g.job(stageOf(name), { id: name }, inputs, name)),
    profileOf("smoke"),
  );
  const fingerprints = { of: () => ({ code: "c", tables: [], packages: {}, files: {} }) };
  const resolver = new Resolver(
    fingerprints as unknown as Fingerprints,
    { jobs: done } as unknown as DoneIndex,
    new Set(),
    { engine: "ort" },
  );
  const scheduler = new Scheduler(graph.jobs, resolver);
  const nameOf = (status: JobStatus) => status.node.label.slice(2);
  const started: string[] = [];
  const inputsAtStart: boolean[] = [];
  /** Pairs of jobs that ran at the same time, the one that started first first. */
  const beside: string[] = [];
  const now = new Set<string>();
  /** State changes as they were told, "NAME STATE". */
  const told: string[] = [];
  /** Which jobs were committed together. */
  const commits: string[][] = [];
  const said: string[] = [];
  const permissions: unknown[] = [];
  const { promise: all, resolve: end } = Promise.withResolvers<void>();
  let running = 0;
  let most = 0;
  const executor: Executor = {
    capacity,
    async run(spec, allowed, hooks) {
      started.push(spec.label.slice(2));
      permissions.push(allowed);
      const node = graph.byLabel.get(spec.label)!;
      inputsAtStart.push(
        Object.values(node.inputs).every((i) => resolver.contentOf(i) !== undefined),
      );
      most = Math.max(most, ++running);
      const name = spec.label.slice(2);
      for (const other of now) beside.push(`${other} ${name}`);
      now.add(name);
      says?.(spec.label, hooks);
      if (started.length === together) end();
      if (together && started.length <= together) await all;
      else await new Promise((go) => setTimeout(go, takes(spec.label.slice(2))));
      const value = answer(spec.label, scheduler);
      running--;
      now.delete(name);
      if (value === "abort") return { ok: false, message: "stopped", aborted: true };
      if (value instanceof Error) return { ok: false, message: value.message, aborted: false };
      return { ok: true, result: { content: value } } as unknown as Outcome;
    },
    abort() {},
    close: () => Promise.resolve(),
  };
  const open = await scheduler.plan();
  before?.(scheduler);
  await scheduler.run(executor, {
    prepare({ node }) {
      prepare?.(node.label.slice(2));
      return Promise.resolve({ label: node.label } as JobSpec);
    },
    commit(finished) {
      commits.push(finished.map(({ status }) => nameOf(status)));
      return Promise.resolve(
        finished.map(({ outcome, status }) =>
          outcome.ok
            ? {
              key: status.stale!.key,
              content: (outcome.result as unknown as { content: string }).content,
              objects: [],
              seconds: 0,
            }
            : { error: outcome.message }
        ),
      );
    },
    changed: (status) => void told.push(`${nameOf(status)} ${status.state}`),
    log: (status, line) => void said.push(`${nameOf(status)}: ${line}`),
    metrics: (status, points) => void said.push(`${nameOf(status)}: ${JSON.stringify(points)}`),
  }, seconds);
  const states = Object.fromEntries(
    [...scheduler.statuses.values()].map((s) => [nameOf(s), s.state]),
  );
  const statusOf = (name: string) => scheduler.statuses.get(graph.byLabel.get(`e/${name}`)!)!;
  return {
    ...{ states, started, most, inputsAtStart, scheduler, done, open, told, commits, said },
    ...{ permissions, statusOf, beside },
  };
}
