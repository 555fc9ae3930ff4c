/**
 * @file The table of every field: one row for each series, setting and method, its score, and what it gains over the method that people of
 * the field would try first, block by block.
 */
import type { Column, PlotSpec, Summary } from "../../../../results.ts";
import { blockCell, blockDifference, type Blocks, logged } from "../../../../table/blocks.ts";
import { type TableColumn, tableOf } from "../../../../table/table.ts";

/** One method on one series. */
export interface DomainRow {
  /** What was observed. */
  series: string;
  /** What was asked of it: a horizon, a threshold. */
  setting: string;
  method: string;
  /** The run that was scored. */
  run: string;
  /** What the score is called among the published ones, where one run has several. */
  metric?: string;
  /** Over the whole test. */
  score: number;
  /** The same of each block of the test. */
  blocks: readonly number[];
  /** The simplest serious method on the same; none for that method itself. */
  against?: DomainRow;
}

/** How the score of a field is shown. */
export interface DomainScore {
  /** "mean squared error" */
  name: string;
  format?: Column["format"];
  unit?: string;
  /** How it is made. */
  note: string;
  /**
   * `log`: of errors, the mean over blocks of log(baseline / method); `lower`: of errors, the baseline's minus the method's; `higher`:
   * of merits, the method's minus the baseline's.
   */
  gain: "log" | "lower" | "higher";
}

const blocksOf = ({ run, metric, blocks }: DomainRow, { name }: DomainScore): Blocks => ({
  ...{ run, metric: `${metric ?? name} of a block`, values: blocks },
});

/** Blocks a and b, of which a - b is what a row gains over its baseline. @throws {Error} for a row without one */
export function gainOf(row: DomainRow, score: DomainScore): [Blocks, Blocks] {
  if (!row.against) throw new Error(`${row.method} on ${row.series} is compared with nothing.`);
  const [method, baseline] = [blocksOf(row, score), blocksOf(row.against, score)];
  if (score.gain === "higher") return [method, baseline];
  return score.gain === "log" ? [logged(baseline), logged(method)] : [baseline, method];
}

const gainNotes: Record<DomainScore["gain"], string> = {
  log:
    "Mean over blocks of log(error of the baseline / error), about the share of the error that is saved.",
  lower: "Mean over blocks of the baseline's minus the method's.",
  higher: "Mean over blocks of the method's minus the baseline's.",
};

/** Columns and rows. @param baseline what the gain is over, for the label: "random walk" */
export function domainTable(
  rows: readonly DomainRow[],
  measured: DomainScore,
  baseline: string,
): Pick<Summary, "columns" | "rows"> {
  const { name, format, unit, note, gain } = measured;
  const columns: TableColumn<DomainRow>[] = [
    { id: "series", label: "series", format: "text", of: ({ series }) => series },
    { id: "setting", label: "setting", format: "text", of: ({ setting }) => setting },
    { id: "method", label: "method", format: "text", of: ({ method }) => method },
    {
      ...{ id: "score", label: name, note },
      ...(format && { format }),
      ...(unit && { unit }),
      better: gain === "higher" ? "higher" : "lower",
      of: (row) => blockCell(row.score, row.metric ?? name, blocksOf(row, measured)),
    },
    {
      ...{ id: "gain", label: `gain over ${baseline}`, better: "higher", note: gainNotes[gain] },
      // A share of an error, whatever the error is measured in.
      ...(gain === "log" ? { format: "percent" } : format && { format }),
      ...(unit && gain !== "log" && { unit }),
      of: (row) => row.against && blockDifference(...gainOf(row, measured)),
    },
  ];
  return tableOf(rows, columns);
}

/** The gains of all methods. */
export function gainPlot(title: string, caption: string, axis: string, baseline: string): PlotSpec {
  return {
    ...{ id: "gain", title, facet: "setting", series: "method" },
    caption: `${caption} Bars are 95 % intervals over blocks.`.trim(),
    x: { column: "series", label: "series", scale: "band" },
    y: { column: "gain", label: axis },
    marks: ["dot", "interval"],
    rules: [{ y: 0, label: baseline }],
  };
}
