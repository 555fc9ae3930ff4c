/** @file What a sweep file asks for: its configuration, its program, and the runs it can have. */
import { relative, resolve } from "node:path";
import { type Metric, parseSweep, type SweepConfig } from "./config.ts";
import { readSweepFile } from "./parse.ts";
import { nearestFirst } from "../../lib/nearest.ts";
import { type Points, pointsOf } from "./points.ts";
import { programOf } from "./programs/index.ts";
import type { Program } from "./programs/program.ts";
import type { Candidate } from "./runs.ts";
import type { Unit } from "../log/feed.ts";
import type { Commit } from "../log/git.ts";
import type { EngineName } from "../../lib/engine/engines.ts";

/** Points in which a possible run is looked for, when those of this call are all refused. */
const LOOK_AHEAD = 1000;

export interface Sweep {
  config: SweepConfig;
  program: Program;
  metric: Metric;
  points: Points;
  /** Under which labels are recorded. */
  space: string;
  file: string;
}

/** @throws {Error} for anything wrong with the file */
export function readSweep(path: string): Sweep {
  const file = relative(Deno.cwd(), resolve(path)).startsWith("..") ? resolve(path) : path;
  const config = parseSweep(readSweepFile(file));
  const program = programOf(config.program, file);
  const metric = config.metric ?? program.metric;
  if (!program.hasMetric(metric.name)) {
    throw new Error(
      `${file}: metric.name is "${metric.name}"; ${program.name} measures ` +
        `${nearestFirst(metric.name, program.metrics).join(", ")}.`,
    );
  }
  return {
    config,
    program,
    metric,
    points: pointsOf(config, file),
    space: `sweep-${config.id}`,
    file,
  };
}

/** Indices of the runs there are already, and of those that this call might add. */
export function candidatesOf({ points, file }: Sweep, known: number, count?: number): number[] {
  const end = points.count ?? known + (count ?? 0);
  if (!end) {
    throw new Error(
      `${file}: a random sweep has no end of its own; give run_cap in the file, or --count N.`,
    );
  }
  const last = Math.max(known, Math.min(end, known + (count ?? Infinity)));
  return Array.from({ length: last }, (_, index) => index);
}

/** Points of runs by index; without an end, as many as are worth a look. */
export function* pointsFrom({ points }: Sweep, first: number) {
  const end = Math.min(points.count ?? Infinity, first + LOOK_AHEAD);
  for (let index = first; index < end; index++) yield { index, parameters: points.at(index) };
}

/** What the runs are logged as: each is one logged run, made of the jobs that its program names. */
export function unitsOfRuns(
  candidates: Candidate[],
  { program, config, space }: Sweep,
  engine: EngineName,
  commit: Commit | null,
): Unit[] {
  return candidates.map(({ name, parameters, jobs }) => ({
    id: `${config.id}-${name}`,
    group: space,
    name,
    config: {
      ...parameters,
      sweep: config.name ?? config.id,
      program: program.name,
      engine,
      ...(commit ?? {}),
    },
    jobs: Object.entries(program.logged)
      .filter(([role]) => jobs[role])
      .map(([role, as]) => ({ node: jobs[role], as })),
  }));
}
