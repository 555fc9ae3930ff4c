/** @file The columns that the tables on filtering have in common. */
import type { TableColumn } from "../../../table/table.ts";
import type { Cell, Column } from "../../../results.ts";
import { cellOf, differenceCell, mean, type Values } from "../../../table/values.ts";
import { gap, type Pick, type Predictor, ratio, raw, whole } from "./predictors.ts";
import { horizons } from "./settings.ts";
import { type StructureId, structures } from "./structures.ts";

/** What a row has at least. */
interface PredictorRow {
  predictor: Predictor;
}
type PredictorColumn = TableColumn<PredictorRow>;

export const lambda: TableColumn<{ lambda: number }> = {
  id: "lambda",
  label: "lambda",
  of: (row) => row.lambda,
};

export const predictor: TableColumn<{ label: string }> = {
  id: "predictor",
  label: "predictor",
  format: "text",
  of: (row) => row.label,
};

export const structure: TableColumn<{ structure: StructureId }> = {
  id: "structure",
  label: "state matrix",
  format: "text",
  of: (row) => structures[row.structure].label,
};

const ratioOf = (what: string): PredictorColumn => ({
  id: "ratio",
  label: "loss / Kalman",
  format: "fixed3",
  better: "lower",
  note: what + " By orthogonality: 1 + mean |prediction - Kalman prediction|^2 / Kalman loss.",
  of: ({ predictor }) => cellOf(predictor.oneStep(ratio)),
});
export const oneStepRatio = ratioOf("One step ahead.");
export const transformerRatio = ratioOf("Transformer, one step ahead.");
export const nextPatchRatio = ratioOf("Of the next patch, all offsets.");

export const rawRatio: PredictorColumn = {
  id: "raw_ratio",
  label: "raw ratio",
  format: "fixed3",
  note: "Measured squared error over the exact Kalman loss; a check.",
  of: ({ predictor }) => cellOf(predictor.oneStep(raw)),
};

/** Mean gap, over the filter's loss, below which no share of it is told: it would be a ratio of roundings and of noise. */
export const leastGap = 1e-3;
/** Whether there is so much to learn, the mean over systems, that a share of it can be told. */
export const isGap = (of: (pick: Pick) => Values) => mean(of(whole)) >= leastGap;
/** The share closed, where there is a gap. */
export function closedCell(of: (pick: Pick) => Values): Cell | undefined {
  if (!isGap(of)) return undefined;
  const closed = of(gap);
  // JSON says null for the gap that one system does not have.
  return closed.values.every(Number.isFinite) ? cellOf(closed) : undefined;
}

export const gapClosed: PredictorColumn = {
  id: "gap_closed",
  label: "gap closed",
  format: "percent",
  better: "higher",
  note: `Mean over systems; absent where zero's mean excess loss is below ${leastGap}.`,
  of: ({ predictor }) => closedCell(predictor.oneStep),
};

export const alignedRatio: PredictorColumn = {
  id: "aligned_ratio",
  label: "aligned loss / Kalman",
  format: "fixed3",
  better: "lower",
  note: "One step ahead at the boundaries that all patch sizes have; that of zero at all tokens.",
  of: ({ predictor }) => cellOf(predictor.aligned(ratio)),
};

/** Gap closed by one predictor minus that by another. */
export const differenceFrom = <R>(
  label: string,
  pair: (row: R) => [Predictor, Predictor],
): TableColumn<R> => ({
  id: "difference",
  label,
  format: "percent",
  note: "Of the gap closed, paired by seed.",
  of: (row) => {
    const both = pair(row);
    if (!both.every(({ oneStep }) => isGap(oneStep))) return undefined;
    const [a, b] = both.map((predictor) => predictor.oneStep(gap));
    return differenceCell(a, b);
  },
});

/** The ratio of free-running rollouts at each horizon. */
export const horizonRatios = horizons.map((h, i): PredictorColumn => ({
  id: `h${h}`,
  label: `t+${h}`,
  format: "fixed3",
  of: ({ predictor }) => cellOf(predictor.ahead(i, ratio)),
}));

/** A scalar of the training; empty for what was not made. */
const training = (scalar: string, column: Column): PredictorColumn => ({
  ...column,
  of: ({ predictor }) => predictor.training && cellOf(predictor.training(scalar)),
});
export const parameters = training("parameters", {
  id: "parameters",
  label: "parameters",
  format: "integer",
});
export const steps = training("steps", { id: "steps", label: "steps", format: "integer" });
export const tokens = (note: string) =>
  training("tokens", { id: "tokens", label: "tokens", format: "integer", note });
export const learningRate = training("learningRate", {
  id: "learning_rate",
  label: "learning rate",
  note: "Found by successive halving.",
});
