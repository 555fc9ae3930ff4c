/**
 * @file Text to rows of cells, which stay text. Papa Parse cuts them: of the parsers that run in browsers it is the one that
 * says where quotes go wrong and needs a second for 50 MB (csv-parse's browser build needs `__proto__`, which Deno disables).
 */
import { DataError } from "./data_error.ts";
import {
  DELIMITERS,
  findDelimiter,
  hasHeader,
  isAbsent,
  isBlank,
  isNumber,
  isTyped,
  type Preamble,
  readPreamble,
  sampleOf,
  split,
} from "./dialect.ts";
import { listLines } from "./lines.ts";
import { lineAt } from "./text.ts";

/** A table cut into cells, which nobody has read as numbers or dates yet. */
export interface Cells {
  /** Names of the columns, trimmed; no two are equal. */
  header: string[];
  /** Columns that have no name in the file, by their place: `header` calls them `column 1`, … */
  unnamed: Set<number>;
  /** Rows of data; every row has `header.length` cells. */
  rows: string[][];
  /** The delimiter. */
  delimiter: string;
  /** 1-based line in which data row i begins. */
  line(i: number): number;
  /** What was found, for people: delimiter, header, and lines that are no rows. */
  found: string[];
  /** What was left out: comments, blank lines, an empty last column. */
  leftOut: string[];
}

/** What is known of a table before it is read. */
export interface TableOptions {
  /** One character, or a name of `DELIMITERS`; absent: found. */
  delimiter?: string;
  /** Line of the names of the columns, null for none; absent: found. */
  header?: number | null;
}

/**
 * Cuts a table into names and rows of equal length. Only comments and blank lines before the table, and blank lines, are no
 * rows; in a table of one column a blank line is an empty cell unless it is at the end.
 * @throws DataError for an empty file, quotes that do not match, or a row whose number of cells differs.
 */
export function readCells(text: string, file: string, options: TableOptions = {}): Cells {
  if (text.trim() === "") {
    throw new DataError({ file }, "the file is empty. Expected a header and rows of numbers.");
  }
  const preamble = startAt(text, file, options.header) ?? readPreamble(text);
  const body = text.slice(preamble.offset).replace(/\n$/, "");
  if (body === "") throw new DataError({ file }, "nothing but comments. Expected rows of numbers.");
  const sample = sampleOf(body);
  const delimiter = delimiterOf(options.delimiter, file) ?? preamble.delimiter ??
    findDelimiter(sample);
  const records = cut(body, delimiter, file, preamble.lines);
  const lineOf = lines(records, preamble.lines + 1, body.includes('"'));
  const header = chooseHeader(records, preamble, options.header, delimiter);
  const from = header.inTable ? 1 : 0;

  const kept: number[] = [];
  const blank = [...preamble.blank];
  let last = records.length;
  while (last > from && isBlank(records[last - 1])) last--;
  for (let r = from; r < records.length; r++) {
    if (isBlank(records[r]) && (header.names.length > 1 || r >= last)) blank.push(lineOf(r));
    else kept.push(r);
  }
  const rows = kept.length === records.length ? records : kept.map((r) => records[r]);
  const line = (i: number) => lineOf(kept[i]);
  const leftOut = [
    ...listLines(typeof options.header === "number" ? "line" : "comment", preamble.comments),
    ...listLines("blank line", blank),
    ...dropEmptyEnd(header.names, rows),
  ];
  requireWidth(rows, header.names.length, file, delimiter, line, header.line);
  const { names, unnamed } = uniqueNames(header.names);
  const name = Object.keys(DELIMITERS).find((key) => DELIMITERS[key] === delimiter);
  return {
    header: names,
    unnamed,
    rows,
    delimiter,
    line,
    found: [
      ...(names.length === 1 ? ["one column"] : [name ? `${name}s` : `delimiter ${delimiter}`]),
      header.line === undefined
        ? "no header (line " + (kept.length > 0 ? line(0) : 1) + " is data)"
        : `header in line ${header.line}`,
    ],
    leftOut,
  };
}

function startAt(text: string, file: string, header?: number | null): Preamble | undefined {
  if (header === undefined || header === null) return undefined;
  let offset = 0;
  for (let line = 1; line < header; line++) {
    offset = text.indexOf("\n", offset) + 1;
    if (offset === 0 || offset === text.length) {
      throw new DataError(
        { file },
        `--header ${header}: the file has ${line} line${line === 1 ? "" : "s"}.`,
      );
    }
  }
  const comments = Array.from({ length: header - 1 }, (_, i) => i + 1);
  return { offset, lines: header - 1, comments, blank: [] };
}

