/** @file Patch sizes against each other on the systems of one setting: what the experiments on patching share. */
import type { Column, Row } from "../../results.ts";
import {
  type Baseline,
  cellOf,
  differenceCell,
  type Evaluated,
  gapColumn,
  type Measured,
  measured,
  minus,
  ratioColumn,
  type Runs,
  scalars,
} from "./scores.ts";

/** Patch sizes are told apart by the gap closed one step ahead at the boundaries that all of them have. */
export class PatchSizes {
  /** @param at leading part of the names of the runs; `/patch=P` follows */
  constructor(
    private readonly runs: Runs,
    private readonly seeds: readonly number[],
    private readonly at: string,
  ) {}

  aligned(patch: number): Measured {
    return this.#score(patch, (s) => s.aligned.gapClosed);
  }

  /** Gap closed with patches minus that without, for each system. */
  importance(patch: number): number[] {
    return minus(this.aligned(patch).values, this.aligned(1).values);
  }

  /** The zero predictor, and the Transformer with each patch size. */
  rows(setting: Row, patches: readonly number[], predictor: (patch: number) => string): Row[] {
    const { runs, seeds, at } = this;
    const zero = measured(runs, seeds, at, "baseline", (b: Baseline) => b.zero.oneStep.zero);
    return [
      { ...setting, predictor: "zero", aligned_ratio: cellOf(zero) },
      ...patches.map((patch): Row => {
        const of = (pick: (s: Evaluated) => number) => cellOf(this.#score(patch, pick));
        return {
          ...setting,
          predictor: predictor(patch),
          patch,
          aligned_ratio: of((s) => s.aligned.ratio),
          aligned_gap: cellOf(this.aligned(patch)),
          ...(patch > 1 ? { gained: differenceCell(this.aligned(patch), this.aligned(1)) } : {}),
          ratio: of((s) => s.overall.ratio),
          gap_closed: of((s) => s.overall.gapClosed),
          learning_rate: cellOf(
            scalars(runs, seeds, `${at}/patch=${patch}`, "transformer/model", "learningRate"),
          ),
        };
      }),
    ];
  }

  #score(patch: number, pick: (s: Evaluated) => number): Measured {
    const { runs, seeds, at } = this;
    return measured(runs, seeds, `${at}/patch=${patch}`, "transformer/one-step", pick);
  }
}

/** The columns of {@linkcode PatchSizes.rows}, after those of the setting. */
export const patchColumns: Column[] = [
  { id: "predictor", label: "predictor", format: "text" },
  { id: "patch", label: "patch" },
  {
    id: "aligned_ratio",
    label: "aligned loss / Kalman",
    format: "fixed3",
    better: "lower",
    note: "One step ahead at the boundaries that all patch sizes have; that of zero at all tokens.",
  },
  { id: "aligned_gap", label: "aligned gap closed", format: "percent", better: "higher" },
  {
    id: "gained",
    label: "gained by patching",
    format: "percent",
    note: "Aligned gap closed minus that of patch 1, paired.",
  },
  { ...ratioColumn, note: `Of the next patch, all offsets. ${ratioColumn.note}` },
  { ...gapColumn, note: "Of the next patch: another task for every patch size." },
  { id: "learning_rate", label: "learning rate", note: "Found by successive halving." },
];
