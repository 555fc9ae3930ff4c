/** @file Cells to numbers: which mark is the decimal one, what separates thousands, and why a cell is no number. */
import { DataError, type Place } from "./data_error.ts";

/** How numbers are written. */
export interface NumberFormat {
  /** Between whole part and fraction. */
  decimal: "." | ",";
  /** Between groups of thousands; absent where there are none. */
  thousands?: string;
}

/** What separates thousands, by name and sign. */
export const THOUSANDS: Record<string, string> = {
  comma: ",",
  point: ".",
  space: " ",
  apostrophe: "'",
  underscore: "_",
};

/** The number in a cell, or NaN. JavaScript's own notations (0x1F, Infinity, an empty cell as 0) are no numbers. */
export function parseNumber(cell: string, format: NumberFormat): number {
  if (format.thousands === undefined && format.decimal === ".") {
    const value = Number(cell);
    // Of the finite numbers that only JavaScript reads, 0x1F, 0o7 and 0b1 are the others.
    if (value !== 0 && Number.isFinite(value) && !/[xob]/i.test(cell)) return value;
  }
  if (format.thousands === undefined && format.decimal === "," && !cell.includes(".")) {
    const value = Number(cell.replace(",", "."));
    if (value !== 0 && Number.isFinite(value) && !/[xob]/i.test(cell)) return value;
  }
  const t = cell.trim().replace("\u2212", "-");
  return plain(format.thousands === undefined ? t : withoutThousands(t, format), format.decimal);
}

const PLAIN = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

function plain(t: string, decimal: string): number {
  const text = decimal === "." ? t : t.includes(".") ? "" : t.replace(",", ".");
  if (!PLAIN.test(text)) return NaN;
  const value = Number(text);
  // What is too small or too large for a double would be another number.
  if (value === 0 && /[1-9]/.test(text.replace(/e.*$/i, ""))) return NaN;
  return Number.isFinite(value) ? value : NaN;
}

/** Groups of three, or of two before the last as in India; anything else is no number. */
function withoutThousands(t: string, { decimal, thousands }: NumberFormat): string {
  const spaces = thousands === " " ? t.replace(/[\u00a0\u202f]/g, " ") : t.replaceAll("’", "'");
  const cut = spaces.search(decimal === "." ? /[.e]/i : /[,e]/i);
  const whole = cut < 0 ? spaces : spaces.slice(0, cut);
  if (!whole.includes(thousands!)) return spaces;
  const groups = whole.replace(/^[-+]/, "").split(thousands!);
  const grouped = /^\d{1,3}$/.test(groups[0]) && /^\d{3}$/.test(groups.at(-1)!) &&
    groups.slice(1).every((group) => /^\d{2,3}$/.test(group));
  return grouped ? whole.replaceAll(thousands!, "") + (cut < 0 ? "" : spaces.slice(cut)) : "";
}

/** What a person says of the format; points and no separators are not worth a word. */
export function describeNumbers({ decimal, thousands }: NumberFormat): string[] {
  const name = Object.keys(THOUSANDS).find((key) => THOUSANDS[key] === thousands);
  return [
    ...(decimal === "," ? ["decimal comma"] : []),
    ...(thousands === undefined ? [] : [`thousands separated by ${name ?? thousands}`]),
  ];
}

/**
 * The formats that flags state, none where it is to be found: two where thousands are separated by what is no decimal mark
 * and the decimal mark is not said. @throws DataError naming what is allowed.
 */
