/** @file Real worker processes on a demonstration, one job at a time, as a test wants to interfere with it. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { machineInfo } from "../../../pipeline/run/machine.ts";
import { LocalExecutor } from "../../../pipeline/run/executors/local.ts";
import type { Executor, Outcome } from "../../../pipeline/run/executors/executor.ts";
import type { JobResult, JobSpec } from "../../../pipeline/run/protocol.ts";
import { Recorder } from "../../../pipeline/run/recorder.ts";
import { type JobStatus, Scheduler } from "../../../pipeline/run/scheduler.ts";
import type { MetricPoint } from "../../../pipeline/store/changes.ts";
import type { StagePermissions } from "../../../pipeline/stage.ts";
import {
  openWorkspace,
  type Workspace,
  type WorkspaceOptions,
} from "../../../pipeline/workspace.ts";
import { type Demo, makeDemo } from "../helpers.ts";

/** What a job said while it ran. */
export interface Heard {
  lines: string[];
  progress: [done: number, total: number][];
  metrics: MetricPoint[][];
  /** Waits until a line has been said. */
  says(line: string): Promise<void>;
}

export interface Bench {
  workspace: Workspace;
  scheduler: Scheduler;
  recorder: Recorder;
  executor: LocalExecutor;
  status(label: string): JobStatus;
  /** Gives a job to a worker. */
  start(
    label: string,
    over?: Partial<JobSpec>,
  ): Promise<{ heard: Heard; outcome: Promise<Outcome> }>;
  /** Runs a job to its end and records it. @returns the error that it was refused with */
  record(label: string, outcome: Outcome): Promise<string | undefined>;
  /** Both, for jobs that others need. */
  finish(label: string): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface BenchOptions extends Partial<WorkspaceOptions> {
  capacity?: number;
  threads?: number;
  machine?: { id: string; description: string };
}

/** Plans a demonstration and waits for the test to run its jobs. */
export async function openBench(
  demo: Demo,
  { capacity = 1, threads, machine = machineInfo(), ...over }: BenchOptions = {},
): Promise<Bench> {
  const { root } = demo;
  const workspace = await openWorkspace({
    ...{ root, store: ".store", profile: "smoke", engine: "ort", set: [] },
    ...over,
  });
  const catalog = await workspace.catalog();
  const run = { id: "r", profile: "smoke", command: "test", machine };
  await catalog.startRun(run);
  const scheduler = new Scheduler(workspace.graph.jobs, workspace.resolver);
  await scheduler.plan();
  const recorder = new Recorder(workspace, catalog, run, threads);
  const executor = new LocalExecutor(capacity);
  const status = (label: string) => {
    const found = scheduler.statuses.get(workspace.graph.byLabel.get(label)!);
    if (!found) throw new Error(`there is no job ${label}`);
    return found;
  };
  const bench: Bench = {
    workspace,
    scheduler,
    recorder,
    executor,
    status,
    async start(label, over = {}) {
      const spec = { ...await recorder.spec(status(label)), ...over };
      const heard = hearing();
      const { permissions } = status(label).node.stage;
      return { heard, outcome: executor.run(spec, permissions, heard.hooks) };
    },
    async record(label, outcome) {
      const spec = { key: status(label).stale!.key } as JobSpec;
      const [result] = await recorder.commit([{ status: status(label), spec, outcome }]);
      if ("error" in result) return result.error;
      const { node, stale } = status(label);
      workspace.resolver.finished(node, stale!.key, result.content, result.objects);
      for (const after of scheduler.statuses.values()) {
        const now = await workspace.resolver.resolve(after.node);
        if (now.state === "stale") after.stale = now;
      }
    },
    async finish(label) {
      const error = await bench.record(label, await (await bench.start(label)).outcome);
      if (error) throw new Error(error);
    },
    async [Symbol.asyncDispose]() {
      await executor.close();
      await workspace.close();
    },
  };
  return bench;
}

/** Hooks that write down what comes. */
function hearing() {
  const heard = {
    lines: [] as string[],
    progress: [] as [number, number][],
    metrics: [] as MetricPoint[][],
    async says(line: string) {
      await until(() => heard.lines.includes(line), () => `"${line}" of ${heard.lines.join("\n")}`);
    },
    hooks: {
      log: (line: string) => void heard.lines.push(line),
      progress: (done: number, total: number) => void heard.progress.push([done, total]),
      metrics: (points: MetricPoint[]) => void heard.metrics.push(points),
    },
  };
  return heard;
}

export async function until(holds: () => boolean, what: () => string): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 3000) throw new Error(`waited in vain for ${what()}`);
    await new Promise((go) => setTimeout(go, 10));
  }
}

