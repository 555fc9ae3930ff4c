/**
 * @file What publish needs to know, as plain data.
 *
 * The catalogue can hand this over without publish knowing its tables, and a test can build one by
 * hand. Nothing here has a date but commits: what is published depends on what was computed, not on when.
 */
import type { PublishedMeta, PublishedSummary } from "../results.ts";

export interface PublishSource {
  profile: string;
  /**
   * In the order of the site. An experiment that is absent loses its files, so a run of only some
   * passes what the store holds of the others too.
   */
  experiments: ExperimentRecord[];
  /** Every job that a run names, and every job those came from. */
  jobs: JobRecord[];
  machines: MachineRecord[];
  /** When the commits of the tables were made, ISO 8601, as far as that is known. */
  commitDates?: Readonly<Record<string, string>>;
  /** Training curves of those jobs; asked for only when something has to be written. */
  curves(): Promise<CurvePoint[]>;
}

export interface ExperimentRecord {
  meta: PublishedMeta;
  summary: PublishedSummary;
  /** Input name of the aggregate job (as cells cite it) to job key. */
  runs: Record<string, string>;
  version: Version;
}

/** Of which version of the project a table is. */
export interface Version {
  /** Of the job that made the table; null for a table that was published before this was recorded. */
  key: string | null;
  /** What that job ran with, see {@linkcode JobRecord}. */
  commit: string | null;
  /** The project of today would not make the table from these jobs, but from others. */
  older: boolean;
}

export interface JobRecord {
  key: string;
  stage: string;
  label: string;
  /** Parameters after the defaults were filled. */
  params: unknown;
  /** Code fingerprint. */
  code: string;
  engine: string;
  engineVersion: string;
  /** `id` of a machine, null when it was not recorded. */
  machine: string | null;
  seed: number | null;
  /** Observed duration. */
  seconds: number | null;
  /** Of the project when the job ran, with "-dirty" where files differed from it; null outside git, and of earlier versions. */
  commit: string | null;
  /** The command that reruns this job alone. */
  command: string;
  inputs: JobInput[];
}

export interface JobInput {
  name: string;
  /** Key of the job that made it; null for a file of the user's. */
  job: string | null;
  /** sha256 of what it made. */
  content: string;
}

export interface MachineRecord {
  id: string;
  /** For a reader: processor, cores, memory, system. */
  description: string;
}

export interface CurvePoint {
  job: string;
  name: string;
  step: number;
  value: number;
}

/**
 * The jobs behind one experiment, inputs before their users and otherwise by label, so that the
 * order is the same wherever the catalogue stored them.
 *
 * @throws {Error} when a run or an input names a job that the source does not hold
 */
export function jobsOf(experiment: ExperimentRecord, jobs: Map<string, JobRecord>): JobRecord[] {
  const done = new Set<string>();
  const ordered: JobRecord[] = [];
  const stack: { key: string; by: string; leave?: JobRecord }[] = Object.entries(experiment.runs)
    .sort(([a], [b]) => a < b ? 1 : -1)
    .map(([name, key]) => ({ key, by: `run "${name}" of experiment "${experiment.meta.id}"` }));
  while (stack.length) {
    const { key, by, leave } = stack.pop()!;
    if (leave) {
      ordered.push(leave);
      continue;
    }
    if (done.has(key)) continue;
    done.add(key);
    const job = jobs.get(key);
    if (!job) {
      throw new Error(`publish: ${by} names job ${key}, which the catalogue does not hold.`);
    }
    stack.push({ key, by, leave: job });
    for (const input of job.inputs.toReversed()) {
      if (input.job === null) continue;
      stack.push({ key: input.job, by: `input "${input.name}" of job "${job.label}"` });
    }
  }
  return ordered;
}
