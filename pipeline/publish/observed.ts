/**
 * @file Puts numbers from the catalogue where a summary asks for what was observed while jobs ran.
 *
 * Durations and memory differ from one time to the next, so they are in no artifact and no summary: a
 * job that ran again would otherwise rerun everything behind it. They are read here, when something is
 * published anyway, and are cells like any other from then on.
 */
import { shownMean } from "../table/values.ts";
import {
  type Cell,
  isObserved,
  type Observed,
  type PublishedRow,
  type PublishedSummary,
  type Summary,
  type Verdict,
} from "../results.ts";
import { verdictOf } from "../table/judged.ts";
import type { Score } from "../terms.ts";
import type { JobRecord } from "./source.ts";

/** What the catalogue noted of one job, by name. */
export interface Noted {
  observations: Record<string, number>;
  scalars: Record<string, number>;
}

/**
 * @param runs input name of the aggregate job to job key
 * @param jobs every job that a run names, and every job those came from
 * @throws {Error} when a run leads to several jobs of the stage that are equally near
 */
export function resolveObserved(
  summary: Summary,
  runs: Record<string, string>,
  jobs: ReadonlyMap<string, JobRecord>,
  noted: ReadonlyMap<string, Noted>,
): PublishedSummary {
  const scores: Score[] = [];
  const rows = summary.rows.map((row, r) => {
    const out: PublishedRow = {};
    for (const [column, value] of Object.entries(row)) {
      const called = `${column} observed, row ${r}`;
      const cell = isObserved(value) ? cellOf(value, runs, jobs, noted, called, scores) : value;
      if (cell !== undefined) out[column] = cell;
    }
    return out;
  });
  return {
    ...summary,
    rows,
    verdict: judgedNow(summary.verdict, runs, noted, scores),
    ...(scores.length ? { scores: [...summary.scores ?? [], ...scores] } : {}),
  };
}

/** The verdict, judged where that had to wait for observations; it stays open where a clause has none. */
function judgedNow(
  { observed, ...verdict }: Verdict,
  runs: Record<string, string>,
  noted: ReadonlyMap<string, Noted>,
  scores: Score[],
): Verdict {
  if (!observed) return verdict;
  const effects = observed.effects.map(({ name, at, runs: cited }) => {
    const read = cited.map((run) => noted.get(runs[run])?.observations[name]);
    const there = cited.flatMap((_, i) => Number.isFinite(read[i]) ? [i] : []);
    const values = there.map((i) => read[i]!);
    const own = there.map((i) => cited[i]);
    return {
      ...{ at: there.map((i) => at[i]), values },
      terms: [{ coefficient: 1, metric: name, runs: own }],
    };
  });
  if (effects.some(({ values }) => values.length === 0)) return verdict;
  for (const { values, terms: [{ metric, runs }] } of effects) {
    scores.push(...values.map((value, i) => ({ run: runs[i], metric, value })));
  }
  return verdictOf(observed.hypothesis, effects);
}

/** Undefined when no job observed it. */
function cellOf(
  { observed: { name, stage, times, scale = 1 }, runs: cited }: Observed,
  runs: Record<string, string>,
  jobs: ReadonlyMap<string, JobRecord>,
  noted: ReadonlyMap<string, Noted>,
  metric: string,
  scores: Score[],
): Cell | undefined {
  // Several runs may come from one job, which counts once.
  const behind = new Map<JobRecord, string>();
  for (const run of cited) {
    const job = nearest(run, runs[run], stage, jobs);
    if (job && !behind.has(job)) behind.set(job, run);
  }
  const values: number[] = [];
  const own: string[] = [];
  for (const [job, run] of behind) {
    const { observations = {}, scalars = {} } = noted.get(job.key) ?? {};
    const value = name === "seconds" ? job.seconds ?? NaN : observations[name] ?? NaN;
    const factor = times === undefined ? 1 : scalars[times] ?? NaN;
    if (!Number.isFinite(value * factor)) continue;
    values.push(value * factor * scale);
    own.push(run);
    scores.push({ run, metric, value: values.at(-1)! });
  }
  if (!values.length) return undefined;
  return { ...shownMean(values), runs: cited, terms: [{ coefficient: 1, metric, runs: own }] };
}

/** The job of a stage that is the fewest inputs away. */
function nearest(
  run: string,
  key: string,
  stage: string | undefined,
  jobs: ReadonlyMap<string, JobRecord>,
): JobRecord | undefined {
  if (stage === undefined) return jobs.get(key);
  const seen = new Set<string>();
  for (let level = [key]; level.length;) {
    const here = [...new Set(level)].flatMap((k) => jobs.get(k) ?? []);
    const found = here.filter((job) => job.stage === stage);
    if (found.length > 1) {
      throw new Error(
        `publish: run "${run}" comes from ${found.length} jobs of stage ${stage} ` +
          `(${found.map((job) => job.label).join(", ")}); an observed cell must mean one.`,
      );
    }
    if (found.length) return found[0];
    level = here.flatMap((job) => job.inputs.flatMap((input) => input.job ?? []))
      .filter((k) => !seen.has(k));
    for (const k of level) seen.add(k);
  }
}
