/**
 * @file What a delimited file looks like before any cell is read: the lines that come before the table, the delimiter, whether
 * the first row names the columns. Found on a sample, by which reading makes rows of equal length whose cells are numbers and dates.
 */
// @ts-types="./papaparse.d.ts"
import Papa from "papaparse";

/** Delimiters that are looked for, by name. A run of spaces counts as one. */
export const DELIMITERS: Record<string, string> = {
  comma: ",",
  semicolon: ";",
  tab: "\t",
  pipe: "|",
  space: " ",
};

/** The lines before the table. */
export interface Preamble {
  /** Where the table begins. */
  offset: number;
  /** Lines before it. */
  lines: number;
  /** 1-based numbers of comment lines. */
  comments: number[];
  /** 1-based numbers of blank lines. */
  blank: number[];
  /** The last comment without its mark, which may hold the names of the columns. */
  lastComment?: string;
  /** What a `sep=` line, as spreadsheets write it, says. */
  delimiter?: string;
}

const COMMENT = /^\s*(#|%|\/\/)/;

/** Comments and blank lines at the start of a file, and its `sep=` line. */
export function readPreamble(text: string): Preamble {
  const preamble: Preamble = { offset: 0, lines: 0, comments: [], blank: [] };
  for (let at = 0; at < text.length; at = preamble.offset) {
    const end = text.indexOf("\n", at);
    const next = end < 0 ? text.length : end + 1;
    const line = text.slice(at, end < 0 ? text.length : end);
    const sep = /^"?sep=(.)"?\s*$/i.exec(line);
    if (sep && preamble.delimiter === undefined) preamble.delimiter = sep[1];
    else if (line.trim() === "") preamble.blank.push(preamble.lines + 1);
    else if (COMMENT.test(line)) {
      preamble.comments.push(preamble.lines + 1);
      preamble.lastComment = line.replace(COMMENT, "");
    } else break;
    preamble.offset = next;
    preamble.lines++;
  }
  return preamble;
}

/** What was cut, and where quotes went wrong. */
export interface Rows {
  /** Cells of each row. */
  rows: string[][];
  /** Of Papa Parse. */
  errors: { type: string; code: string; index?: number }[];
}

/** Cuts text into rows of cells as they stand; a quote opens a cell only at its beginning. */
export function split(text: string, delimiter: string, preview = 0): Rows {
  const spaces = delimiter === " ";
  const { data, errors } = Papa.parse<string[]>(spaces ? text.replaceAll("\t", " ") : text, {
    delimiter,
    newline: "\n",
    preview,
  });
  return { errors, rows: spaces ? data.map((row) => row.filter((cell) => cell !== "")) : data };
}

const SAMPLE_ROWS = 100;
const SAMPLE_LENGTH = 65_536;
/** Of a row, where cells are looked at one by one. */
const SAMPLE_CELLS = 500;

/** The first rows of a table, whole lines. */
export function sampleOf(text: string): string {
  let end = 0;
  for (let row = 0; row < SAMPLE_ROWS; row++) {
    const next = text.indexOf("\n", end);
    if (next < 0) return text;
    end = next + 1;
    if (end >= SAMPLE_LENGTH && row >= 4) break;
  }
  return text.slice(0, end);
}

const NUMBER = /^[-+\u2212$€£]?(\d[\d.,'’\u00a0\u202f_ ]*|\.\d+)(e[-+]?\d+)?\s?%?$/i;
const DATE =
  /^\d{1,4}([-/.]\d{1,2}){1,2}(\d\d)?([T ]|$)|^\d{1,2}:\d\d|^\d{4}-?(W|Q|M)\d|^(\d{1,2}[- ])?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[- .]|^Q[1-4]\b/i;
const ABSENT = /^(|nan|na|n\/a|null|none|-|\?|inf|-inf)$/i;

/** Whether a cell could be a number or a date, in some notation. */
export function isTyped(cell: string): boolean {
  const t = cell.trim();
  return NUMBER.test(t) || DATE.test(t);
}

/** Whether a cell could be a number, in some notation. */
export function isNumber(cell: string): boolean {
  return NUMBER.test(cell.trim());
}

/** Whether a cell says that there is no value. */
export function isAbsent(cell: string): boolean {
  return ABSENT.test(cell.trim());
}

/**
 * The delimiter that makes the rows of a sample alike. Numbers with decimal commas make rows alike as well, so cells
 * count that are numbers or dates once they are cut.
 */
export function findDelimiter(sample: string): string {
  let best = ",", bestScore = 0;
  for (const delimiter of ["\t", ";", "|", ",", " "]) {
    const score = scoreOf(split(sample, delimiter, SAMPLE_ROWS).rows.filter((r) => !isBlank(r)));
    if (score > bestScore + 1e-9) [best, bestScore] = [delimiter, score];
  }
  return best;
}

function scoreOf(rows: string[][]): number {
  const counts = new Map<number, number>();
  for (const { length } of rows) counts.set(length, (counts.get(length) ?? 0) + 1);
  const [width, alike] = [...counts].reduce((a, b) => b[1] > a[1] ? b : a, [0, 0]);
  if (width < 2) return 0;
  const data = rows.length > 1 ? rows.slice(1) : rows;
  let typed = 0, cells = 0;
  for (const row of data) {
    for (const cell of row.slice(0, SAMPLE_CELLS)) {
      cells++;
      if (isTyped(cell) || isAbsent(cell)) typed++;
    }
  }
  const named = rows[0].length === width ? 1 : 0.5;
  // A text that only happens to be cut the same way everywhere has no numbers in it.
  return alike / rows.length * named * (0.05 + typed / cells);
}

/** Whether a row is an empty line. */
export function isBlank(row: string[]): boolean {
  return row.length === 0 || row.length === 1 && row[0].trim() === "";
}

/**
 * Whether the first row holds names: in a column that is numbers or dates further down it does not, or it holds
 * nothing but different whole numbers that are no values, as the numbers of sensors are.
 */
export function hasHeader(rows: string[][]): boolean {
  const [first, ...rest] = rows;
  const most = Math.max(5, Math.min(SAMPLE_ROWS, Math.floor(100_000 / first.length)));
  const data = rest.filter((row) => row.length === first.length).slice(0, most);
  if (data.length === 0) return !first.some(isTyped);
  let names = 0, values = 0;
  const numeric: number[] = [];
  for (let j = 0; j < first.length; j++) {
    const present = data.map((row) => row[j].trim()).filter((cell) => !isAbsent(cell));
    if (present.length === 0 || !present.every(isTyped)) continue;
    const cell = first[j].trim();
    if (isTyped(cell)) {
      values++;
      // A date among dates is data, whatever stands beside it.
      if (!NUMBER.test(cell) && present.every((other) => !NUMBER.test(other))) return false;
      numeric.push(j);
    } else if (!isAbsent(cell) || cell === "") names++;
  }
  if (names > 0) return true;
  if (values === 0) return !first.some(isTyped);
  return numeric.length > 1 && numeric.length === values && areLabels(numeric, first, data);
}

/** Whole numbers above values that are not: counted on from left to right, or ten times as large. */
function areLabels(columns: number[], first: string[], data: string[][]): boolean {
  const labels = columns.map((j) => first[j].trim());
  if (!labels.every((label) => /^\d+$/.test(label))) return false;
  if (new Set(labels).size < labels.length) return false;
  const values = data.flatMap((row) => columns.map((j) => Number(row[j]))).filter(Number.isFinite);
  if (values.length === 0 || values.every(Number.isInteger)) return false;
  const most = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return labels.every((label, k) => Number(label) === Number(labels[0]) + k) ||
    labels.every((label) => Number(label) >= 10 * most);
}
