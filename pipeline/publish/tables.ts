/**
 * @file The results as rows: one wide table for each experiment, and the tables of the database.
 *
 * Types are those of DuckDB's core: the browser reads the database with a WebAssembly build that can
 * fetch no extension (so JSON is stored as text).
 */
import { isCell, numberOf, type PublishedRow, type PublishedSummary } from "../results.ts";
import { aboutTables } from "./about.ts";
import { formatInterval, formatLabel, formatNumber } from "./format.ts";
import { madeBy } from "./markdown.ts";
import { INPUTS, type Table, type Type, type Value } from "./rows.ts";
import { scoreTable, termTables } from "./score_tables.ts";
import { type JobRecord, jobsOf, type PublishSource } from "./source.ts";

/**
 * One line per row of the summary; beside a measured column its `_low`, `_high` and `_n`, so that
 * the table opens in one line of Python with nothing to unpack. A missing cell is NULL, NaN is NaN.
 */
export function wide({ columns, rows }: Pick<PublishedSummary, "columns" | "rows">): Table {
  const types: Record<string, Type> = {};
  const readers: ((row: PublishedRow) => Value)[] = [];
  const add = (name: string, type: Type, read: (row: PublishedRow) => Value) => {
    types[name] = type;
    readers.push(read);
  };
  for (const { id, format } of columns) {
    const values = rows.map((row) => row[id]).filter((value) => value !== undefined);
    if (values.some((v) => typeof v === "string") || (!values.length && format === "text")) {
      add(id, "VARCHAR", (row) => row[id] === undefined ? null : String(row[id]));
      continue;
    }
    const whole = values.length > 0 &&
      values.every((v) => Number.isInteger(v) && fits(v as number));
    add(id, whole ? "INTEGER" : "DOUBLE", (row) => numberOf(row[id]) ?? null);
    const cells = values.filter(isCell);
    const part = (name: "low" | "high" | "n", type: Type) => {
      if (!cells.some((cell) => cell[name] !== undefined)) return;
      add(`${id}_${name}`, type, (row) => {
        const value = row[id];
        return isCell(value) ? value[name] ?? null : null;
      });
    };
    part("low", "DOUBLE");
    part("high", "DOUBLE");
    part("n", "BIGINT");
  }
  return {
    name: "wide",
    columns: types,
    rows: rows.map((row) => readers.map((read) => read(row))),
  };
}

/**
 * @throws {Error} when a cell cites a run that its experiment does not have
 */
export async function databaseTables(source: PublishSource): Promise<Table[]> {
  const jobs = new Map(source.jobs.map((job) => [job.key, job]));
  const reached = new Map<string, JobRecord>();
  const experiments: Value[][] = [];
  const cells: Value[][] = [];
  const provenance: Value[][] = [];
  for (const [position, experiment] of source.experiments.entries()) {
    const { meta, summary, runs, version } = experiment;
    const { verdict } = summary;
    const behind = jobsOf(experiment, jobs);
    for (const job of behind) reached.set(job.key, job);
    experiments.push([
      meta.id,
      position,
      source.profile,
      meta.title,
      meta.question,
      meta.hypothesis,
      meta.method,
      meta.command,
      verdict.outcome,
      verdict.rule,
      verdict.reason,
      summary.findings,
      madeBy(summary, behind, source.machines),
      summary.rows.length,
      JSON.stringify(summary.columns),
      JSON.stringify(summary.plots),
      version.key,
      version.commit,
      version.older,
      verdict.p ?? null,
      verdict.q ?? null,
      verdict.alone ?? null,
      verdict.declared ?? null,
    ]);
    for (const [r, row] of summary.rows.entries()) {
      for (const { id, format } of summary.columns) {
        const value = row[id];
        if (value === undefined) continue;
        if (typeof value === "string") {
          cells.push([meta.id, r, id, "label", null, null, null, null, value, null, null]);
        } else if (typeof value === "number") {
          const text = formatLabel(value, format);
          cells.push([meta.id, r, id, "label", value, null, null, null, text, null, null]);
        } else {
          const { low = null, high = null, n = null } = value;
          const interval = low === null || high === null ? null : formatInterval(low, high, format);
          const text = formatNumber(value.value, format);
          const { statistic = "mean" } = value;
          cells.push([
            ...[meta.id, r, id, "measured", value.value, low, high, n, text, interval],
            statistic,
          ]);
          for (const run of new Set(value.runs)) {
            if (!Object.hasOwn(runs, run)) {
              const known = Object.keys(runs).slice(0, 5).join(", ");
              throw new Error(
                `publish: experiment "${meta.id}", row ${r}, column "${id}" cites run "${run}", ` +
                  `which is no input of its aggregate job (${known}, ...).`,
              );
            }
            provenance.push([meta.id, r, id, run, runs[run]]);
          }
        }
      }
    }
  }
  const curves = (await source.curves()).filter((point) => reached.has(point.job));
  return [
    {
      name: "experiment",
      columns: {
        ...varchars("id"),
        position: "INTEGER",
        ...varchars("profile", "title", "question", "hypothesis", "method", "command"),
        ...varchars("outcome", "rule", "reason"),
        findings: "VARCHAR[]",
        made: "VARCHAR[]",
        rows: "INTEGER",
        ...varchars("columns", "plots", "key", "commit"),
        older: "BOOLEAN",
        ...{ p: "DOUBLE", q: "DOUBLE", alone: "VARCHAR", declared: "INTEGER" },
      },
      rows: experiments,
    },
    {
      name: "cell",
      columns: {
        experiment: "VARCHAR",
        row: "INTEGER",
        ...varchars("column", "kind"),
        value: "DOUBLE",
        low: "DOUBLE",
        high: "DOUBLE",
        n: "BIGINT",
        ...varchars("text", "interval", "statistic"),
      },
      rows: cells,
    },
    {
      name: "provenance",
      columns: { experiment: "VARCHAR", row: "INTEGER", ...varchars("column", "run", "job") },
      rows: provenance,
    },
    {
      name: "job",
      columns: {
        ...varchars("key", "stage", "label", "params", "code", "engine", "engine_version"),
        machine: "VARCHAR",
        seed: "BIGINT",
        seconds: "DOUBLE",
        command: "VARCHAR",
        inputs: INPUTS,
        commit: "VARCHAR",
      },
      rows: [...reached.values()].map((job) => [
        job.key,
        job.stage,
        job.label,
        JSON.stringify(job.params),
        job.code,
        job.engine,
        job.engineVersion,
        job.machine,
        job.seed,
        job.seconds,
        job.command,
        job.inputs.map(({ name, job, content }) => ({ name, job, content })),
        job.commit,
      ]),
    },
    {
      name: "curve",
      columns: { ...varchars("job", "name"), step: "DOUBLE", value: "DOUBLE" },
      rows: curves.map(({ job, name, step, value }) => [job, name, step, value]),
    },
    {
      name: "machine",
      columns: varchars("id", "description"),
      rows: source.machines.map(({ id, description }) => [id, description]),
    },
    ...aboutTables(source),
    scoreTable(source.experiments),
    ...termTables(source.experiments),
  ];
}

function varchars(...names: string[]): Record<string, Type> {
  return Object.fromEntries(names.map((name) => [name, "VARCHAR" as const]));
}

function fits(value: number): boolean {
  return Math.abs(value) < 2 ** 31;
}
