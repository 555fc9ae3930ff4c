/**
 * @file How a number is written, once: the Markdown, the database and the site show the same text.
 *
 * Every number of a column gets the same number of decimals, so that right-aligned tabular numerals
 * line up at the decimal point. A number that those decimals cannot show (a diverged loss of 1e15, a
 * difference of 3e-6) is written with an exponent instead of a row of digits or a misleading zero.
 */
import type { ColumnFormat } from "../results.ts";

const DECIMALS = { ratio: 4, fixed3: 3, percent: 1, integer: 0 } as const;

/**
 * @param value a number of the column; "percent" expects a fraction (0.934 is written 93.4 %)
 * @param format the column's format; without one, four significant digits
 */
export function formatNumber(value: number, format?: ColumnFormat): string {
  return format === "percent" && Number.isFinite(value)
    ? `${bare(value, format)} %`
    : bare(value, format);
}

/** A number that names a row, such as λ = 0.36: as its author wrote it unless a format is given. */
export function formatLabel(value: number, format?: ColumnFormat): string {
  return format === undefined || format === "text" ? String(value) : formatNumber(value, format);
}

/** `[low, high]`, without repeating the unit of the value beside it. */
export function formatInterval(low: number, high: number, format?: ColumnFormat): string {
  return `[${bare(low, format)}, ${bare(high, format)}]`;
}

function bare(value: number, format: ColumnFormat | undefined): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  return digits(format === "percent" ? value * 100 : value, format).replaceAll("-", "−");
}

function digits(value: number, format: ColumnFormat | undefined): string {
  const size = Math.abs(value);
  if (size === 0) value = 0; // a negative zero has no place in a table
  if (format === undefined || format === "seconds" || format === "text") {
    if (Number.isInteger(value) && size < 1e6) return grouped(value, 0);
    if (size >= 1e6 || size < 1e-4) return exponent(value);
    const rounded = Number(value.toPrecision(4)); // 9.99999 has one digit less than 10.00
    return grouped(value, Math.max(0, 3 - Math.floor(Math.log10(Math.abs(rounded)))));
  }
  const decimals = DECIMALS[format];
  const rounded = Number(value.toFixed(decimals));
  if (format === "integer") return size < 1e15 ? grouped(rounded, 0) : exponent(value);
  if (size >= 1e6) return exponent(value);
  // A share of 0.01 % may read 0.0 %; a ratio or an error must not vanish.
  if (rounded === 0) {
    return size > 0 && format !== "percent" ? exponent(value) : grouped(0, decimals);
  }
  return grouped(rounded, decimals);
}

/** `4,096.25`: written by hand, because `toLocaleString` follows the ICU data of the machine. */
function grouped(value: number, decimals: number): string {
  const [whole, fraction] = value.toFixed(decimals).split(".");
  const thousands = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? thousands : `${thousands}.${fraction}`;
}

function exponent(value: number): string {
  return value.toExponential(2).replace("e+", "e");
}
