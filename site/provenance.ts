/** @file Where the numbers of one row came from: its cells by the runs they share, and its jobs by what they have in common. */
import { shortCommit } from "../pipeline/publish/markdown.ts";
import { inParts } from "./pages.ts";
import type { CellResult, ExperimentResult, JobResult, Results } from "./results.ts";
import { rowUrl } from "./sources.ts";

/** Jobs on one page: with their inputs and commands about 3,500 nodes and 150 kB. */
const MOST_JOBS = 100;
/** Runs of a group of cells that are listed; all of them are in the database. */
const MOST_RUNS = 60;

export interface RowSource {
  url: string;
  /** Which part of the jobs this page has, from 1. */
  part: number;
  parts: number;
  cells: {
    columns: {
      id: string;
      label: string;
      text: string;
      interval: string | null;
      n: string | null;
    }[];
    runs: Link[];
    more: number;
  }[];
  stages: StageJobs[];
}

interface Link {
  name: string;
  href: string;
}

/** Jobs that differ in few parameters. */
interface StageJobs {
  stage: string;
  facts: [string, string][];
  /** Parameters that all have, as JSON. */
  common: string;
  jobs: {
    anchor: string;
    label: string;
    seed: string | null;
    seconds: string | null;
    key: string;
    own: string;
    command: string;
    inputs: (Link & { content: string })[];
  }[];
}

/** The pages of row `r`: one, or as many as its jobs need. Links are from the folder of the pages. */
export function rowSources(
  experiment: ExperimentResult,
  r: number,
  { machines }: Results,
): RowSource[] {
  const row = experiment.rows[r];
  const byKey = jobsOf(experiment);
  const jobs = behind(row, byKey);
  const parts = inParts(jobs, MOST_JOBS);
  const pageOf = new Map(parts.flatMap((part, i) => part.map(({ key }) => [key, i] as const)));
  const url = (part: number) =>
    part === 0
      ? rowUrl(experiment.id, r)
      : rowUrl(experiment.id, r).replace(".html", `-${part + 1}.html`);
  const link = (key: string) => `${url(pageOf.get(key)!).split("/").at(-1)}#${anchorOf(key)}`;
  return parts.map((part, i) => ({
    url: url(i),
    part: i + 1,
    parts: parts.length,
    cells: i === 0 ? cellGroups(experiment, row, link) : [],
    stages: byStage(part).map((jobs) =>
      stageView(jobs, byKey, machines, (key) => pageOf.has(key) ? link(key) : undefined)
    ),
  }));
}

/** Cells that came from the same runs stand together. */
function cellGroups(
  { columns }: ExperimentResult,
  row: Map<string, CellResult>,
  link: (key: string) => string,
) {
  const groups = new Map<
    string,
    { columns: RowSource["cells"][number]["columns"]; runs: CellResult["runs"] }
  >();
  for (const { id, label } of columns) {
    const cell = row.get(id);
    if (cell?.kind !== "measured") continue;
    const key = JSON.stringify(cell.runs);
    const group = groups.get(key) ?? { columns: [], runs: cell.runs };
    groups.set(key, group);
    const { text, interval, n } = cell;
    group.columns.push({ id, label, text, interval, n: n === null ? null : String(n) });
  }
  return [...groups.values()].map(({ columns, runs }) => ({
    columns,
    runs: runs.slice(0, MOST_RUNS).map(({ run, job }) => ({ name: run, href: link(job) })),
    more: Math.max(0, runs.length - MOST_RUNS),
  }));
}

type Placed = JobResult & { place: number };

/** Jobs of an experiment by their keys, with their places: made once, for all of its rows. */
const placed = new WeakMap<ExperimentResult, ReadonlyMap<string, Placed>>();

function jobsOf(experiment: ExperimentResult): ReadonlyMap<string, Placed> {
  let jobs = placed.get(experiment);
  if (!jobs) {
    jobs = new Map(experiment.jobs.map((job, place) => [job.key, { ...job, place }]));
    placed.set(experiment, jobs);
  }
  return jobs;
}

/** Inputs before their users, as in the database. */
function behind(row: Map<string, CellResult>, jobs: ReadonlyMap<string, Placed>): JobResult[] {
  const reached = new Set<string>();
  const todo = [...row.values()].flatMap(({ runs }) => runs.map(({ job }) => job));
  for (let key = todo.pop(); key !== undefined; key = todo.pop()) {
    if (reached.has(key)) continue;
    reached.add(key);
    for (const { job } of jobs.get(key)?.inputs ?? []) if (job !== null) todo.push(job);
  }
  return [...reached].flatMap((key) => jobs.get(key) ?? []).sort((a, b) => a.place - b.place);
}

function byStage(jobs: JobResult[]): JobResult[][] {
  return [
    ...Map.groupBy(
      jobs,
      ({ stage, code, engine, engineVersion, machine, commit }) =>
        JSON.stringify([stage, code, engine, engineVersion, machine, commit]),
    ).values(),
  ];
}

function stageView(
  jobs: JobResult[],
  byKey: ReadonlyMap<string, JobResult>,
  machines: Results["machines"],
  link: (key: string) => string | undefined,
): StageJobs {
  const [first] = jobs;
  const engine = `${first.engine} ${first.engineVersion}`.trim();
  const machine = first.machine === null ? "" : machines.get(first.machine) ?? first.machine;
  const facts: [string, string][] = [
    ["engine", engine],
    ["machine", machine],
    ["commit", first.commit === null ? "" : shortCommit(first.commit)],
    ["code", first.code.slice(0, 16)],
  ];
  const common = commonOf(jobs.map(({ params }) => params));
  return {
    stage: first.stage,
    facts: facts.filter(([, value]) => value),
    common: JSON.stringify(common, null, 1),
    jobs: jobs.map((job) => ({
      anchor: anchorOf(job.key),
      label: job.label,
      // As text, like all numbers that may be 0: Vento writes nothing for that.
      seed: job.seed === null ? null : String(job.seed),
      seconds: job.seconds === null ? null : job.seconds.toFixed(job.seconds < 10 ? 2 : 0),
      key: job.key.slice(0, 16),
      own: ownOf(job.params, common),
      command: job.command,
      inputs: job.inputs.map(({ name, job, content }) => ({
        name: job === null ? `${name}: a file` : `${name}: ${byKey.get(job)!.label}`,
        href: job === null ? "" : link(job) ?? "",
        content: content.slice(0, 16),
      })),
    })),
  };
}

/** The fields of objects that are the same in all of them; of anything else nothing. */
function commonOf(all: unknown[]): Record<string, unknown> {
  const [first] = all;
  if (!isObject(first)) return {};
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) =>
      all.every((other) => isObject(other) && JSON.stringify(other[name]) === JSON.stringify(value))
    ),
  );
}

function ownOf(params: unknown, common: Record<string, unknown>): string {
  if (!isObject(params)) return JSON.stringify(params);
  const own = Object.entries(params).filter(([name]) => !Object.hasOwn(common, name));
  return own.length ? JSON.stringify(Object.fromEntries(own)) : "";
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const anchorOf = (key: string) => `job-${key.slice(0, 16)}`;
