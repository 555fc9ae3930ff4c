/** @file What a sweep says at its end: the runs, best first, and where they stand. */
import type { SweepRun, SweepState } from "./state.ts";
import type { Sweep } from "./sweep.ts";
import { bestOf, describe, ranked, tableOf } from "./table.ts";

/** The runs on standard output, as a table or as JSON. */
export function printRuns({ runs }: SweepState, { config, metric }: Sweep, json: boolean): void {
  if (json) {
    const { id, name, program, method } = config;
    const best = bestOf(runs, metric)?.name ?? null;
    const all = { id, name, program, method, metric, best, runs: ranked(runs, metric) };
    // JSON has no NaN: the numbers of a diverged run are words.
    const word = (_key: string, value: unknown) =>
      typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
    console.log(JSON.stringify(all, word, 1));
    return;
  }
  for (const line of tableOf(runs, metric)) console.log(line);
  for (const run of runs) {
    if (run.state === "failed") console.log(`run ${run.name} failed: ${run.error}`);
  }
}

/** The best run, how many there are, and how to go on. */
export function summaryOf(
  runs: SweepRun[],
  { metric }: Sweep,
  { total, path, retry }: { total: string; path: string; retry: boolean },
): string[] {
  const lines: string[] = [];
  const best = bestOf(runs, metric);
  if (best) {
    const at = describe(best, runs);
    lines.push(
      `Best: run ${best.name}, ${metric.name} ${best.metrics[metric.name]}${at && ` at ${at}`}.`,
    );
  }
  const of = (state: string) => runs.filter((run) => run.state === state);
  const parts = [`${of("done").length} done`];
  for (const state of ["failed", "open"]) {
    if (of(state).length) parts.push(`${of(state).length} ${state}`);
  }
  lines.push(
    `${runs.length}${total} runs: ${
      parts.join(", ")
    }. Kept in ${path}; the same command continues.`,
  );
  // Parameters that were refused stay refused.
  if (!retry && of("failed").some(({ jobs }) => Object.keys(jobs).length)) {
    lines.push("Runs that failed are tried again when their code changes, or with --retry.");
  }
  return lines;
}
