/**
 * @file What all runs of a sweep take, from a few that are drawn from them and done.
 *
 * Runs share jobs (data, a reference), so the cost of a job is divided among all runs that need it: the costs of the runs then add up to
 * those of the jobs, and their sum is estimated from a simple random sample without replacement (Cochran, Sampling Techniques,
 * 3rd edition 1977, sections 2.4 to 2.8): the number of runs times the mean, with its t interval, which closes as the sample grows to all.
 */
import { meanInterval } from "../../lib/analysis/intervals.ts";
import { fold, keyOf, uniforms } from "../../lib/random/random.ts";
import type { JobNode } from "../graph.ts";
import { type Candidate, nodesOf } from "./runs.ts";

/** A number with its 95 % interval; one run alone has none. */
export interface Estimate {
  value: number;
  low?: number;
  high?: number;
}

/** Places of the runs of a sample, in order; each set as likely as any other, and a larger one of the same seed has the smaller in it. */
export function drawRuns(count: number, of: number, seed: number): number[] {
  const random = uniforms(fold(keyOf(seed), 0x5a3e), of);
  return Array.from(random.keys()).sort((a, b) => random[a] - random[b] || a - b).slice(0, count)
    .sort((a, b) => a - b);
}

/** How many of the runs need a job. */
export function sharesOf(runs: readonly Candidate[]): Map<JobNode, number> {
  const shares = new Map<JobNode, number>();
  for (const run of runs) {
    for (const node of nodesOf([run])) shares.set(node, (shares.get(node) ?? 0) + 1);
  }
  return shares;
}

/** What a run costs, with its share of what it has in common with others. */
export function costOf(
  run: Candidate,
  shares: ReadonlyMap<JobNode, number>,
  cost: (node: JobNode) => number,
): number {
  return nodesOf([run]).reduce((sum, node) => sum + cost(node) / shares.get(node)!, 0);
}

/** Seconds from the start of a run to its end, where all that can runs side by side. */
export function chainOf(run: Candidate, seconds: (node: JobNode) => number): number {
  const ends = new Map<JobNode, number>();
  for (const node of nodesOf([run])) {
    const before = Object.values(node.inputs)
      .map((input) => input.kind === "job" ? ends.get(input)! : 0);
    ends.set(node, Math.max(0, ...before) + seconds(node));
  }
  return Math.max(0, ...ends.values());
}

/**
 * The cost of all runs.
 *
 * @param sample costs of those that were drawn, at least one
 */
export function totalOf(sample: readonly number[], runs: number): Estimate {
  const { mean, high } = meanInterval(sample);
  const value = runs * mean;
  if (sample.length === runs) return { value, low: value, high: value };
  if (high === undefined) return { value };
  const half = runs * (high - mean) * Math.sqrt(1 - sample.length / runs);
  // Not less than what these have taken.
  return { value, low: Math.max(sample.length * mean, value - half), high: value + half };
}

/** The same in another unit. */
export function scaled({ value, low, high }: Estimate, factor: number): Estimate {
  return low === undefined || high === undefined
    ? { value: value * factor }
    : { value: value * factor, low: low * factor, high: high * factor };
}