/** A job of one stage without graph, key and catalogue: for what only executor and worker do. */
export function specOf(demo: Demo, stage: string, over: Partial<JobSpec> = {}): JobSpec {
  const storeDir = join(demo.root, ".store");
  const path = `pipeline/stages/${stage}.ts`;
  return {
    ...{ key: "a".repeat(64), label: `probes/${stage}`, root: demo.root },
    ...{ storeDir, inputDir: storeDir, stage: { name: stage, path }, modules: {} },
    ...{ params: { id: 5 }, inputs: {}, threads: 1 },
    codeFiles: [path, ...Object.values(over.modules ?? {}).map((module) => module.path)],
    ...over,
  };
}

export function openExecutor(capacity = 1) {
  const executor = new LocalExecutor(capacity);
  return Object.assign(executor, { [Symbol.asyncDispose]: () => executor.close() });
}

export function give(executor: Executor, spec: JobSpec, permissions: StagePermissions = {}) {
  const heard = hearing();
  return { heard, outcome: executor.run(spec, permissions, heard.hooks) };
}

/** The result of a job that has to succeed. */
export function resultOf(outcome: Outcome): JobResult {
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.result;
}

/** The message of a job that has to fail. */
export function failureOf(outcome: Outcome): string {
  if (outcome.ok) throw new Error("the job succeeded");
  return outcome.message;
}

/**
 * Adds a stage to a demonstration. Its body may use `ctx`, and `await gate(name)`: that says "at NAME" and waits until
 * the test opens the gate.
 */
export function addStage(demo: Demo, name: string, body: string, head = ""): void {
  demo.write(
    `pipeline/stages/${name}.ts`,
    `import { z } from "zod";
import { existsSync } from "node:fs";
${head}
export function params() { return z.strictObject({ id: z.number().default(0) }); }
export async function run(ctx) {
  const gate = async (name) => {
    ctx.log("at " + name);
    while (!existsSync(${JSON.stringify(gateOf(demo, ""))} + name)) {
      await new Promise((go) => setTimeout(go, 5));
    }
  };
  ${body}
  return { files: { "out.txt": String(ctx.params.id) } };
}
`,
  );
}

export function openGate(demo: Demo, name: string): void {
  const path = gateOf(demo, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
}

/** The file that opens a gate, where a job may look. */
export const gateOf = ({ root }: Demo, name: string) => join(root, ".store", "tmp", `open-${name}`);

/** Where an artifact's only file lies. */
export function objectOf({ workspace }: Bench, { artifact }: JobResult): string {
  const path = workspace.objects.path(artifact.files[0].sha256);
  if (!existsSync(path)) throw new Error(`${path} is not there`);
  return path;
}

/** Changes one byte, and nothing else that a stat would show. */
export function flipByte(path: string): void {
  const { mtime, atime } = Deno.statSync(path);
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(path, bytes);
  Deno.utimeSync(path, atime!, mtime!);
}

/** A demo with stages of the test's own, the first of which is given, and one process for all of them. */
export function makeStage(body: string) {
  const demo = makeDemo();
  const executor = openExecutor();
  addStage(demo, "own", body);
  return {
    demo,
    async run(
      over: Partial<JobSpec> = {},
      stage = "own",
    ): Promise<{ heard: Heard; outcome: Outcome }> {
      const { heard, outcome } = give(executor, specOf(demo, stage, over));
      return { heard, outcome: await outcome };
    },
    async [Symbol.asyncDispose]() {
      await executor.close();
      demo[Symbol.dispose]();
    },
  };
}
