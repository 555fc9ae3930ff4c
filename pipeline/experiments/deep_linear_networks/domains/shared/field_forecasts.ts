/** @file Fields in which the question is a forecast: their jobs, and their runs as rows of the table. */
import type { GraphBuilder, TaggedJob } from "../../../../graph.ts";
import { seriesOf } from "../../../../series.ts";
import { grouped } from "../../../../table/blocks.ts";
import type { Run, Runs } from "../../../../table/runs.ts";
import type { DomainRow, DomainScore } from "./domain_table.ts";

/** A forecaster that is fitted without training. */
export interface Method {
  /** What the table calls it. */
  label: string;
  /** A file of lib/tasks/forecasting/references. */
  reference: string;
  options?: Record<string, unknown>;
}

/** One series at one horizon. */
export interface Case {
  /** Id of an entry of data/datasets.json. */
  dataset: string;
  /** What the table calls it. */
  series: string;
  /** What the table calls the horizon. */
  setting: string;
  lookback: number;
  horizon: number;
  /** Simple ones, and last the linear map. */
  methods: readonly Method[];
}

export const randomWalk: Method = { label: "random walk", reference: "repeat_last" };
export const linear: Method = { label: "linear map", reference: "ridge" };

export const squaredError: DomainScore = {
  name: "mean squared error",
  format: "fixed3",
  note: "On values standardised with the training rows, every window of the test rows.",
  gain: "log",
};

const tagsOf = ({ dataset, horizon }: Case, { label }: Method) => ({
  ...{ dataset, horizon, method: label.replaceAll(" ", "-") },
});

/** Tags: dataset, horizon, method. */
export function forecastJobs(g: GraphBuilder, cases: readonly Case[]): TaggedJob[] {
  return cases.flatMap((one) => {
    const { dataset, lookback, horizon, methods } = one;
    const { task, download } = seriesOf(dataset, { lookback, horizon });
    const data = download(g, { dataset, result: "download" });
    return methods.map((method): TaggedJob => {
      const tags = tagsOf(one, method);
      const { reference: name, options = {} } = method;
      return {
        tags,
        job: g.job("reference", { task, reference: { name, options } }, { data }, tags),
      };
    });
  });
}

/**
 * One row for each case and method.
 * @param blocks of the test, in which methods are compared
 * @param baseline what the others are compared with: the first method, or that of the simple ones which is best on the validation rows
 */
export function forecastRows(
  runs: Runs,
  cases: readonly Case[],
  blocks: number,
  baseline: "first" | "validated",
): DomainRow[] {
  return cases.flatMap((one) => {
    const { series, setting, methods } = one;
    const scored = methods.map((method) => {
      const run: Run = runs.where(tagsOf(one, method)).one();
      const { test, validation, blocks: errors } = run.json("scores.json");
      const row: DomainRow = {
        ...{ series, setting, method: method.label, run: run.name, score: test.mse },
        blocks: grouped(errors, blocks),
      };
      return { row, validation: Number(validation.mse) };
    });
    const simple = scored.filter(({ row }) => row.method !== linear.label);
    const strongest = simple.toSorted((a, b) => a.validation - b.validation)[0];
    const against = (baseline === "first" ? scored[0] : strongest).row;
    return scored.map(({ row }) => row === against ? row : { ...row, against });
  });
}

/** The row of a case and a method. */
export function rowFor(
  rows: readonly DomainRow[],
  { series, setting }: Case,
  { label }: Method,
): DomainRow {
  return rows.find((row) =>
    row.series === series && row.setting === setting && row.method === label
  )!;
}
