/** @file What all runs of a sweep take, as a sample of them says it: for people, and as JSON. */
import type { JobNode } from "../graph.ts";
import { formatSeconds } from "../run/display.ts";
import type { StagePart } from "../stage.ts";
import type { Candidate } from "../sweep/runs.ts";
import { chainOf, costOf, type Estimate, scaled, sharesOf, totalOf } from "../sweep/whole.ts";

/** Where jobs run. */
export interface Place {
  words: string;
  nodes: number;
  /** At the same time, at most. */
  tasks: number;
  /** Tasks of a stage that a node takes at the same time. */
  perNode(stage: StagePart): number;
  /** That a task may take; undefined for any. */
  minutes?: number;
}

export interface WholeReport {
  sweep: string;
  place: string;
  /** That are possible, and how many of them were measured and failed. */
  runs: number;
  measured: number;
  failed: number;
  /** Of jobs, one after the other. */
  taskHours: Estimate;
  /** Hours of whole nodes, as many jobs on each as fit. */
  nodeHours: Estimate;
  /** From the first start to the last end, with so many nodes for it alone. */
  wallSeconds: Estimate;
  nodes: number;
  tasks: number;
  /** Of what was measured: a whole run, and one job. */
  longestRunSeconds: number;
  longestJobSeconds: number;
  limitSeconds: number | null;
  machines: string[];
}

/** @param recorded of every job of the runs that are done @throws {Error} where a job fits on no node */
export function reportOf(
  { sweep, runs, done, failed }: {
    sweep: string;
    runs: readonly Candidate[];
    done: readonly Candidate[];
    failed: number;
  },
  recorded: ReadonlyMap<JobNode, { seconds: number; machine: string }>,
  place: Place,
): WholeReport {
  const seconds = (node: JobNode) => recorded.get(node)!.seconds;
  const ofNode = (node: JobNode) => {
    const count = place.perNode(node.stage);
    if (count < 1) {
      throw new Error(
        `A job of the stage ${node.stage.name} fits on no node: ${place.words}. Give it less by --mem or --gres, or another --partition.`,
      );
    }
    return seconds(node) / count;
  };
  const shares = sharesOf(runs);
  const total = (cost: (node: JobNode) => number) =>
    totalOf(done.map((run) => costOf(run, shares, cost)), runs.length);
  const [tasks, nodes] = [total(seconds), total(ofNode)];
  // Of the mixture of stages that there is.
  const onOne = tasks.value / nodes.value || 1;
  const atOnce = Math.max(1, Math.min(place.tasks, place.nodes * onOne));
  const longest = Math.max(...done.map((run) => chainOf(run, seconds)));
  const wall = scaled(tasks, 1 / atOnce);
  const atLeast = (estimate: number | undefined) =>
    estimate === undefined ? undefined : Math.max(longest, estimate);
  return {
    ...{ sweep, place: place.words, runs: runs.length, measured: done.length, failed },
    taskHours: scaled(tasks, 1 / 3600),
    nodeHours: scaled(nodes, 1 / 3600),
    wallSeconds: {
      value: Math.max(longest, wall.value),
      ...(wall.low !== undefined && { low: atLeast(wall.low), high: atLeast(wall.high) }),
    },
    nodes: Math.ceil(atOnce / onOne - 1e-9),
    tasks: Math.floor(atOnce + 1e-9),
    longestRunSeconds: longest,
    longestJobSeconds: Math.max(...[...recorded.values()].map(({ seconds }) => seconds)),
    limitSeconds: place.minutes === undefined ? null : 60 * place.minutes,
    machines: [...new Set([...recorded.values()].map(({ machine }) => machine))].sort(),
  };
}

export function reportText(r: WholeReport): string {
  const hours = (value: number) => `${value >= 100 ? value.toFixed(0) : value.toPrecision(2)} h`;
  const nodes = `${r.nodes} ${r.nodes === 1 ? "node" : "nodes"}`;
  const longest = `The longest run that was measured took ${formatSeconds(r.longestRunSeconds)}` +
    `, its longest job ${formatSeconds(r.longestJobSeconds)}`;
  const limit = r.limitSeconds;
  return [
    `All ${r.runs} runs, from ${r.measured} that were done${
      r.failed ? ` (${r.failed} of the sample failed, and are left out)` : ""
    }, on ${r.place}:`,
    `  jobs, one after the other  ${inWords(r.taskHours, hours)}`,
    `  node hours                 ${inWords(r.nodeHours, hours)}`,
    `  wall time                  ${
      inWords(r.wallSeconds, formatSeconds)
    } with ${r.tasks} at the same time on ${nodes} that wait for nobody else`,
    limit !== null && r.longestJobSeconds > limit
      ? `${longest}: more than a task may take. Choose another --partition; a job that saves checkpoints goes on in the next task.`
      : `${longest}.`,
    r.machines.length > 1
      ? `Measured on machines of ${r.machines.length} kinds, which these numbers mix: ${
        r.machines.join("; ")
      }.`
      : `Measured on ${r.machines[0]}.`,
  ].join("\n");
}

function inWords({ value, low, high }: Estimate, say: (value: number) => string): string {
  if (low === undefined || high === undefined) return `${say(value)} (one run has no interval)`;
  return low === high ? say(value) : `${say(value)} (95 %: ${say(low)} to ${say(high)})`;
}
