/** @file Columns that say at which learning rate the models of a row were trained. */
import { onlyIf, type TableColumn } from "./table.ts";
import { cellOf, type Values } from "./values.ts";

/** The rate, by seed, and whether the search ended there before its best was found; rows of what is not trained have neither. */
export interface Found {
  learningRate?: Values;
  edge?: Values;
}

export const rateColumns = <Row extends Found>(): TableColumn<Row>[] => [
  onlyIf(({ learningRate }) => learningRate !== undefined, {
    ...{ id: "learning_rate", label: "learning rate" },
    of: ({ learningRate }) => cellOf(learningRate!),
  }),
  onlyIf(({ edge }) => edge !== undefined, {
    ...{ id: "edge", label: "edge" },
    note: "1 where half or twice the rate was still better when the search ended.",
    of: ({ edge }) => cellOf(edge!),
  }),
];
