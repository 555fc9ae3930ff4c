/**
 * @file The estimate as a table for a reader, and as JSON.
 */
import { formatSeconds } from "../run/display.ts";
import type { Estimates, JobEstimate } from "./estimate.ts";
import { playThrough, type Task } from "./schedule.ts";

export interface Context {
  profile: string;
  workers: number;
  machine: string;
}

/** Sums leave out jobs of unknown cost, so they are lower bounds where there is one. */
export interface StageReport {
  stage: string;
  jobs: number;
  /** Jobs by where their numbers come from. */
  measuredNow: number;
  sampled: number;
  fromCatalogue: number;
  unknown: number;
  /** Seconds of the jobs, one after the other. */
  seconds: number;
  cpuHours: number;
  /** Largest of its jobs, in bytes. */
  peakMemoryBytes: number;
  diskBytes: number;
  tokens: number;
}

export interface Report extends Context {
  jobs: number;
  stages: StageReport[];
  total: StageReport;
  wallSeconds: number;
  /** Sum over the workers of the largest job that each has. */
  memoryOfAllWorkersBytes: number;
  slowdown: Estimates["slowdown"] | null;
  samples: Estimates["samples"];
  pilots: Estimates["pilots"];
  classes: {
    stage: string;
    label: string;
    jobs: number;
    source: string;
    reason?: string;
    /** Of one job. */
    seconds: number | null;
    units: number | null;
    unitSeconds: number | null;
  }[];
}

export function report(
  { classes, pilots, samples, slowdown }: Estimates,
  context: Context,
): Report {
  const jobs = classes.flatMap(({ jobs }) => jobs).sort((a, b) => a.node.index - b.node.index);
  const stages = [...new Set(jobs.map(({ node }) => node.stage.name))].map((name) =>
    summed(name, jobs.filter(({ node }) => node.stage.name === name))
  );
  const total = summed("all", jobs);
  const place = new Map(jobs.map(({ node }, i) => [node, i]));
  const load = new Map(classes.flatMap(({ jobs, load }) => jobs.map((job) => [job, load])));
  // What the catalogue recorded was measured beside other jobs already.
  const pace = new Map(
    classes.flatMap(({ jobs, slowdown: own }) =>
      jobs.map((job) => {
        const beside = (job.source === "pilot" || job.source === "sample") && !job.node.stage.alone;
        return [job, beside ? own ?? slowdown?.factor ?? 1 : 1];
      })
    ),
  );
  const played = playThrough(
    jobs.map((job): Task => ({
      seconds: (job.cost?.seconds ?? 0) * pace.get(job)!,
      memory: job.cost?.memory ?? 0,
      after: Object.values(job.node.inputs).flatMap((i) =>
        i.kind === "job" ? place.get(i) ?? [] : []
      ),
      code: job.node.stage.name,
      load: load.get(job)!,
      alone: job.node.stage.alone,
    })),
    context.workers,
  );
  return {
    ...context,
    jobs: jobs.length,
    stages,
    total,
    wallSeconds: played.wallSeconds,
    memoryOfAllWorkersBytes: played.memory,
    slowdown: slowdown ?? null,
    samples,
    pilots,
    classes: classes.map(({ stage, label, jobs, units, unitSeconds }) => ({
      ...{ stage, label, jobs: jobs.length, source: jobs[0].source, reason: jobs[0].reason },
      seconds: jobs[0].cost?.seconds ?? null,
      units: units ?? null,
      unitSeconds: unitSeconds ?? null,
    })),
  };
}

function summed(stage: string, jobs: JobEstimate[]): StageReport {
  const count = (source: JobEstimate["source"]) => jobs.filter((j) => j.source === source).length;
  const sum = (of: (job: JobEstimate) => number | undefined) =>
    jobs.reduce((total, job) => total + (of(job) ?? 0), 0);
  return {
    stage,
    jobs: jobs.length,
    measuredNow: count("pilot"),
    sampled: count("sample"),
    fromCatalogue: count("catalogue"),
    unknown: count("unknown"),
    seconds: sum(({ cost }) => cost?.seconds),
    cpuHours: sum(({ cost }) => cost?.cpuSeconds) / 3600,
    peakMemoryBytes: Math.max(0, ...jobs.map(({ cost }) => cost?.memory ?? 0)),
    diskBytes: sum(({ cost }) => cost?.disk),
    tokens: sum(({ tokens }) => tokens),
  };
}

const COLUMNS = [
  ...["stage", "jobs", "measured now", "like these", "catalogue", "unknown"],
  ...["CPU hours", "peak memory", "disk", "training tokens"],
];

