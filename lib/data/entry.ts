/**
 * @file What `data/datasets.json` may say about a dataset. One entry turns any CSV file into a
 * lasting, verified dataset; the schema is strict, so a misspelt field is an error and not ignored.
 */
import * as z from "zod";
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
    duplicates: z.enum(["error", "keep", "first"]).default("error"),
  }).refine((e) => e.path ?? e.npm ?? e.url ?? e.mirror, {
    message: "needs one of path, npm, url, mirror",
  }).refine((e) => e.path !== undefined || e.sha256 !== undefined, {
    message: "needs sha256: only local paths may go without",
    path: ["sha256"],
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
  /** Date column, null for none; absent looks for one. */
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
  duplicates: "error" | "keep" | "first";
}

/**
 * Parses the text of datasets.json.
 * @throws DataError that names the entry, the field and what is allowed.
 */
export function parseEntries(text: string, file: string): DatasetEntry[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DataError({ file }, `not JSON: ${(cause as Error).message}`, { cause });
  }
  if (!Array.isArray(json)) throw new DataError({ file }, "expected a list of dataset entries.");
  const seen = new Set<string>();
  const schema = entrySchema();
  return json.map((raw, i) => {
    const parsed = schema.safeParse(raw);
    const name = `entry ${i + 1} (${JSON.stringify((raw as { id?: string })?.id ?? "no id")})`;
    if (!parsed.success) {
      const problems = parsed.error.issues.map((issue) =>
        `${issue.path.join(".") || "the entry"}: ${issue.message}`
      );
      throw new DataError({ file }, `${name}: ${problems.join("; ")}.`);
    }
    if (seen.has(parsed.data.id)) throw new DataError({ file }, `${name}: the id is used twice.`);
    seen.add(parsed.data.id);
    return parsed.data;
  });
}

/** How `readSeries` reads the file of an entry. */
export function readOptions(entry: DatasetEntry): ReadOptions {
  const { date, columns, ignore, missing, order, duplicates } = entry;
  return { date, columns, ignore, missing, order, duplicates };
}
