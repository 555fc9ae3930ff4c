/**
 * @file Values of a result as DuckDB means them, and text as the statements that it holds; without a browser, so that it can be tested.
 */

/** Type ids of Apache Arrow. */
const DECIMAL = 7, DATE = 8, TIME = 9, TIMESTAMP = 10, INTERVAL = 11;

/**
 * A value as text: decimals with all their digits, dates and times as such, nothing for NULL.
 *
 * @param {unknown} value as Arrow gives it
 * @param {{ typeId: number, scale?: number, unit?: number }} type of its column
 */
export function shownValue(value, type) {
  if (value === null || value === undefined) return "";
  switch (type.typeId) {
    case DECIMAL:
      return decimal(value, type.scale ?? 0);
    case DATE:
      return dateOf(value).toISOString().slice(0, 10);
    case TIMESTAMP:
      return dateOf(value).toISOString().replace("T", " ").replace(/(?:\.000)?Z$/, "");
    case TIME:
      return timeOf(value, type.unit ?? 2);
    case INTERVAL:
      return intervalOf(value);
  }
  if (typeof value === "object") {
    return JSON.stringify(value, (_key, v) => typeof v === "bigint" ? Number(v) : v);
  }
  return String(value);
}

/** Whether a column is of numbers, which stand at the right. */
export function isNumeric({ typeId }) {
  return [2, 3, DECIMAL].includes(typeId); // Int, Float, Decimal
}

/** 128 bits in words of 32, the least first, in two's complement. */
function decimal(words, scale) {
  let whole = 0n;
  for (let i = words.length - 1; i >= 0; i--) whole = (whole << 32n) | BigInt(words[i] >>> 0);
  if (words.length && words[words.length - 1] >>> 31) whole -= 1n << BigInt(32 * words.length);
  const digits = (whole < 0n ? -whole : whole).toString().padStart(scale + 1, "0");
  const point = digits.length - scale;
  const text = scale ? `${digits.slice(0, point)}.${digits.slice(point)}` : digits;
  return whole < 0n ? `-${text}` : text;
}

const dateOf = (value) => value instanceof Date ? value : new Date(Number(value));

/** Arrow's units: seconds, milli-, micro- and nanoseconds. */
function timeOf(value, unit) {
  const seconds = Number(value) / [1, 1e3, 1e6, 1e9][unit];
  return new Date(seconds * 1e3).toISOString().slice(11, 23).replace(/\.000$/, "");
}

/** Months, days and nanoseconds; as DuckDB writes them. */
function intervalOf(value) {
  const [months = 0, days = 0, low = 0, high = 0] = [...value].map(Number);
  const rest = (BigInt(high) << 32n) | BigInt(low >>> 0);
  const parts = [
    [Math.trunc(months / 12), "year"],
    [months % 12, "month"],
    [days, "day"],
  ].filter(([count]) => count).map(([count, word]) =>
    `${count} ${word}${Math.abs(count) === 1 ? "" : "s"}`
  );
  if (rest) parts.push(timeOf(Number(rest), 3));
  return parts.join(" ") || "00:00:00";
}

/** The statements of a text: what stands between semicolons that are in no string, name or comment. */
export function statementsOf(text) {
  const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|;|[^;'"\-/]+|[\s\S]/g;
  const statements = [""];
  for (const [part] of text.matchAll(token)) {
    if (part === ";") statements.push("");
    else statements[statements.length - 1] += part;
  }
  const bare = (sql) => sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, "").trim();
  return statements.map((sql) => sql.trim()).filter(bare);
}

/** Rows of text as CSV (RFC 4180). */
export function csvText(names, rows) {
  const field = (text) => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return [names, ...rows].map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
}