export function reportText(r: Report): string {
  const rows = [...r.stages, ...(r.stages.length > 1 ? [r.total] : [])].map((s) => {
    const none = s.unknown === s.jobs;
    // Jobs of unknown cost are missing from the sums.
    const bound = s.unknown ? "> " : "";
    const known = (text: string) => none ? "unknown" : bound + text;
    return [
      ...[s.stage, s.jobs, s.measuredNow, s.sampled, s.fromCatalogue, s.unknown].map(String),
      ...[known(hours(s.cpuHours)), known(size(s.peakMemoryBytes)), known(size(s.diskBytes))],
      s.tokens ? count(s.tokens) : "",
    ];
  });
  const bound = r.total.unknown ? "more than " : "";
  const workers = `${r.workers} ${r.workers === 1 ? "worker" : "workers"}`;
  return [
    table([COLUMNS, ...rows]),
    "",
    `Wall time with ${workers}: ${bound}${formatSeconds(r.wallSeconds)}` +
    `${crowded(r)}.`,
    `Memory: ${bound}${size(r.total.peakMemoryBytes)} for the largest worker, ` +
    `${size(r.memoryOfAllWorkersBytes)} for all ${r.workers}.`,
    ...dearest(r),
    ...sampled(r),
    ...unknown(r),
    r.pilots.jobs
      ? `Measured now: ${r.pilots.jobs} small jobs in ${formatSeconds(r.pilots.seconds)}; ` +
        `their results are gone. Machine: ${r.machine}.`
      : `Nothing had to be measured now. Machine: ${r.machine}.`,
    ...(r.total.fromCatalogue
      ? ["From the catalogue: means of such jobs on this machine, as they ran then."]
      : []),
  ].join("\n");
}

/** What the wall time assumes of jobs that run side by side. */
function crowded({ slowdown }: Report): string {
  if (!slowdown) return "";
  const { factor, workers, measured } = slowdown;
  const each = measured.map(({ label, factor }) => `${factor.toFixed(2)} on ${label}`);
  return `; jobs measured now are taken to run ${
    factor.toFixed(2)
  } times as long as alone when ${workers} run at once, as ` +
    `measured: ${each.join(", ")}`;
}

/** Where the time goes, as far as it is known. */
function dearest({ classes, total }: Report): string[] {
  const known = classes.filter((c) => c.seconds !== null)
    .sort((a, b) => b.jobs * b.seconds! - a.jobs * a.seconds!).slice(0, 5);
  if (!known.length) return [];
  return [
    "Most expensive:",
    ...known.map((c) => {
      const share = total.seconds ? 100 * c.jobs * c.seconds! / total.seconds : 0;
      const unit = c.unitSeconds === null || c.units === null || c.units === 1
        ? ""
        : `, ${c.units} units of ${milliseconds(c.unitSeconds)}`;
      return `  ${share.toFixed(0).padStart(3)} %  ${c.stage}: ${c.jobs} x ${
        formatSeconds(c.seconds!)
      }${unit}, such as ${c.label}`;
    }),
  ];
}

/** How far to trust costs that were taken from others. */
function sampled({ samples }: Report): string[] {
  return samples.map(({ stage, measured, classes, seconds: { value, low, high } }) => {
    const interval = low === undefined || high === undefined
      ? ""
      : ` (95 % interval ${formatSeconds(low)} to ${formatSeconds(high)})`;
    return `Like these: of the ${classes} kinds of ${stage} ${measured} were drawn and measured; all take ${
      formatSeconds(value)
    }${interval} one after the other.`;
  });
}

function unknown({ classes }: Report): string[] {
  const groups = new Map<string, typeof classes>();
  for (const c of classes.filter((c) => c.source === "unknown")) {
    const key = `${c.stage} ${c.reason}`;
    groups.set(key, [...groups.get(key) ?? [], c]);
  }
  return [...groups.values()].map((group) => {
    const jobs = group.reduce((sum, c) => sum + c.jobs, 0);
    const [{ stage, label, reason }] = group;
    return `Unknown: ${stage}, ${jobs} ${jobs === 1 ? "job" : "jobs"} such as ${label}: ${reason}.`;
  });
}

function table(rows: string[][]): string {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row.map((cell, i) => i ? cell.padStart(widths[i]) : cell.padEnd(widths[i])).join("  ").trimEnd()
  ).join("\n");
}

function hours(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(2);
}

function size(bytes: number): string {
  const [unit, name] = bytes >= 2 ** 30 ? [2 ** 30, "GiB"] : [2 ** 20, "MiB"];
  const value = bytes / unit;
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(2)} ${name}`;
}

function count(value: number): string {
  const [unit, name] = value >= 1e9 ? [1e9, " G"] : value >= 1e6 ? [1e6, " M"] : [1, ""];
  return `${Number((value / unit).toPrecision(3))}${name}`;
}

function milliseconds(seconds: number): string {
  return `${Number((seconds * 1000).toPrecision(3))} ms`;
}
