/**
 * @file What the layouts show, prepared so that the layouts decide nothing.
 */
import { shortCommit, span } from "../pipeline/publish/markdown.ts";
import type { Column, Outcome } from "../pipeline/results.ts";
import { markdownToHtml } from "./markdown.ts";
import { type Drawing, drawPlot } from "./plot/draw.ts";
import type { Styles } from "./plot/styles.ts";
import type { CellResult, ExperimentResult, JobResult } from "./results.ts";
import { sourceUrl } from "./sources.ts";
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
  rows: TableRow[];
  notes: { label: string; text: string }[];
  /** Columns at the left that name the rows and stay in sight: none, one or two. */
  pinned: number;
  /** Characters of the widest entry of the first column: where the second one stays. */
  firstWidth: number;
  /** Too many rows to see the head with the last, and too many columns for the text's width. */
  long: boolean;
  broad: boolean;
}

export interface TableRow {
  label: string;
  groupStart: boolean;
  cells: TableCell[];
  /** How many jobs its numbers came from at once, the seeds among them, and the commits. */
  jobs: number;
  seeds: string;
  commits: string;
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
  /** Observations behind it. */
  n: string | null;
  /** From the root of the site, where it came from; null for what only names the row. */
  source: string | null;
}

export function tableView({ id: experiment, columns, rows, jobs }: ExperimentResult): TableView {
  const byKey = new Map(jobs.map((job) => [job.key, job]));
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
        ...behindRow(row, byKey),
        cells: columns.map(({ id }, i) => {
          const cell = row.get(id);
          return {
            numeric: numeric[i],
            heading: i === 0,
            repeated: i === 0 && repeats(id),
            missing: !cell,
            text: cell?.text ?? "–",
            interval: cell?.interval ?? null,
            n: cell?.n === null || cell?.n === undefined ? null : String(cell.n),
            source: cell?.kind === "measured" ? sourceUrl(experiment, r, id) : null,
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
  /** From the root of the site, without ending: where its files are. */
  file: string;
  /** Too large to stand in a page: it is shown as a picture. */
  large: boolean;
}

/** Bytes of a drawing up to which it stands in the page, where its values can be pointed at. */
const LARGE = 22_000;

/** Drawings take most of the time of a build, and a plot is on its page, in its files and perhaps on the front page. */
const drawnPlots = new WeakMap<ExperimentResult, { styles: Styles; views: PlotView[] }>();

/** Plots that have at least one point to show. */
export function plotViews(experiment: ExperimentResult, styles: Styles): PlotView[] {
  const known = drawnPlots.get(experiment);
  if (known?.styles === styles) return known.views;
  const views = experiment.plots.map((spec) => {
    const { id, title, caption } = spec;
    const drawn = drawPlot(spec, experiment, styles);
    const large = Math.max(drawn.wide.length, drawn.narrow.length) > LARGE;
    return { id, title, caption, ...drawn, large, file: `plots/${experiment.id}-${id}` };
  }).filter((plot) => plot.wide);
  drawnPlots.set(experiment, { styles, views });
  return views;
}

export function methodHtml({ method }: ExperimentResult): string {
  return markdownToHtml(method);
}

/** What a row says of its jobs before anybody opens them. */
function behindRow(row: Map<string, CellResult>, jobs: ReadonlyMap<string, JobResult>) {
  const keys = new Set([...row.values()].flatMap(({ runs }) => runs.map(({ job }) => job)));
  const behind = [...keys].flatMap((key) => jobs.get(key) ?? []);
  const seeds = [...new Set(behind.flatMap(({ seed }) => seed ?? []))].sort((a, b) => a - b);
  const commits = [...new Set(behind.flatMap(({ commit }) => commit ?? []))].map(shortCommit)
    .sort();
  return { jobs: behind.length, seeds: span(seeds), commits: commits.join(", ") };
}

/** "λ 0.36, Kalman filter": what tells this row from the others. */
export function rowLabel(columns: Column[], row: Map<string, CellResult>, r: number): string {
  const parts = columns.filter((c) => row.get(c.id)?.kind === "label").map((c) => {
    const cell = row.get(c.id)!;
    return cell.value === null ? cell.text : `${c.label} ${cell.text}`;
  });
  return parts.join(", ") || `Row ${r + 1}`;
}
