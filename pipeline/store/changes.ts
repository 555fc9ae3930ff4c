/**
 * @file What can happen to a catalogue.
 *
 * Each change says all there is to say about what it changes: making it again changes nothing, and
 * neither does making all of a journal again.
 */
import type { CodeDetail } from "../content/ingredients.ts";
import type { Ingredients } from "../content/ingredients.ts";
import type { ArtifactSource } from "./artifact.ts";

/** A point of a training curve. */
export type MetricPoint = [name: string, step: number, value: number];

/** Everything that enters the catalogue when a job succeeds. */
export interface DoneJob {
  key: string;
  label: string;
  ingredients: Ingredients;
  /** The key without the rules, for jobs that have some. */
  base?: string;
  /**
   * The digests of its programs, and the key of all else that it is made of (pipeline/keys/programs.ts); `sameAs` is the job whose
   * artifact it has, where it ended when its programs turned out to be that one's.
   */
  program?: { base: string; digests: string; sameAs?: string };
  codeDetail?: CodeDetail;
  content: string;
  artifact: ArtifactSource;
  inputs: { name: string; key: string | null; content: string }[];
  seconds: number;
  observations: Record<string, number>;
  metrics: MetricPoint[];
  /** That these are of, where it is not the run's. */
  machine?: string;
}

export interface FailedJob {
  key: string;
  label: string;
  message: string;
  /** As far as its curve came; absent in journals of earlier versions. */
  metrics?: MetricPoint[];
}

/** Where the label of a job leads; `doneKey` is the last key that succeeded, for `why`. */
export interface NodeRow {
  label: string;
  key: string;
  doneKey: string | null;
}

/** What results come from, in words; the id is a hash of them. */
export interface Machine {
  id: string;
  description: string;
}

export interface RunInfo {
  id: string;
  profile: string;
  command: string;
  machine: Machine;
  /** Of the project, with "-dirty" where files differ from it; absent outside git, and in journals of earlier versions. */
  commit?: string;
}

export type Change =
  | { kind: "run"; run: RunInfo; at: number }
  | {
    kind: "jobs";
    run: RunInfo;
    done: DoneJob[];
    failed: FailedJob[];
    codes: { code: string; detail: string }[];
    /** Where labels of the run's profile lead now; absent in journals of earlier versions. */
    nodes?: NodeRow[];
    /** That jobs ran on, besides the run's; absent for none. */
    machines?: Machine[];
    at: number;
  }
  | { kind: "inputs"; moved: MovedInput[] }
  /** Known of jobs only after they were recorded. */
  | { kind: "observed"; of: Observed[] }
  | { kind: "forget"; keys: string[] }
  | { kind: "damaged"; keys: string[] }
  | { kind: "nodes"; profile: string; nodes: NodeRow[] };

export interface Observed {
  key: string;
  observations: Record<string, number>;
}

export interface MovedInput {
  key: string;
  name: string;
  input: string;
}

/** About as many rows does a job have beside its curves. */
const ROWS = 20;

/** Keys of jobs and bases of programs; undefined for changes that are rare. */
export function aboutOf(change: Change): string[] | undefined {
  if (change.kind === "run" || change.kind === "nodes") return [];
  if (change.kind !== "jobs") return undefined;
  const { done, failed } = change;
  return [...done, ...failed].flatMap((job) =>
    "program" in job && job.program ? [job.key, job.program.base] : [job.key]
  );
}

/** How many rows it comes to, about. */
export function rowsOf(change: Change): number {
  if (change.kind !== "jobs") return ROWS;
  return [...change.done, ...change.failed].reduce(
    (sum, { metrics }) => sum + ROWS + (metrics?.length ?? 0),
    0,
  );
}
