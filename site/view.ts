/**
 * @file What the layouts show, prepared so that the layouts decide nothing.
 */
import type { Column, Outcome } from "../pipeline/results.ts";
import { markdownToHtml } from "./markdown.ts";
import { type Drawing, drawPlot } from "./plot/draw.ts";
import type { CellResult, ExperimentResult, JobResult, Results } from "./results.ts";
import { prose } from "./words.ts";

/** The glyph says the verdict a second time, for readers who do not tell the colours apart. */
const VERDICTS: Record<Outcome, { label: string; glyph: string; meaning: string }> = {
  supported: { label: "Supported", glyph: "✓", meaning: "The rule found for the hypothesis." },
  refuted: { label: "Refuted", glyph: "✕", meaning: "The rule found against the hypothesis." },
  undecided: { label: "Undecided", glyph: "?", meaning: "The rule could not decide." },
  illustration: {
    label: "Illustration",
    glyph: "○",
    meaning: "Too small to judge the hypothesis; it shows how the measurement works.",
  },
};

export function verdictView({ outcome, rule, reason }: ExperimentResult) {
  return { outcome, ...VERDICTS[outcome], rule: prose(rule), reason: prose(reason) };
}

export interface TableView {
  columns: { id: string; label: string; unit?: string; numeric: boolean }[];
  rows: { label: string; groupStart: boolean; cells: TableCell[] }[];
  notes: { label: string; text: string }[];
  /** Columns at the left that name the rows and stay in sight: none, one or two. */
  pinned: number;
  /** Characters of the widest entry of the first column: where the second one stays. */
  firstWidth: number;
  /** Too many rows to see the head with the last, and too many columns for the text's width. */
  long: boolean;
  broad: boolean;
}

const LONG = 30;
const BROAD = 9;
/** A first column wider than this would leave no room for a second that stays. */
const NARROW = 12;

export interface TableCell {
  numeric: boolean;
  /** The first cell names the row. */
  heading: boolean;
  /** Says what the row above says. */
  repeated: boolean;
  missing: boolean;
  text: string;
  interval: string | null;
  /** Anchor of the provenance page; null for what only names the row. */
  anchor: string | null;
}

export function tableView({ columns, rows }: ExperimentResult): TableView {
  const numeric = columns.map((c) =>
    c.format !== "text" && rows.every((row) => row.get(c.id)?.value !== null)
  );
  const first = columns[0].id;
  const naming = (i: number) => {
    const cells = columns[i] ? rows.map((row) => row.get(columns[i].id)) : [];
    return cells.length > 0 && cells.every((cell) => cell?.kind === "label");
  };
  const firstWidth = Math.max(
    ...columns[0].label.split(" ").map((word) => word.length),
    ...rows.map((row) => row.get(first)?.text.length ?? 1),
  );
  return {
    columns: columns.map(({ id, label, unit }, i) => ({ id, label, unit, numeric: numeric[i] })),
    rows: rows.map((row, r) => {
      const above = rows[r - 1];
      const repeats = (id: string) =>
        row.get(id)?.kind === "label" && row.get(id)?.text === above?.get(id)?.text;
      return {
        label: rowLabel(columns, row, r),
        groupStart: r > 0 && !repeats(first),
        cells: columns.map(({ id }, i) => {
          const cell = row.get(id);
          return {
            numeric: numeric[i],
            heading: i === 0,
            repeated: i === 0 && repeats(id),
            missing: !cell,
            text: cell?.text ?? "–",
            interval: cell?.interval ?? null,
            anchor: cell?.kind === "measured" ? anchor(r, id) : null,
          };
        }),
      };
    }),
    pinned: !naming(0) ? 0 : firstWidth <= NARROW && naming(1) ? 2 : 1,
    firstWidth,
    long: rows.length > LONG,
    broad: columns.length > BROAD,
    notes: columns.filter((c) => c.note || c.better).map((c) => {
      const parts = [c.better ? `${c.better} is better` : "", c.note ?? ""].filter((part) => part);
      return { label: c.label, text: parts.join("; ").replace(/\.$/, "") + "." };
    }),
  };
}

export interface PlotView extends Drawing {
  id: string;
  title: string;
  caption: string;
}

/** Plots that have at least one point to show. */
export function plotViews(experiment: ExperimentResult): PlotView[] {
  return experiment.plots.map((spec) => {
    const { id, title, caption } = spec;
    return { id, title, caption, ...drawPlot(spec, experiment) };
  }).filter((plot) => plot.wide);
}

export function methodHtml({ method }: ExperimentResult): string {
  return markdownToHtml(method);
}

/** Every measured cell with the jobs its runs came from, a group for each row. */
export function cellSources({ columns, rows, jobs }: ExperimentResult) {
  const byKey = new Map(jobs.map((job) => [job.key, job]));
  return rows.map((row, r) => ({
    label: rowLabel(columns, row, r),
    cells: columns.filter(({ id }) => row.get(id)?.kind === "measured").map((column) => {
      const { text, interval, n, runs } = row.get(column.id)!;
      return {
        ...{ text, interval, n: n === null ? null : String(n) },
        anchor: anchor(r, column.id),
        column: column.label,
        runs: runs.map(({ run, job }) => ({ run, anchor: jobAnchor(byKey.get(job)!) })),
      };
    }),
  })).filter((row) => row.cells.length);
}

export function jobViews({ jobs }: ExperimentResult, { machines }: Results) {
  const byKey = new Map(jobs.map((job) => [job.key, job]));
  return jobs.map((job) => ({
    ...job,
    anchor: jobAnchor(job),
    params: JSON.stringify(job.params, null, 2),
    engine: `${job.engine} ${job.engineVersion}`.trim(),
    machine: job.machine === null ? null : machines.get(job.machine) ?? job.machine,
    seed: job.seed === null ? null : String(job.seed),
    seconds: job.seconds === null ? null : job.seconds.toFixed(job.seconds < 10 ? 2 : 0),
    inputs: job.inputs.map(({ name, job, content }) => {
      const maker = job === null ? undefined : byKey.get(job)!;
      return { name, content, label: maker?.label, anchor: maker && jobAnchor(maker) };
    }),
  }));
}

/** "λ 0.36, Kalman filter": what tells this row from the others. */
function rowLabel(columns: Column[], row: Map<string, CellResult>, r: number): string {
  const parts = columns.filter((c) => row.get(c.id)?.kind === "label").map((c) => {
    const cell = row.get(c.id)!;
    return cell.value === null ? cell.text : `${c.label} ${cell.text}`;
  });
  return parts.join(", ") || `Row ${r + 1}`;
}

function anchor(row: number, column: string): string {
  return `cell-${row}-${column}`;
}

function jobAnchor({ key }: JobResult): string {
  return `job-${key}`;
}
