/** @file The columns that say how a learning rate was found. */
import type { TableColumn } from "../../../table/table.ts";
import { cellOf, minus, type Values } from "../../../table/values.ts";
import * as columns from "./columns.ts";
import type { Predictor } from "./predictors.ts";

interface Row {
  predictor: Predictor;
}

const known = (values: Values | undefined) =>
  values?.values.every(Number.isFinite) ? values : undefined;

/** By how much the trials' loss is higher at a neighbour of the rate; nothing where that was not tried, or diverged. */
const higher = (id: string, label: string, scalar: string, note?: string): TableColumn<Row> => ({
  ...{ id, label, ...(note ? { note } : {}) },
  of({ predictor }) {
    const [there, found] = [scalar, "tuningLoss"].map((name) => known(predictor.training?.(name)));
    return there && found && cellOf(minus(there, found));
  },
});

/** The rate, what half and twice of it would have been, and what it cost to find out. */
export const rates: TableColumn<Row>[] = [
  {
    ...columns.learningRate,
    note:
      "Found on systems that are not judged: successive halving, then to half or twice the rate as long as that is better.",
    of({ predictor }) {
      const rate = known(predictor.training?.("learningRate"));
      return rate && cellOf(rate);
    },
  },
  higher(
    "half_rate",
    "at half the rate",
    "tuningLossAtHalf",
    "Loss of the trials at half, and at twice the rate, minus that at the rate; empty where the trial diverged or was dropped.",
  ),
  higher("twice_rate", "at twice the rate", "tuningLossAtTwice"),
  {
    id: "tuning_tokens",
    label: "tokens of tuning",
    format: "integer",
    note: "Observations of all trials together, once for all systems.",
    of({ predictor }) {
      const tokens = known(predictor.training?.("tuningTokens"));
      return tokens && cellOf(tokens);
    },
  },
];
