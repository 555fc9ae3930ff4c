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
  for (const { node, state, sameAs, startedAt, progress } of scheduler.statuses.values()) {
    totals.total++;
    if (state === "cached" || state === "ran" || state === "failed" || state === "skipped") {
      totals[state]++;
      if (state === "ran" && sameAs) totals.same = (totals.same ?? 0) + 1;
    } else if (estimate && state === "running") {
      const spent = (performance.now() - startedAt!) / 1000;
      const byProgress = progress?.done && spent * (progress.total / progress.done - 1);
      left += byProgress || Math.max(0, estimate(node) - spent);
    } else if (estimate) left += estimate(node);
  }
  if (estimate && left > 0) totals.eta = left / capacity;
  return totals;
}

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

/** Names the inputs that each skipped job lacks, and the jobs that failed to make them. */
export function reportSkipped(scheduler: Scheduler): void {
  for (const { node, state, lacking } of scheduler.statuses.values()) {
    if (state !== "skipped") continue;
    const labels = [...new Set(lacking!)].map((n) => n.label);
    const names = Object.entries(node.inputs).filter(([, i]) =>
      i.kind === "job" && lacking!.includes(i)
    ).map(([name]) => name);
    console.error(
      `${node.stage.name} ${node.label} did not run: ${names.length} of its ` +
        `${Object.keys(node.inputs).length} inputs are missing: ${names.join(", ")} ` +
        `(${labels.join(", ")}).`,
    );
  }
}

function indent(text: string): string {
  return text.split("\n").map((line) => `  ${line}`).join("\n");
}
