/** @file Fields in which the question is a forecast: their jobs, and their runs as rows of the table. */
import type { GraphBuilder, TaggedJob } from "../../../../graph.ts";
import { seriesOf } from "../../../../series.ts";
import type { Clause } from "../../../../../lib/analysis/judge.ts";
import { blockEffect, grouped } from "../../../../table/blocks.ts";
import type { MadeEffect } from "../../../../table/effects.ts";
import type { Run, Runs } from "../../../../table/runs.ts";
import { type DomainRow, type DomainScore, gainOf } from "./domain_table.ts";

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
  /** The first is what the table compares the others with; the linear map is the last. */
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

/** One row for each case and method. @param blocks of the test, in which methods are compared */
export function forecastRows(runs: Runs, cases: readonly Case[], blocks: number): DomainRow[] {
  return cases.flatMap((one) => {
    const { series, setting, methods: [first, ...others] } = one;
    const rowOf = (method: Method, against?: DomainRow): DomainRow => {
      const run: Run = runs.where(tagsOf(one, method)).one();
      const { test, blocks: errors } = run.json("scores.json");
      return {
        ...{ series, setting, method: method.label, run: run.name, score: test.mse },
        blocks: grouped(errors, blocks),
        ...(against && { against }),
      };
    };
    const baseline = rowOf(first);
    return [baseline, ...others.map((method) => rowOf(method, baseline))];
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

/** The clauses that the linear map of each case is no worse than any simple method, but for a factor. */
export function clausesAgainstAll(cases: readonly Case[], factor: number): Clause[] {
  return cases.flatMap(({ series, setting, methods }) =>
    methods.slice(0, -1).map(({ label }): Clause => ({
      what: `error of the ${label} over that of the linear map, ${series} ${setting}`,
      ...{ metric: squaredError.name, scale: "factor", margin: -Math.log(factor) },
    }))
  );
}

/** What was measured for {@linkcode clausesAgainstAll}. */
export function effectsAgainstAll(
  rows: readonly DomainRow[],
  cases: readonly Case[],
): MadeEffect[] {
  return cases.flatMap((one) =>
    one.methods.slice(0, -1).map((method) =>
      blockEffect(...gainOf(
        { ...rowFor(rows, one, linear), against: rowFor(rows, one, method) },
        squaredError,
      ))
    )
  );
}
