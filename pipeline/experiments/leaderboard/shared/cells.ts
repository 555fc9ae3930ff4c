/** @file The jobs of one cell of the leaderboard: a layer on a task, its rate tuned, its seeds trained together and scored, and its time. */
import type { GraphBuilder, JobRef, TaggedJob } from "../../../graph.ts";
import type { Tags } from "../../../tags.ts";
import { architectureOf, type Entry } from "./entries.ts";
import { seedOf, type TaskCase, tuningSeed } from "./tasks.ts";

/**
 * Tuning on a seed of its own where there are rates to choose from, training of all seeds in one program, and a score of each.
 * @param more tags beside `task` and `layer` that tell the cell from others.
 * @returns with the tags of the cell, `seed`, and `result`: "training" or "score".
 */
export function cellRuns(
  g: GraphBuilder,
  entry: Entry,
  of: TaskCase,
  seeds: readonly number[],
  more: Tags = {},
): TaggedJob[] {
  const tags = { task: of.id, layer: entry.id, ...more };
  const parts = { task: of.task, ...architectureOf(entry, of.ends) };
  const { steps, batch, warmup, rungs } = of.training;
  const rates = of.training.rates.length > 1
    ? entry.rates?.[of.id] ?? of.training.rates
    : of.training.rates;
  const common = { ...parts, batch, warmup, ...decayOf(of) };
  const data = trainingData(g, of, seeds[0]);
  const [learningRate, ...others] = rates;
  const tuned = (): Record<string, JobRef> => {
    const params = { ...common, seeds: [seedOf(of, tuningSeed)], rates, rungs };
    return { tuned: g.job("tune", params, data, { ...tags, result: "tuning" }) };
  };
  const trained = g.job(
    "train",
    {
      ...{ ...common, seeds: seeds.map((seed) => seedOf(of, seed)), steps },
      ...(others.length ? {} : { learningRate }),
    },
    { ...(others.length ? tuned() : {}), ...data },
    { ...tags, result: "training" },
  );
  return seeds.flatMap((seed, index): TaggedJob[] => {
    const own = { ...tags, seed, result: "score" };
    const params = {
      ...{ ...parts, instance: of.instanceOf(seed), index },
      ...{ batch: of.batch, protocol: of.protocol },
    };
    const { test } = of.data(g, seed);
    const scored = g.job("evaluate", params, { model: trained, data: test }, own);
    return [
      { tags: { ...tags, seed, result: "training" }, job: trained },
      { tags: own, job: scored },
    ];
  });
}

/**
 * The seconds of a cell, measured while no other job runs.
 * @returns with the tags of the cell, and `result`: "time".
 */
export function timeRun(g: GraphBuilder, entry: Entry, of: TaskCase): TaggedJob {
  const tags = { task: of.id, layer: entry.id, result: "time" };
  const { steps, batch } = of.training;
  const parts = { task: of.task, ...architectureOf(entry, of.ends) };
  const params = { ...parts, steps, batch, ...decayOf(of) };
  return { tags, job: g.job("time", params, trainingData(g, of, 0), tags) };
}

const decayOf = ({ training: { weightDecay } }: TaskCase) =>
  weightDecay === undefined ? {} : { weightDecay };

function trainingData(g: GraphBuilder, of: TaskCase, seed: number): Record<string, JobRef> {
  const { training } = of.data(g, seed);
  return training ? { data: training } : {};
}
