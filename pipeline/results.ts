/**
 * @file What an experiment ends in: one table, the rule that judged it, and the plots that show it.
 *
 * Experiments produce a `Summary`, the aggregate stage checks it, publish writes it down and the site
 * draws it, so its shape is settled here once. A summary travels as JSON, which has no NaN and no
 * infinity; `encodeSummary` writes those three as strings and `parseSummary` reads them back, because
 * a diverged run must show up as NaN in the table rather than as a hole or a zero.
 */
import type { Hypothesis } from "../lib/analysis/judge.ts";
import type { ProfileName } from "./profiles.ts";
import type { Tag, Tags } from "./tags.ts";
import { summarySchema } from "./summary_schema.ts";
import type { Judged, Score, Statistic, Term } from "./terms.ts";

/** What a reader is told about an experiment before seeing a number. */
export interface ExperimentMeta {
  /** File name and anchor: lower-case letters, digits and hyphens. */
  id: string;
  title: string;
  question: string;
  hypothesis: string;
  /** How it was measured; Markdown (paragraphs, lists, `code`, **bold**, *emphasis*, links). */
  method: string;
  /** The smallest profile that it is part of; all are when left out. */
  from?: ProfileName;
  /** What its standard profile was published with before the design changed; the page says whether that stands. */
  earlier?: EarlierVerdict;
}

/** A verdict of an earlier design. */
export interface EarlierVerdict {
  outcome: Outcome;
  /** What it was judged on: "five systems". */
  on: string;
  /** Of the published table, abbreviated. */
  commit: string;
}

/** The same of a published table. */
export interface PublishedMeta extends ExperimentMeta {
  /** The command that makes this table from nothing. */
  command: string;
}

/** One measured number and where it came from. */
export interface Cell {
  value: number;
  /** Ends of the interval; both or neither. */
  low?: number;
  high?: number;
  /** Number of observations (sequences, windows, seeds) behind the value. */
  n?: number;
  /** Input names of the aggregate job; publish resolves them to jobs. Never empty. */
  runs: string[];
  /** What it is made of; the aggregate stage names what has no terms after its column. */
  terms?: readonly Term[];
  /** How terms become the value; their mean over systems unless said. */
  statistic?: Statistic;
}

/**
 * A number that the runs do not contain, because it differs from one time to the next: seconds,
 * memory. `summarize` says which; publish reads it from the catalogue and puts a cell in its place,
 * the mean over the distinct jobs with its 95 % interval, or nothing where it was not observed.
 */
export interface Observed {
  observed: {
    /** What the jobs observed, for example "step seconds"; "seconds" is how long a job took. */
    name: string;
    /** The nearest job of this stage among the run and what it was made from; absent: the run. */
    stage?: string;
    /** Name of a scalar of the same job that multiplies the number. */
    times?: string;
    /** A constant that multiplies it, such as 1e6 for seconds to microseconds. */
    scale?: number;
  };
  /** As of a cell. */
  runs: string[];
}

export type ColumnFormat = "ratio" | "percent" | "integer" | "seconds" | "text" | "fixed3";

export interface Column {
  /** Column of the Parquet file: a letter, then letters, digits and underscores. */
  id: string;
  label: string;
  unit?: string;
  /** How a number is written; "percent" multiplies by 100. Four significant digits when absent. */
  format?: ColumnFormat;
  better?: "lower" | "higher";
  /** A short explanation, shown under the table. */
  note?: string;
}

/** Text and plain numbers say what the row is about; the others are what was measured. */
export type RowValue = string | number | Cell | Observed;

/** A column that a row lacks was not measured. */
export type Row = Record<string, RowValue>;

export interface PlotSpec {
  id: string;
  title: string;
  caption: string;
  /** Column whose values split the plot into panels side by side, with the same scales. */
  facet?: string;
  x: { column: string; label: string; scale?: "linear" | "log" | "band" };
  y: { column: string; label: string; scale?: "linear" | "log" };
  /** Column whose values split the rows into series. */
  series?: string;
  marks: ("line" | "dot" | "interval" | "bar")[];
  /** Horizontal reference lines. */
  rules?: { y: number; label: string }[];
}

export type Outcome = "supported" | "refuted" | "undecided" | "illustration";

export interface Verdict {
  outcome: Outcome;
  /** The rule as stated before the numbers were seen. */
  rule: string;
  /** A computed sentence with the numbers that the rule looked at. */
  reason: string;
  /** Two-sided p of the whole hypothesis, where the judge of lib/analysis tested it. */
  p?: number;
  /** How many units were declared to judge. */
  declared?: number;
  /** What it judged. */
  clauses?: Judged[];
  /** It is judged when the table is published, and only then. */
  observed?: ObservedVerdict;
}

/** A hypothesis on numbers that the runs do not contain; see {@linkcode Observed}. It has no controls. */
export interface ObservedVerdict {
  hypothesis: Hypothesis;
  /** For each clause what to read of the jobs, one run for each unit. */
  effects: ObservedEffect[];
}

/** What jobs observed of one clause. */
export interface ObservedEffect {
  /** As in {@linkcode Observed}. */
  name: string;
  /** The units. */
  at: Tag[];
  /** One of each. */
  runs: string[];
}

