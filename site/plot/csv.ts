/** @file A field of a CSV file (RFC 4180). */

/** Quoted where it must be; NaN, which no point of a plot is, says that there is nothing. */
export function csvField(value: string | number): string {
  if (typeof value === "number") return Number.isNaN(value) ? "" : String(value);
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
