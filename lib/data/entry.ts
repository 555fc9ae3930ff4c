/**
 * @file What `data/datasets.json` may say about a dataset. One entry turns any CSV file into a
 * lasting, verified dataset; the schema is strict, so a misspelt field is an error and not ignored.
 */
import * as z from "zod";
import { nearestFirst } from "../nearest.ts";
import { DataError } from "./data_error.ts";
import type { ReadOptions } from "./series.ts";

/**
 * Where a dataset comes from, how it is read, and how it is split.
 * A function and not a constant: a bundler can drop it from jobs that only read series.
 * @internal
 */
export const entrySchema = () =>
  z.strictObject({
    id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "lower-case letters, digits and hyphens"),
    title: z.string(),
    path: z.string().optional(),
    npm: z.strictObject({ package: z.string(), file: z.string() }).optional(),
    url: z.url({ protocol: /^https?$/ }).optional(),
    page: z.url().optional(),
    mirror: z.string().optional(),
    member: z.string().optional(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hex digits").optional(),
    bytes: z.int().positive().optional(),
    licence: z.string(),
    note: z.string().optional(),
    date: z.string().nullable().optional(),
    columns: z.array(z.string()).min(1).optional(),
    ignore: z.array(z.string()).min(1).optional(),
    split: z.enum(["etth", "ettm", "70/10/20"]).default("70/10/20"),
    season: z.int().positive().optional(),
    missing: z.array(z.union([z.number(), z.string()])).optional(),
    drop_constant: z.boolean().default(false),
    order: z.enum(["strict", "sort"]).default("strict"),
    duplicates: z.enum(["error", "keep", "first", "last"]).default("error"),
    zone: z.string().optional(),
    series: z.record(z.string(), z.string()).optional(),
    delimiter: z.string().optional(),
    decimal: z.enum([".", ",", "point", "comma"]).optional(),
    thousands: z.string().optional(),
    encoding: z.string().optional(),
    header: z.int().positive().nullable().optional(),
  }).refine((e) => e.path ?? e.npm ?? e.url ?? e.mirror, {
    message: "needs one of path, npm, url, mirror",
  }).refine((e) => e.path !== undefined || e.sha256 !== undefined, {
    message: "needs sha256: only local paths may go without",
    path: ["sha256"],
  }).refine((e) => e.columns === undefined || e.ignore === undefined, {
    message: "leave it out, or columns: those that columns does not name are left out anyway",
    path: ["ignore"],
  });

/** A dataset as its entry describes it, with the defaults filled in. At least one of `path`, `npm`, `url` and `mirror` is there. */
export interface DatasetEntry {
  /** Lower-case letters, digits and hyphens; no two entries have the same. */
  id: string;
  /** One line for tables and pages. */
  title: string;
  /** Local file, relative to the folder of datasets.json or absolute. */
  path?: string;
  /** File inside an npm package of deno.json's import map. */
  npm?: { package: string; file: string };
  /** Direct download. */
  url?: string;
  /** Where a person gets the file when no direct download exists. */
  page?: string;
  /** Its path inside a mirror; mirrors with a manifest.json are also searched by sha256. */
  mirror?: string;
  /** File to take out of a zip archive. A .gz file is recognised by its content. */
  member?: string;
  /** Of the file that is read, after extraction, 64 lower-case hex digits. Optional for local paths only. */
  sha256?: string;
  /** Size of the file that is read. */
  bytes?: number;
  /** Under which the data may be used. */
  licence: string;
  /** What a reader should know of the data. */
  note?: string;
  /** Date column, `COLUMN=FORM`, or columns joined by `+`; null for none; absent looks for one. */
  date?: string | null;
  /** Columns to read, in this order; absent takes all but the date. */
  columns?: string[];
  /** Columns to leave out when `columns` is absent. */
  ignore?: string[];
  /** Where training ends and testing begins: 70/10/20. */
  split: "etth" | "ettm" | "70/10/20";
  /** Rows a season; absent takes the usual one of the sampling interval. */
  season?: number;
  /** Cells that mean "no measurement". */
  missing?: (number | string)[];
  /** Leave out columns that do not vary in the training rows: false. */
  drop_constant: boolean;
  /** Whether rows that are not in order of time are refused or sorted: strict. */
  order: "strict" | "sort";
  /** What becomes of rows with a date that was there before: error. */
  duplicates: "error" | "keep" | "first" | "last";
  /** Time zone of dates that do not state theirs: an IANA name or an offset. */
  zone?: string;
  /** Which of several series in one file: the values that columns must have. */
  series?: Record<string, string>;
  /** One character or its name; absent: found. */
  delimiter?: string;
  /** The decimal mark; absent: found. */
  decimal?: "." | "," | "point" | "comma";
  /** What separates thousands: a sign or its name; absent: nothing does. */
  thousands?: string;
  /** A label of the Encoding Standard; absent: found. */
  encoding?: string;
  /** Line of the names of the columns, null for none; absent: found. */
  header?: number | null;
}