export function statedFormats(
  file: string,
  { decimal, thousands }: { decimal?: string; thousands?: string },
): NumberFormat[] {
  const marks: Record<string, "." | ","> = { ".": ".", ",": ",", point: ".", comma: "," };
  if (decimal !== undefined && !(decimal in marks)) {
    throw new DataError(
      { file },
      `the decimal mark ${JSON.stringify(decimal)}: allowed are . and ,`,
    );
  }
  const separator = thousands === undefined ? undefined : THOUSANDS[thousands] ?? thousands;
  if (separator !== undefined && !Object.values(THOUSANDS).includes(separator)) {
    const allowed = Object.entries(THOUSANDS).map(([name, sign]) => `${name} (${sign})`);
    throw new DataError(
      { file },
      `the thousands separator ${JSON.stringify(thousands)}: allowed are ${allowed.join(", ")}`,
    );
  }
  const mark = decimal === undefined ? undefined : marks[decimal];
  if (mark !== undefined && mark === separator) {
    throw new DataError({ file }, `${mark} cannot be both decimal mark and thousands separator.`);
  }
  if (separator === undefined) return mark ? [{ decimal: mark }] : [];
  const marksLeft = mark ? [mark] : ([".", ","] as const).filter((other) => other !== separator);
  return marksLeft.map((decimal) => ({ decimal, thousands: separator }));
}

/** Cells that are numbers in some format. */
export interface NumberCells {
  /** Rows of cells. */
  rows: string[][];
  /** Columns of numbers among them. */
  columns: number[];
  /** Whether a cell stands for no measurement. */
  isMissing(cell: string): boolean;
  /** Where a cell is. */
  place(i: number, j: number): Place;
}

const GROUPED = /^[-+]?\d{1,3}([.,'’ \u00a0\u202f_]\d{2,3})*([.,'’ \u00a0\u202f_])\d{3}([.,]\d*)?$/;

/**
 * Which mark is the decimal one, by evidence: a cell such as 12,5 or 0,125 can only be one with a decimal comma, but 12,125
 * may be either.
 * @throws DataError where both marks are used, for thousands, and where there is no evidence.
 */
export function findFormat(cells: NumberCells): NumberFormat {
  let point: Found | undefined, comma: Found | undefined, unclear: Found | undefined;
  for (const [i, row] of cells.rows.entries()) {
    for (const j of cells.columns) {
      const cell = row[j];
      const at = cell.indexOf(","), dot = cell.indexOf(".");
      // What the first cell of its kind has shown, the others need not show again.
      const one = at >= 0
        ? dot < 0 && comma !== undefined && cell.indexOf(",", at + 1) < 0
        : dot >= 0 && point !== undefined && cell.indexOf(".", dot + 1) < 0;
      if (one || at < 0 && dot < 0 && !Number.isNaN(Number(cell))) continue;
      const t = cell.trim().replace("\u2212", "-");
      if (cells.isMissing(cell)) continue;
      const found = { cell: t, place: () => cells.place(i, j) };
      const marks = GROUPED.test(t) ? t.replace(/[-+\d]/g, "") : "";
      if (marks.length > 1 || marks !== "" && !/[.,]/.test(marks)) throw thousandsIn(found, marks);
      if (/^[-+]?(\d+\.\d*|\.\d+)(e[-+]?\d+)?$/i.test(t)) point ??= found;
      else if (!/^[-+]?(\d+,\d*|,\d+)(e[-+]?\d+)?$/i.test(t)) continue;
      else if (/^[-+]?[1-9]\d{0,2},\d{3}$/.test(t)) unclear ??= found;
      else comma ??= found;
    }
  }
  if (comma && point) {
    throw new DataError(
      comma.place(),
      `${quote(comma.cell)} has a decimal comma, but ${quote(point.cell)} in line ` +
        `${point.place().line} a decimal point. Allowed is one of them: correct the cell, or choose ` +
        "columns of one kind with --columns.",
    );
  }
  if (comma) return { decimal: "," };
  if (unclear && point) throw thousandsIn(unclear, ",");
  if (unclear) throw eitherOr(unclear);
  return { decimal: "." };
}

interface Found {
  cell: string;
  place(): Place;
}

function eitherOr({ cell, place }: Found): DataError {
  const [mark, name] = cell.includes(",") ? [",", "comma"] : [".", "point"];
  return new DataError(
    place(),
    `${quote(cell)} may be ${cell.replace(mark, "")} with a thousands separator or ` +
      `${cell.replace(mark, ".")} with a decimal ${name}; no cell of the file tells which. ` +
      `Say so: --thousands ${name}, or --decimal ${name} ("thousands" or "decimal" in a dataset entry).`,
  );
}

