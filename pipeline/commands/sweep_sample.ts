/**
 * @file `deno task sweep FILE.yaml --sample N`: does a few runs of a sweep, drawn from all, and says from these what all take, in node hours,
 * before anybody asks a cluster for them. What the sample has done is done: the sweep itself finds it.
 */
import { resolve } from "node:path";
import type { JobNode } from "../graph.ts";
import { formatSeconds } from "../run/display.ts";
import type { Partition } from "../run/executors/slurm/partition.ts";
import { Scheduler } from "../run/scheduler.ts";
import { lockStore } from "../store/lock.ts";
import { buildRuns, type Candidate, nodesOf } from "../sweep/runs.ts";
import { pointsFrom, type Sweep } from "../sweep/sweep.ts";
import { drawRuns } from "../sweep/whole.ts";
import { openWorkspace, type Workspace } from "../workspace.ts";
import { execute, needsOf } from "./execute.ts";
import type { CommandOptions } from "./options.ts";
import { type Place, reportOf, reportText } from "./sweep_report.ts";

/** @returns the exit code: 1 where a run of the sample failed */
export async function sampleSweep(
  sweep: Sweep,
  sample: number,
  options: CommandOptions,
  say: (line: string) => void,
): Promise<number> {
  const total = Math.min(sweep.points.count ?? Infinity, options.count ?? Infinity);
  if (total === Infinity) {
    throw new Error(
      `${sweep.file}: a random sweep has no end of its own; give run_cap in the file, or --count N, for the runs that it is to have.`,
    );
  }
  const lock = await lockStore(resolve(options.root, options.store), "sweep");
  try {
    let all: Candidate[] = [];
    const workspace = await openWorkspace(options, {
      labelSpace: sweep.space,
      build: async (root, plan) => {
        const { program, points, space, file, metric } = sweep;
        const wanted = Array.from({ length: total }, (_, index) => ({
          ...{ index, parameters: points.at(index) },
        }));
        const context = { root, plan, program, space, path: file, metric: metric.name };
        const built = await buildRuns(wanted, pointsFrom(sweep, total), context);
        all = built.candidates;
        return built.graph;
      },
    });
    try {
      return await measure(workspace, sweep, { all, sample, options, say });
    } finally {
      await workspace.close();
    }
  } finally {
    lock.release();
  }
}

async function measure(
  workspace: Workspace,
  sweep: Sweep,
  { all, sample, options, say }: {
    all: Candidate[];
    sample: number;
    options: CommandOptions;
    say(line: string): void;
  },
): Promise<number> {
  const possible = all.filter(({ problem }) => problem === undefined);
  if (sample > possible.length) {
    throw new Error(`--sample ${sample}: the sweep has ${possible.length} runs that are possible.`);
  }
  // Before anything runs: it may not be there.
  const partition = options.slurm &&
    await (await partitions()).partitionOf(options.slurm.partition);
  const drawn = drawRuns(sample, possible.length, options.seed).map((at) => possible[at]);
  say(`Sample: runs ${drawn.map(({ name }) => name).join(", ")} of ${possible.length}.`);
  const scheduler = new Scheduler(nodesOf(drawn), workspace.resolver);
  const open = await scheduler.plan();
  const stopped = open > 0 && await execute(workspace, scheduler, {
    title: sweep.space,
    command: `deno task sweep ${sweep.file} --sample ${sample}`,
    ...{ jobs: options.jobs, slurm: options.slurm, inOrder: true, quiet: options.json },
    failed: ({ node, error }, view) =>
      view.say(
        `\n${node.stage.name} ${node.label} failed:\n  ${error!.replaceAll("\n", "\n  ")}\n`,
      ),
  });
  if (stopped) return 130;
  const isDone = (run: Candidate) =>
    nodesOf([run]).every((node) => workspace.resolver.contentOf(node) !== undefined);
  const done = drawn.filter(isDone);
  if (!done.length) throw new Error("No run of the sample came to its end: nothing is known.");
  const report = reportOf(
    { sweep: sweep.config.id, runs: possible, done, failed: drawn.length - done.length },
    await recordedOf(workspace, nodesOf(done)),
    partition ? await onCluster(workspace, options, partition) : here(options),
  );
  if (options.json) console.log(JSON.stringify(report, null, 1));
  else console.log(reportText(report));
  return report.failed ? 1 : 0;
}

/** Seconds of jobs that are done, and where each was done, in words. */
async function recordedOf(workspace: Workspace, nodes: JobNode[]) {
  const rows = await (await workspace.catalog()).query(
    "SELECT key, seconds, description FROM job LEFT JOIN machine ON machine.id = job.machine",
  );
  const byKey = new Map(rows.map((row) => [row.key as string, row]));
  return new Map(nodes.map((node) => {
    const { seconds, description } = byKey.get(workspace.resolver.keys.get(node)!)!;
    const machine = description as string | null ?? "an unknown machine";
    return [node, { seconds: seconds as number, machine }];
  }));
}

const partitions = () => import("../run/executors/slurm/partition.ts");

function here({ jobs }: CommandOptions): Place {
  return {
    words: `this machine, ${jobs} ${jobs === 1 ? "job" : "jobs"} at a time`,
    ...{ nodes: 1, tasks: jobs, perNode: ({ alone }) => alone ? 1 : jobs },
  };
}

/** With what jobs of the sample have taken. */
async function onCluster(
  workspace: Workspace,
  { jobs, slurm }: CommandOptions,
  partition: Partition,
): Promise<Place> {
  const { tasksPerNode } = await partitions();
  const needs = await needsOf(workspace, slurm!);
  return {
    words: wordsOf(partition),
    ...{ nodes: partition.nodes, tasks: jobs, minutes: partition.minutes },
    perNode: ({ name }) => tasksPerNode(needs.of(name), partition),
  };
}

function wordsOf({ name, nodes, cpus, memory, gpus, minutes }: Partition): string {
  const size = `${cpus} CPUs, ${Math.floor(memory / 1024)} GiB${gpus ? `, ${gpus} GPUs` : ""}`;
  const limit = minutes === undefined ? "no limit of time" : formatSeconds(60 * minutes);
  return `partition ${name}: ${nodes} ${
    nodes === 1 ? "node" : "nodes"
  } of ${size}; ${limit} a task`;
}
