/**
 * @file What a run says about itself: counts and time left, failures with the way to repeat them, and
 * what did not run for want of inputs.
 */
import { canonical } from "../content/canonical.ts";
import type { RunTotals, View } from "../run/display.ts";
import type { JobNode } from "../graph.ts";
import type { JobStatus, Scheduler } from "../run/scheduler.ts";
import type { CommandOptions } from "./options.ts";
import { quote, repeatOptions } from "../command_line.ts";

/**
 * @param estimate seconds that a job takes; without it no time left is given
 * @param capacity jobs at the same time
 */
export function count(
  scheduler: Scheduler,
  estimate?: (node: JobNode) => number,
  capacity = 1,
): RunTotals {
  const totals: RunTotals = { total: 0, cached: 0, ran: 0, failed: 0, skipped: 0 };
  let left = 0;
  let [done, work] = [0, 0];
  for (const status of scheduler.statuses.values()) {
    const { node, state } = status;
    totals.total++;
    if (state === "cached" || state === "ran" || state === "failed" || state === "skipped") {
      totals[state]++;
      if (state === "ran" && estimate) {
        done += estimate(node);
        work += estimate(node);
      }
      if (state === "ran" && status.sameAs) totals.same = (totals.same ?? 0) + 1;
    } else if (estimate && state === "running") {
      const { startedAt, progress } = status;
      const spent = (performance.now() - startedAt!) / 1000;
      const whole = estimate(node);
      // Without progress nobody knows how much is missing of a job that takes longer than it should.
      const part = progress?.done ? progress.done / progress.total : 1 - Math.exp(-spent / whole);
      done += whole * Math.min(1, part);
      work += whole;
      const byProgress = progress?.done && spent * (progress.total / progress.done - 1);
      left += byProgress || Math.max(0, estimate(node) - spent);
    } else if (estimate) {
      left += estimate(node);
      work += estimate(node);
    }
  }
  if (estimate && left > 0) totals.eta = left / capacity;
  if (work > 0) totals.share = done / work;
  return totals;
}

/** The counts of {@linkcode count} while jobs run, without a look at all of them for each that changes. */
export class Tally {
  readonly #totals: RunTotals;
  readonly #counted = new Set<JobStatus>();

  constructor(scheduler: Scheduler) {
    this.#totals = count(scheduler);
    for (const status of scheduler.statuses.values()) if (isOver(status)) this.#counted.add(status);
  }

  /** @returns the counts as they are with this job */
  with(status: JobStatus): RunTotals {
    const { state, sameAs } = status;
    if (isOver(status) && !this.#counted.has(status)) {
      this.#counted.add(status);
      this.#totals[state as "ran"]++;
      if (sameAs) this.#totals.same = (this.#totals.same ?? 0) + 1;
    }
    return this.#totals;
  }
}

const isOver = ({ state }: JobStatus) =>
  state === "cached" || state === "ran" || state === "failed" || state === "skipped";

export function reportFailure(
  { node, error }: JobStatus,
  view: View,
  options: CommandOptions,
): void {
  view.say(
    `\n${node.stage.name} ${node.label} failed:\n${indent(error!)}\n` +
      `  its parameters: ${canonical(node.params)}\n` +
      `  to run it alone: deno task pipeline ${repeatOptions(options)} --job ${
        quote(node.label)
      }\n`,
  );
}

/** Skipped jobs that are named, and inputs of one; the others are counted. */
const SHOWN = 50;

/** Names the inputs that each skipped job lacks, and the jobs that failed to make them. */
export function reportSkipped(scheduler: Scheduler): void {
  const skipped = [...scheduler.statuses.values()].filter(({ state }) => state === "skipped");
  for (const { node, lacking } of skipped.slice(0, SHOWN)) {
    const gone = new Set<unknown>(lacking);
    const names = Object.entries(node.inputs).filter(([, input]) => gone.has(input))
      .map(([name]) => name);
    const labels = [...new Set(lacking!)].map((n) => n.label);
    console.error(
      `${node.stage.name} ${node.label} did not run: ${names.length} of its ` +
        `${Object.keys(node.inputs).length} inputs are missing: ${some(names)} (${some(labels)}).`,
    );
  }
  if (skipped.length > SHOWN) {
    console.error(`${skipped.length - SHOWN} more jobs did not run for want of these.`);
  }
}

function some(names: string[]): string {
  const more = names.length - SHOWN;
  return names.slice(0, SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function indent(text: string): string {
  return text.split("\n").map((line) => `  ${line}`).join("\n");
}