/**
 * A number whose point could separate thousands as well, where every number of a table is like it. Not where commas are the
 * delimiter: who writes decimal commas does not cut cells by them.
 * @returns the number, where points with three digits are as usual as not (tabs, pipes, spaces); undefined for none
 * @throws {DataError} where semicolons are the delimiter, as decimal commas need it
 */
export function eitherPoint(
  cells: NumberCells,
  delimiter: string,
): string | undefined {
  if (delimiter === ",") return undefined;
  let found: Found | undefined, count = 0;
  for (const [i, row] of cells.rows.entries()) {
    for (const j of cells.columns) {
      if (!row[j].includes(".") || cells.isMissing(row[j])) continue;
      if (!/^\s*[-+]?[1-9]\d{0,2}\.\d{3}\s*$/.test(row[j])) return undefined;
      found ??= { cell: row[j].trim(), place: () => cells.place(i, j) };
      count++;
    }
  }
  if (found && delimiter === ";") throw eitherOr(found);
  return count > 1 ? found!.cell : undefined;
}

function thousandsIn({ cell, place }: Found, marks: string): DataError {
  const separator = marks[0].replace(/[\u00a0\u202f]/, " ").replace("’", "'");
  const name = Object.keys(THOUSANDS).find((key) => THOUSANDS[key] === separator);
  return new DataError(
    place(),
    `${quote(cell)} has thousands separators (${name}). Read them with --thousands ${name} ` +
      `("thousands": "${name}" in a dataset entry).`,
  );
}

const ABSENT =
  /^[-+]?(nan|na|n\/a|#n\/a|null|none|nil|\\n|#div\/0!|#ref!|n\.a\.|no data|inf(inity)?|missing|\?|-+|\.+|\*+)$/i;

/** Why a cell is no number and what to do next. */
export function explainNumber(cell: string, format: NumberFormat, numeric: string[]): string {
  const t = cell.trim();
  const shown = t === "" ? "an empty cell" : `${quote(t)} is not a finite number`;
  return `${shown}. ${adviceFor(t, format, numeric)}`;
}

function adviceFor(t: string, { decimal, thousands }: NumberFormat, numeric: string[]): string {
  if (t === "" || ABSENT.test(t)) {
    return `Correct it, or declare its code as missing: --missing '${t}' ("missing": [${
      quote(t)
    }] in a dataset entry), which carries the value before forward.`;
  }
  const mark = decimal === "." ? "point" : "comma";
  if (/^[-+\u2212]?(0x[\da-f]+|0o[0-7]+|0b[01]+)$/i.test(t)) return "Only decimal digits are read.";
  if (/^[-+\u2212]?[\d.,]+e[-+]?\d+$/i.test(t) || /^[-+]?\d{300,}$/.test(t)) {
    return "A double holds 5e-324 to 1.8e308: scale the column, or correct the cell.";
  }
  if (/%$/.test(t)) return "Remove the percent signs: cells hold digits only.";
  if (/^[-+]?[$€£¥]|[$€£¥]$/.test(t)) return "Remove the currency signs: cells hold digits only.";
  if (/^[-+]?\d[\d.,]*\s*[a-zµΩ°][\w/²³°]{0,9}$/i.test(t)) {
    return "Remove the units: cells hold digits only.";
  }
  if (/^["'].*["']$/.test(t)) return "Remove the quotes within the cell.";
  if (/^\(.*\)$/.test(t)) return "Write negative numbers with a minus sign.";
  if (/^[-+\u2212]?\d[\d.,' _\u00a0]*$/.test(t)) {
    const other = thousands === undefined
      ? "no thousands separators"
      : `thousands as in 1${thousands}000`;
    return `Numbers are read with a decimal ${mark} and ${other} here: correct the cell, or state ` +
      "--decimal and --thousands.";
  }
  return numeric.length > 0
    ? `Choose the columns of numbers (in this row: ${
      numeric.join(",")
    }) with --columns, or declare the ` +
      `code as missing: --missing ${JSON.stringify(t)}.`
    : "Expected columns of numbers.";
}

function quote(text: string): string {
  return JSON.stringify(text.trim());
}
