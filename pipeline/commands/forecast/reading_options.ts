/** @file The flags of `deno task forecast` that say how a file is read: one for every such choice of a dataset entry. */
import * as z from "zod";
import type { ReadOptions } from "../../../lib/data/series.ts";
import { nearestFirst } from "../../modules.ts";
import { UsageError } from "../../usage_error.ts";

/** Their lines of the help text. */
export const READING_USAGE =
  `  --columns a,b       columns to forecast (all but dates, clocks and counters); may be repeated
  --ignore a,b        columns to leave out; may be repeated
  --series COL=VALUE  one of several series in a file; may be repeated
  --date COLUMN       date column, COLUMN=dd/mm/yyyy where days and months could be confused, DATE+TIME
                      for two columns, or none (looked for)
  --zone NAME         time zone of dates that do not state theirs, such as Europe/Berlin (none)
  --missing CODE      a cell that means no measurement, such as -9999 or ''; may be repeated
  --order NAME        strict, or sort: rows that are not in order of time (strict)
  --duplicates NAME   error, first, last or keep: rows whose date was there before (error)
  --delimiter SIGN    comma, semicolon, tab, pipe, space, or one character (looked for)
  --decimal MARK      point or comma (looked for)
  --thousands SIGN    comma, point, space, apostrophe or underscore between thousands (nothing)
  --header LINE       line of the names of the columns, or none (looked for)
  --encoding NAME     such as utf-8, utf-16le, windows-1252 (looked for)
  --member PATH       file of a zip archive`;

const text = { type: "string" } as const;
const texts = { type: "string", multiple: true } as const;

/** The flags as `parseArgs` takes them. */
export const READING_FLAGS = {
  columns: texts,
  ignore: texts,
  series: texts,
  date: text,
  zone: text,
  missing: texts,
  order: text,
  duplicates: text,
  delimiter: text,
  decimal: text,
  thousands: text,
  header: text,
  encoding: text,
  member: text,
} as const;

/** Flags whose value may start with a dash or be empty. */
export const ANY_VALUE = ["--missing", "--delimiter", "--thousands"];

/** What the flags say: how the text is read, and which file of an archive. */
export type Reading = ReadOptions & {
  /** Path inside a zip archive. */
  member?: string;
};

const choice = <const T extends readonly [string, ...string[]]>(names: T) =>
  z.string().transform((name, { addIssue }) => {
    if (names.includes(name)) return name as T[number];
    addIssue(`expected ${nearestFirst(name, names).join(", ")}`);
    return z.NEVER;
  });

const list = z.array(z.string()).transform((values) => values.flatMap(cutNames));

const schema = z.object({
  columns: list,
  ignore: list,
  series: z.array(z.string()).transform((values) => Object.fromEntries(values.map(cutChoice))),
  date: z.string().min(1, "expected a column, or none").transform((name) =>
    name === "none" ? null : name
  ),
  zone: z.string(),
  missing: z.array(z.string()),
  order: choice(["strict", "sort"]),
  duplicates: choice(["error", "first", "last", "keep"]),
  delimiter: z.string().min(1, "expected a character or its name"),
  decimal: choice(["point", "comma", ".", ","]),
  thousands: z.string().min(1, "expected a sign or its name"),
  header: z.string().regex(/^([1-9]\d*|none)$/, "expected the number of a line, or none")
    .transform((line) => line === "none" ? null : Number(line)),
  encoding: z.string(),
  member: z.string(),
}).partial();

/** Checks the flags. @throws UsageError naming the flag, its value and what is allowed. */
export function readingOptions(values: Record<string, unknown>): Reading {
  const given = Object.keys(READING_FLAGS)
    .filter((flag) => values[flag] !== undefined)
    .map((flag) => [flag, values[flag]]);
  const parsed = schema.safeParse(Object.fromEntries(given), { reportInput: true });
  if (parsed.success) return parsed.data;
  const [{ path: [flag], message }] = parsed.error.issues;
  throw new UsageError(`--${String(flag)} ${values[String(flag)]}: ${message}.`);
}

/** Names between commas; a comma inside quotes is part of a name. */
function cutNames(value: string): string[] {
  const names = value.match(/\s*"(?:[^"]|"")*"\s*(?=,|$)|[^,]*/g)!;
  return names.filter((name, i) => name !== "" || i === 0)
    .map((name) => name.trim())
    .map((name) => /^".*"$/s.test(name) ? name.slice(1, -1).replaceAll('""', '"') : name);
}

/** `COLUMN=VALUE`; without a value the reader lists those that there are. */
function cutChoice(value: string): [string, string] {
  const at = value.lastIndexOf("=");
  return at < 0 ? [value, ""] : [value.slice(0, at), value.slice(at + 1)];
}
