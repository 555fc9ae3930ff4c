/** @file Runs of the experiments on fields, made by hand: numbers for every block, as the stages leave them. */
import type { Tags } from "../../../../../pipeline/tags.ts";
import type { Made } from "../../grids.ts";

/** Blocks around a number, so that an interval is narrow: the same pattern in all runs, hence pairs that differ by a constant but little. */
export function around(value: number, blocks: number, salt = 0): number[] {
  return Array.from(
    { length: blocks },
    (_, k) => value * (1 + 0.001 * ((k * 7 + salt * 3) % 5 - 2)),
  );
}

/** What stage reference leaves of a forecaster with this error. */
export function forecastMade(tags: Tags, mse: number, blocks = 40, salt = 0): Made {
  return {
    tags,
    scores: { test: { mse, mae: 1, windows: 9 }, blocks: around(mse, blocks, salt) },
  };
}

/** What stage assess leaves: one score, whose parts lie around it. */
export function assessedMade(
  tags: Tags,
  scores: Record<string, number>,
  parts: Record<string, number[]>,
): Made {
  return { tags, scores: { scores, parts }, scalars: scores };
}

/** 1 and -1 in turns of so many parts. */
export const turns = (parts: number, length: number) =>
  Array.from({ length: parts }, (_, k) => Math.floor(k / length) % 2 ? -1 : 1);