function delimiterOf(given: string | undefined, file: string): string | undefined {
  if (given === undefined) return undefined;
  const delimiter = DELIMITERS[given.toLowerCase()] ?? (given === "\\t" ? "\t" : given);
  if (delimiter.length === 1 && !/["\n\r\w]/.test(delimiter)) return delimiter;
  throw new DataError(
    { file },
    `the delimiter ${JSON.stringify(given)} is not allowed. Allowed: ` +
      `${Object.keys(DELIMITERS).join(", ")}, or one character that is no letter, digit or quote.`,
  );
}

function cut(text: string, delimiter: string, file: string, before: number): string[][] {
  const { rows, errors } = split(text, delimiter);
  const error = errors.find(({ type }) => type === "Quotes");
  if (error) {
    const what = error.code === "MissingQuotes"
      ? "the quote that opens a cell is never closed"
      : "a quoted cell goes on after its closing quote";
    throw new DataError(
      { file, line: before + lineAt(text, error.index ?? 0) },
      `the quotes do not match: ${what}. A quote inside a quoted cell is doubled.`,
    );
  }
  return rows;
}

/** Line of record r; where nothing is quoted, every record is one line. */
function lines(records: string[][], first: number, quoted: boolean): (r: number) => number {
  if (!quoted) return (r) => first + r;
  let starts: Uint32Array | undefined;
  return (r) => (starts ??= countLines(records, first))[r];
}

function countLines(records: string[][], first: number): Uint32Array {
  const starts = new Uint32Array(records.length);
  let line = first;
  records.forEach((record, r) => {
    starts[r] = line++;
    for (const cell of record) if (cell.includes("\n")) line += cell.split("\n").length - 1;
  });
  return starts;
}

interface Header {
  names: string[];
  /** Whether it is the first row of the table. */
  inTable: boolean;
  /** Its line; absent for a table without names. */
  line?: number;
}

function chooseHeader(
  records: string[][],
  preamble: Preamble,
  header: number | null | undefined,
  delimiter: string,
): Header {
  const none = { names: records[0].map(() => ""), inTable: false };
  if (header === null) return none;
  const head = records.slice(0, 200);
  const width = head.length > 1 ? head[1].length : head[0].length;
  // Row names have no name in what R writes: the header is one cell short.
  const rowNames = width === records[0].length + 1 &&
    hasRowNames(records[0], records.slice(1).filter((row) => !isBlank(row)));
  if (
    typeof header === "number" || hasHeader(rowNames ? [["", ...head[0]], ...head.slice(1)] : head)
  ) {
    const names = rowNames ? ["", ...records[0]] : records[0];
    return { names, inTable: true, line: preamble.lines + 1 };
  }
  const commented = preamble.lastComment === undefined
    ? []
    : split(preamble.lastComment.trim(), delimiter).rows[0] ?? [];
  if (width > 1 && commented.length === width && hasHeader([commented, ...head])) {
    const line = preamble.comments.pop()!;
    return { names: commented, inTable: false, line };
  }
  return none;
}

/** Not so where a comma was a decimal mark, or a last column has no name: the dates stand under their own name then. */
function hasRowNames(header: string[], rows: string[][]): boolean {
  const width = header.length + 1;
  const head = rows.slice(0, 200);
  const values =
    head.every((row) =>
      row.length === width && (isTyped(row[width - 1]) || isAbsent(row[width - 1]))
    ) && head.some((row) => isTyped(row[width - 1]));
  // The name of a date that spaces have cut in two stands over its time.
  const cut = head.every((row) => isTyped(row[0]) && /\d:\d/.test(row[1]));
  if (!values || !cut && new Set(rows.map(([name]) => name)).size < rows.length) return false;
  if (head.every(([name], i) => Number(name) === i + 1)) return true;
  if (/date|time/i.test(header[0]) && head.every((row) => isTyped(row[0]) && isNumber(row[1]))) {
    return false;
  }
  // Before a single column a number may be what a decimal comma has cut off.
  return width > 2 || !head.every(([name]) => isNumber(name));
}

/** A delimiter at the end of every row makes a column of nothing. */
function dropEmptyEnd(names: string[], rows: string[][]): string[] {
  const width = rows[0]?.length ?? 0;
  const named = names[width - 1];
  if (width < 2 || width < names.length || width > names.length + 1) return [];
  if (named !== undefined && named.trim() !== "") return [];
  if (!rows.every((row) => row.length === width && row[width - 1].trim() === "")) return [];
  for (const row of rows) row.pop();
  names.length = width - 1;
  return [`column ${width} (no name, empty)`];
}

function requireWidth(
  rows: string[][],
  width: number,
  file: string,
  delimiter: string,
  line: (i: number) => number,
  header: number | undefined,
): void {
  const i = rows.findIndex((row) => row.length !== width);
  if (i < 0) return;
  const count = rows[i].length;
  const most = header === undefined ? `line ${line(0)}` : `the header in line ${header}`;
  const mark = width === 1
    ? " If it is a decimal mark: --delimiter semicolon."
    : " If commas are decimal marks, write semicolons between the cells.";
  const advice = delimiter === ","
    ? " A comma inside a cell must be quoted." + (count > width ? mark : "")
    : "";
  const title = width === 1 && header !== undefined
    ? ` If line ${header} is a title, name the line of the header: --header LINE.`
    : "";
  throw new DataError(
    { file, line: line(i) },
    `${count} cell${
      count === 1 ? "" : "s"
    }, but ${most} has ${width}. Every row needs one cell a ` +
      `column: correct the row, or remove it if it is no data.${advice}${title}`,
  );
}

/** Names that can be told apart and chosen: a second `load` becomes `load (2)`. */
function uniqueNames(names: string[]): { names: string[]; unnamed: Set<number> } {
  const trimmed = names.map((name) => name.trim());
  const taken = new Set(trimmed);
  const seen = new Set<string>();
  const unnamed = new Set<number>();
  const unique = trimmed.map((name, j) => {
    if (name === "") unnamed.add(j);
    let candidate = name === "" ? `column ${j + 1}` : name;
    for (let n = 2; seen.has(candidate) || candidate !== name && taken.has(candidate); n++) {
      candidate = `${name || `column ${j + 1}`} (${n})`;
    }
    seen.add(candidate);
    return candidate;
  });
  return { names: unique, unnamed };
}
