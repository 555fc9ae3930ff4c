/** @file Published numbers and verdicts as words of a sentence: what a report in prose may say, and nothing else. */
import { isCell, type PublishedSummary, type RowValue } from "../results.ts";
import { formatInterval, formatLabel, formatNumber } from "./format.ts";
import type { ExperimentRecord } from "./source.ts";

/** What names a row: some of its labels. */
export type Labels = Record<string, string | number>;

/** Every number that a report states is asked for here, so that none can stand in it that no table has. */
export class Prose {
  readonly #summaries: ReadonlyMap<string, PublishedSummary>;

  constructor(experiments: readonly Pick<ExperimentRecord, "meta" | "summary">[]) {
    this.#summaries = new Map(experiments.map(({ meta, summary }) => [meta.id, summary]));
  }

  /** Whether all of these experiments have been published. */
  has(...ids: string[]): boolean {
    return ids.every((id) => this.#summaries.has(id));
  }

  /** "supported", "refuted", "undecided" or "illustration". */
  verdict(id: string): string {
    return this.#of(id).verdict.outcome;
  }

  /** The computed sentences that give the numbers of the verdict. */
  reason(id: string): string {
    return this.#of(id).verdict.reason;
  }

  /** The finding that contains these words. @throws {Error} unless it is one */
  finding(id: string, words: string): string {
    const found = this.#of(id).findings.filter((finding) => finding.includes(words));
    if (found.length === 1) return found[0];
    throw new Error(`${id}: ${found.length} findings have ${JSON.stringify(words)}; expected one.`);
  }

  /** A number as its table writes it, with its interval in brackets where it has one. */
  value(id: string, labels: Labels, column: string): string {
    const { cell, format } = this.#cell(id, labels, column);
    const number = this.#written(cell, format);
    if (typeof cell !== "object" || cell.low === undefined || cell.high === undefined) {
      return number;
    }
    return `${number} ${formatInterval(cell.low, cell.high, format)}`;
  }

  /** A number as its table writes it. */
  number(id: string, labels: Labels, column: string): string {
    const { cell, format } = this.#cell(id, labels, column);
    return this.#written(cell, format);
  }

  #written(
    cell: Exclude<RowValue, { observed: unknown }>,
    format: PublishedSummary["columns"][number]["format"],
  ): string {
    if (typeof cell === "string") return cell;
    return typeof cell === "number" ? formatLabel(cell, format) : formatNumber(cell.value, format);
  }

  #cell(id: string, labels: Labels, column: string) {
    const { columns, rows } = this.#of(id);
    const rowsFound = rows.filter((row) =>
      Object.entries(labels).every(([name, value]) => row[name] === value)
    );
    if (rowsFound.length !== 1) {
      const [first] = Object.keys(labels);
      const known = [...new Set(rows.map((row) => row[first]).filter((value) => !isCell(value)))];
      throw new Error(
        `${id}: ${rowsFound.length} rows have ${JSON.stringify(labels)}; expected one. ` +
          `${first ?? "rows"}: ${
            known.map((value) => JSON.stringify(value)).join(", ") || "none"
          }.`,
      );
    }
    const cell = rowsFound[0][column];
    if (cell === undefined) {
      const known = columns.map((c) => c.id).join(", ");
      throw new Error(
        `${id}: the row ${JSON.stringify(labels)} has no ${column}. Columns: ${known}.`,
      );
    }
    return { cell, format: columns.find((c) => c.id === column)!.format };
  }

  #of(id: string): PublishedSummary {
    const summary = this.#summaries.get(id);
    if (summary) return summary;
    const known = [...this.#summaries.keys()].join(", ") || "none";
    throw new Error(`The experiment ${id} has not been published. Published: ${known}.`);
  }
}
