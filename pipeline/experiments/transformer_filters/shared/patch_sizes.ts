/** @file Patch sizes against each other on the systems of one setting: what the experiments on patching share. */
import type { Runs } from "../../../table/runs.ts";
import { onlyIf, type TableColumn } from "../../../table/table.ts";
import type { Tags } from "../../../tags.ts";
import type { PlotSpec } from "../../../results.ts";
import { plotOver } from "../../../table/verdict.ts";
import { type Contrast, openRatio } from "../../../table/effects.ts";
import { differenceCell, type Values } from "../../../table/values.ts";
import * as columns from "./columns.ts";
import { gap, modelOf, openOf, type Predictor, zeroOf } from "./predictors.ts";
import { rates } from "./rates.ts";

/** The patch size that stands for patching in the verdicts, fixed before the runs. */
export const patched = 8;

/** The gap closed one step ahead at the boundaries that all patch sizes have: what tells patch sizes apart. */
export function aligned(runs: Runs, setting: Tags, patch: number): Values {
  return modelOf(runs, { ...setting, patch }).aligned(gap);
}

/** What is left open at the boundaries that all patch sizes have. */
export const openAligned = (runs: Runs, setting: Tags, patch: number) =>
  openOf(modelOf(runs, { ...setting, patch }).aligned);

/** By what factor patches leave less open than none, for each system. */
export function importance(runs: Runs, setting: Tags): Contrast {
  return openRatio(openAligned(runs, setting, 1), openAligned(runs, setting, patched));
}

interface PatchRow {
  label: string;
  predictor: Predictor;
  /** Absent: the zero predictor. */
  patch?: number;
  /** What the predictor closes without patches. */
  without?: Values;
}

/** The zero predictor, and the Transformer with each patch size. */
export function patchRows<S extends Tags>(
  runs: Runs,
  setting: S,
  label: (patch: number) => string,
): (PatchRow & S)[] {
  return [
    { ...setting, label: "zero", predictor: zeroOf(runs, setting) },
    ...runs.where(setting).tagsOf("patch").map((patch) => ({
      ...setting,
      label: label(patch),
      predictor: modelOf(runs, { ...setting, patch }),
      patch,
      without: aligned(runs, setting, 1),
    })),
  ];
}

const ofModel = (column: TableColumn<PatchRow>) =>
  onlyIf(({ patch }) => patch !== undefined, column);

/** The columns of {@linkcode patchRows}, after those of the setting. */
export const patchColumns = (): TableColumn<PatchRow>[] => [
  columns.predictor,
  { id: "patch", label: "patch", of: ({ patch }) => patch },
  columns.alignedRatio,
  ofModel({
    id: "aligned_gap",
    label: "aligned gap closed",
    format: "percent",
    better: "higher",
    of: ({ predictor }) => columns.closedCell(predictor.aligned),
  }),
  onlyIf(({ patch }) => patch !== undefined && patch > 1, {
    id: "gained",
    label: "gained by patching",
    format: "percent",
    note: "Aligned gap closed minus that of patch 1, paired.",
    of: ({ predictor, without }) =>
      columns.isGap(predictor.aligned)
        ? differenceCell(predictor.aligned(gap), without!)
        : undefined,
  }),
  ofModel(columns.nextPatchRatio),
  ofModel({ ...columns.gapClosed, note: "Of the next patch: another task for every patch size." }),
  ...rates,
];

/** The aligned gap of all rows, a panel for each lambda. */
export function patchPlot(
  runs: Runs,
  by: string,
  x: string,
  xLabel: string,
  series: string,
): PlotSpec {
  return plotOver(runs.tagsOf("seed").length, {
    id: "aligned-gap",
    title: `Gap closed one step ahead, by ${by}`,
    caption: "At the boundaries that all patch sizes have; panels are lambdas.",
    x: { column: x, label: xLabel, scale: "log" },
    y: { column: "aligned_gap", label: "gap closed" },
    series,
    facet: "lambda",
  });
}
