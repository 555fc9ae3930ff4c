/**
 * @file What the filtering experiments share: the runs of one Transformer on one system, and how numbers over
 * systems become a cell.
 */
import { meanInterval } from "../../../lib/analysis/intervals.ts";
import type { GraphBuilder, JobRef } from "../../graph.ts";
import type { Profile } from "../../profiles.ts";
import type { Cell } from "../../results.ts";

/** Rollout horizons after a warm-up of 64. */
export const horizons = [2, 4, 8, 16, 32, 64];

/** The part of lib/ssm's score that the tables read. */
export interface Score {
  ratio: number;
  rawRatio: number;
  /** Exact ratio of predicting zero, and as measured on the data. */
  zero: number;
  rawZero: number;
  gapClosed: number;
  discrepancy: number;
}

/**
 * Data, training, one-step and rollout scores of a Transformer on one system, and the baselines on the same data.
 * @param system its key is also the seed of initialisation and data.
 * @param options model options over those of the profile.
 * @returns inputs for the aggregate job: `${at}/baseline`, `${at}/one-step`, `${at}/rollout`.
 */
export function transformerRuns(
  g: GraphBuilder,
  profile: Profile,
  at: string,
  system: { key: number; [option: string]: unknown },
  options: Record<string, unknown>,
): Record<string, JobRef> {
  const base = profile.pick<Record<string, unknown>>({
    smoke: { dModel: 16, layers: 1, heads: 2 },
    quick: { dModel: 64, layers: 2 },
    paper: {}, // the document's 4 layers of width 256
  });
  const size = profile.pick({
    smoke: { steps: 10, sequences: 64, warmup: 3 },
    quick: { steps: 120, sequences: 256, warmup: 20 },
    standard: { steps: 1500, sequences: 2048, warmup: 100 },
    paper: { steps: 20_000, sequences: 8192, warmup: 500 },
  });
  // The mode is spelt out, so that experiments which vary it share the runs of the others.
  const model = { name: "transformer", options: { ...base, norm: "fixed", ...options } };
  const { key: seed } = system;
  const { sequences, steps, warmup } = size;
  const data = g.job(
    "generate",
    { system, dataSeed: 2000 + seed, sequences, length: 256 },
    {},
    `${at}/data`,
  );
  const trained = g.job(
    "train",
    { model, system, initSeed: seed, dataSeed: 1000 + seed, steps, warmup },
    {},
    `${at}/train`,
  );
  const scored = { model: trained, data };
  const rollout = { model, system, batch: 1024, rollout: { horizons } };
  return {
    [`${at}/baseline`]: g.job("baseline", { system, horizons }, { data }, `${at}/baseline`),
    [`${at}/one-step`]: g.job("evaluate", { model, system }, scored, `${at}/one-step`),
    [`${at}/rollout`]: g.job("evaluate", rollout, scored, `${at}/rollout`),
  };
}

/** The lambdas and seeds of runs named `lambda=L/seed=S/...`, ascending. */
export function gridOf(names: readonly string[]): { lambdas: number[]; seeds: number[] } {
  const keys = names.map((name) => /^lambda=([\d.]+)\/seed=(\d+)\//.exec(name)!);
  const distinct = (k: number) =>
    [...new Set(keys.map((key) => Number(key[k])))].sort((a, b) => a - b);
  return { lambdas: distinct(1), seeds: distinct(2) };
}

/**
 * Mean over systems with its 95 % interval and where it came from. Values that are equal by definition, as the filter's
 * ratio to itself, have no interval.
 */
export function seedCell(values: { value: number; run: string }[]): Cell {
  const { mean, low, high, n } = meanInterval(values.map((v) => v.value));
  const runs = values.map((v) => v.run);
  const exact = values.every(({ value }) => value === values[0].value);
  return exact || low === undefined
    ? { value: mean, n, runs }
    : { value: mean, low, high, n, runs };
}

export const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
