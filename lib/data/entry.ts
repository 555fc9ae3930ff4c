/**
 * @file What `data/datasets.json` may say about a dataset. One entry turns any CSV file into a
 * lasting, verified dataset; the schema is strict, so a misspelt field is an error and not ignored.
 */
import { z } from "zod";
import { DataError } from "./data_error.ts";
import type { ReadOptions } from "./series.ts";

/**
 * Where a dataset comes from, how it is read, and how it is split.
 * A function and not a constant: a bundler can drop it from jobs that only read series.
 */
export const entrySchema = () =>
  z.strictObject({
    id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "lower-case letters, digits and hyphens"),
    title: z.string(),
    /** Local file, relative to the folder of datasets.json or absolute. */
    path: z.string().optional(),
    /** File inside an npm package of deno.json's import map. */
    npm: z.strictObject({ package: z.string(), file: z.string() }).optional(),
    /** Direct download. */
    url: z.url({ protocol: /^https?$/ }).optional(),
    /** Where a person gets the file when no direct download exists. */
    page: z.url().optional(),
    /** Its path inside a mirror; mirrors with a manifest.json are also searched by sha256. */
    mirror: z.string().optional(),
    /** File to take out of a zip archive. A .gz file is recognised by its content. */
    member: z.string().optional(),
    /** Of the file that is read, after extraction. Optional for local paths only. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hex digits").optional(),
    /** Size of the file that is read. */
    bytes: z.int().positive().optional(),
    licence: z.string(),
    note: z.string().optional(),
    /** Date column, null for none; absent looks for one. */
    date: z.string().nullable().optional(),
    columns: z.array(z.string()).min(1).optional(),
    ignore: z.array(z.string()).min(1).optional(),
    split: z.enum(["etth", "ettm", "70/10/20"]).default("70/10/20"),
    /** Rows a season; absent takes the usual one of the sampling interval. */
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

export type DatasetEntry = z.infer<ReturnType<typeof entrySchema>>;

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