/**
 * Parses the text of datasets.json.
 * @throws DataError that names the entry, the field and what is allowed.
 */
export function parseEntries(text: string, file: string): DatasetEntry[] {
  const list = listOf(text, file);
  return list.map((raw, i) => checked(raw, i, list, file));
}

/**
 * The entry of that id in the text of datasets.json. What is wrong with others is no reason to do without it.
 * @param note hears of each entry that is wrong.
 * @throws DataError when there is none, listing the ids, or when it is wrong.
 */
export function findEntry(
  text: string,
  file: string,
  id: string,
  note: (line: string) => void = () => {},
): DatasetEntry {
  const list = listOf(text, file);
  const found = entryOf(list, id, file, "no such file, and no dataset of this id");
  const at = list.findIndex((raw) => idOf(raw) === id);
  for (const [i, raw] of list.entries()) {
    if (i === at) continue;
    try {
      checked(raw, i, list, file);
    } catch (error) {
      note((error as Error).message);
    }
  }
  return found;
}

/** The entry of that id in the parsed list. @param absent what is said where there is none. @throws DataError as {@linkcode findEntry} does. */
export function entryOf(
  list: readonly unknown[],
  id: string,
  file: string,
  absent = `no dataset of this id in ${file}`,
): DatasetEntry {
  if (!Array.isArray(list)) throw notAList(file);
  const at = list.findIndex((raw) => idOf(raw) === id);
  if (at >= 0) return checked(list[at], at, list, file);
  const ids = list.map(idOf).filter((known) => known !== undefined);
  const known = nearestFirst(id, ids).join(", ") || "none";
  throw new DataError({ file: id }, `${absent}. Datasets: ${known}.`);
}

function listOf(text: string, file: string): unknown[] {
  let json: unknown;
  try {
    // Editors on Windows begin a file with a byte order mark.
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new DataError({ file }, `not JSON: ${(cause as Error).message}`, { cause });
  }
  if (!Array.isArray(json)) throw notAList(file);
  return json;
}

const notAList = (file: string) =>
  new DataError({ file }, "expected a list of dataset entries, [ { ... }, { ... } ].");

function idOf(raw: unknown): string | undefined {
  const { id } = (raw ?? {}) as { id?: unknown };
  return typeof id === "string" ? id : undefined;
}

function checked(
  raw: unknown,
  index: number,
  list: readonly unknown[],
  file: string,
): DatasetEntry {
  const schema = entrySchema();
  const id = idOf(raw);
  const name = `entry ${index + 1} (${JSON.stringify(id ?? "no id")})`;
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => explain(issue, raw, schema));
    throw new DataError({ file }, `${name}: ${problems.join("; ")}.`);
  }
  if (list.findIndex((other) => idOf(other) === id) === index) return parsed.data;
  throw new DataError({ file }, `${name}: the id is used twice.`);
}

type Issue = z.core.$ZodIssue;

/** What is wrong, by the field's name and its value. */
function explain(issue: Issue, raw: unknown, schema: ReturnType<typeof entrySchema>): string[] {
  const path = issue.path.map(String);
  const where = path.join(".");
  if (issue.code === "unrecognized_keys") {
    const fields: Record<string, z.ZodType> = schema.shape;
    // Of npm, which has fields of its own.
    const inner = path.length ? { package: 0, file: 0 } : fields;
    return issue.keys.map((key) => {
      const near = nearestFirst(key.toLowerCase(), Object.keys(inner));
      return `${where ? `${where}: ` : ""}unknown field ${JSON.stringify(key)}; allowed are ${
        near.join(", ")
      }`;
    });
  }
  if (!path.length) return [issue.message];
  const value = path.reduce<unknown>(
    (at, key) => (at as Record<string, unknown> | null | undefined)?.[key],
    raw,
  );
  const message = issue.code === "invalid_union"
    ? `expected ${issue.errors.map(([first]) => expectedOf(first)).join(" or ")}`
    : issue.message;
  return [value === undefined ? `${where}: ${message}` : `${where} is ${show(value)}: ${message}`];
}

const expectedOf = (issue: Issue | undefined): string =>
  issue?.code === "invalid_type" ? issue.expected : issue?.message ?? "another value";

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** How `readSeries` reads the file of an entry. */
export function readOptions(entry: DatasetEntry): ReadOptions {
  const { date, zone, columns, ignore, series, missing, order, duplicates } = entry;
  const { delimiter, decimal, thousands, encoding, header } = entry;
  return {
    ...{ date, zone, columns, ignore, series, missing, order, duplicates },
    ...{ delimiter, decimal, thousands, encoding, header },
  };
}