export interface Summary {
  columns: Column[];
  rows: Row[];
  verdict: Verdict;
  /** Computed sentences for the front page. */
  findings: string[];
  plots: PlotSpec[];
  /** What cells and clauses are made of; put there by the aggregate stage. */
  scores?: Score[];
  /** Of the runs that scores name; likewise. */
  tags?: Record<string, Tags>;
}

/** A summary in which publish has put cells in the place of what was observed, and considered all verdicts together. */
export type PublishedSummary = Omit<Summary, "rows" | "verdict"> & {
  rows: PublishedRow[];
  verdict: PublishedVerdict;
};
export interface PublishedVerdict extends Verdict {
  /** p adjusted for all experiments of the profile. */
  q?: number;
  /** The outcome before the others were considered. */
  alone?: Outcome;
}
export type PublishedRow = Record<string, Exclude<RowValue, Observed>>;

/** True for a measured number, false for the text or number that names a row. */
export function isCell(value: RowValue | undefined): value is Cell {
  return typeof value === "object" && value !== null && "value" in value;
}

/** True for a number that only the catalogue knows. */
export function isObserved(value: RowValue | undefined): value is Observed {
  return typeof value === "object" && value !== null && "observed" in value;
}

/** The number of a cell or of a plain numeric value; `undefined` for text and for a missing value. */
export function numberOf(value: RowValue | undefined): number | undefined {
  if (isCell(value)) return value.value;
  return typeof value === "number" ? value : undefined;
}

/**
 * Checks a summary and returns it with NaN and infinities as numbers.
 *
 * @param value a `Summary`, or what `JSON.parse` gives for an encoded one
 * @param source named in the error, for example "summarize of experiment eigenvalue-sweep"
 * @throws {Error} naming the source, the field, the value and what is allowed
 */
export function parseSummary(value: unknown, source: string): Summary {
  const parsed = summarySchema().safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = issue.path.map(String).join(".") || "(whole value)";
    const found = show(issue.path.reduce(step, value));
    throw new Error(`${source}: ${at} is ${found}: ${issue.message}.`);
  }
  const summary = parsed.data as Summary;
  const problem = inconsistency(summary);
  if (problem) throw new Error(`${source}: ${problem}.`);
  return summary;
}

/** The summary as JSON text, byte for byte the same for the same summary. */
export function encodeSummary(summary: Summary): string {
  return JSON.stringify(summary, (_key, v) => {
    return typeof v === "number" && !Number.isFinite(v) ? String(v) : v;
  }, 1) + "\n";
}

/** What a schema of single fields cannot see; `undefined` when the parts agree. */
function inconsistency(summary: Summary): string | undefined {
  const ids = summary.columns.map((c) => c.id);
  const known = `columns are ${ids.join(", ")}`;
  // The Parquet file holds three more columns beside every measured one; SQL ignores case.
  const taken = new Set<string>();
  for (const id of ids) {
    const low = id.toLowerCase();
    if (taken.has(low)) return `column id "${id}" is used twice`;
    taken.add(low);
  }
  for (const id of taken) {
    const base = id.replace(/_(low|high|n)$/, "");
    if (base !== id && taken.has(base)) {
      return `column id "${id}" is reserved for the interval of "${base}"; choose another id`;
    }
  }
  for (const [r, row] of summary.rows.entries()) {
    for (const [id, value] of Object.entries(row)) {
      if (!ids.includes(id)) return `rows.${r} has a value for "${id}", but the ${known}`;
      if (!isCell(value)) continue;
      const { low, high } = value;
      if ((low === undefined) !== (high === undefined)) {
        return `rows.${r}.${id} has one end of an interval; give both low and high, or neither`;
      }
      if (low! > high!) return `rows.${r}.${id} has low ${low} above high ${high}`;
    }
  }
  for (const id of ids) {
    const kinds = new Set(summary.rows.map((row) => typeof row[id]));
    if (kinds.has("string") && kinds.has("object")) {
      return `column "${id}" holds text in one row and a measured cell in another; use two columns`;
    }
  }
  const plots = new Set<string>();
  for (const plot of summary.plots) {
    if (plots.has(plot.id)) return `plot id "${plot.id}" is used twice`;
    plots.add(plot.id);
    const drawn = { x: plot.x.column, y: plot.y.column, series: plot.series, facet: plot.facet };
    for (const [role, id] of Object.entries(drawn)) {
      if (id !== undefined && !ids.includes(id)) {
        return `plot "${plot.id}" draws ${role} from "${id}", but the ${known}`;
      }
    }
    if (plot.facet !== undefined && plot.series !== undefined && plot.marks.includes("bar")) {
      return `plot "${plot.id}" draws bars of several series in panels; leave out series or facet`;
    }
    const words = (id: string) => summary.rows.find((row) => typeof row[id] === "string");
    if (words(plot.y.column)) return `plot "${plot.id}" draws y from text in "${plot.y.column}"`;
    if (plot.x.scale !== "band" && words(plot.x.column)) {
      return `plot "${plot.id}" draws x from text in "${plot.x.column}"; use the scale "band"`;
    }
  }
}

function step(value: unknown, key: PropertyKey): unknown {
  return (value as Record<PropertyKey, unknown> | undefined | null)?.[key];
}

function show(value: unknown): string {
  const text = value === undefined ? "missing" : JSON.stringify(value) ?? String(value);
  return text.length > 60 ? text.slice(0, 57) + "..." : text;
}
