/** @file What changed, with the jobs that would run again for it: the lines of `deno task why`, put together over many jobs. */
import type { StandingJob } from "./jobs.ts";

export interface Cause {
  /** Such as "code: lib/layers/lru.ts" or "parameter: steps: 100 -> 200". */
  text: string;
  jobs: number;
  /** Stages of these jobs. */
  stages: string[];
}

/** Longer ones, such as parameters that are a whole list, are cut. */
const LONGEST = 160;

/** Of a code whose parts were not kept. */
const UNKNOWN = "code: it is not known any more which file";

/** Of all jobs whose reasons were looked up, what is behind most of them first. */
export function causesOf(jobs: Iterable<StandingJob>): Cause[] {
  const causes = new Map<string, { jobs: number; stages: Set<string> }>();
  for (const { stage, why } of jobs) {
    for (const text of why ? causesIn(why) : []) {
      const known = causes.get(text) ?? { jobs: 0, stages: new Set() };
      causes.set(text, known);
      known.jobs++;
      known.stages.add(stage);
    }
  }
  return [...causes].map(([text, { jobs, stages }]) => ({ text, jobs, stages: [...stages] }))
    .sort((a, b) => b.jobs - a.jobs || (a.text < b.text ? -1 : 1));
}

/** The causes in the reasons of one job, each once. */
export function causesIn(why: readonly string[]): string[] {
  const files = why.flatMap((line) => /^code: (\S+\.\w+): /.exec(line)?.[1] ?? []);
  const others = why.flatMap((line): string[] => {
    if (/^code: \S+\.\w+: /.test(line) || /^(unless its programs|its curves are kept)/.test(line)) {
      return [];
    }
    // The hash of all code says nothing where files are known.
    if (/^code: [0-9a-f]+ -> [0-9a-f]+$/.test(line)) return files.length ? [] : [UNKNOWN];
    const input = /^input: (.+): "[0-9a-f]+" -> "[0-9a-f]+"$/.exec(line);
    if (input) return [`input: ${input[1]} has another content`];
    const object = /^output: object [0-9a-f]+ (.*)$/.exec(line);
    if (object) return [`output: an object ${object[1]}`];
    return [line.length > LONGEST ? `${line.slice(0, LONGEST - 2)} …` : line];
  });
  return [...new Set([...files.map((file) => `code: ${file}`), ...others])];
}
