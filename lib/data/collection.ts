/**
 * @file What `data/collections.json` may say: files that are no table of one series (waveforms, labels, many small tables), each verified
 * by its sha256. Every file becomes a dataset entry, so it is found in the cache, a mirror or by its URL like any other.
 */
import * as z from "zod";
import { nearestFirst } from "../nearest.ts";
import { DataError } from "./data_error.ts";
import { type DatasetEntry, parseEntries } from "./entry.ts";

/** Files that belong together. */
export interface Collection {
  /** Lower-case letters, digits and hyphens. */
  id: string;
  /** One line for tables and pages. */
  title: string;
  /** Under which the data may be used. */
  licence: string;
  /** What a reader should know of the data. */
  note?: string;
  /** Of the folder that the files' paths continue; with `member` that of an archive. */
  url?: string;
  /** Where a person gets the files. */
  page?: string;
  /** The one file to take out of the archive at `url`. */
  member?: string;
  /** Folder inside a mirror. */
  mirror?: string;
  /** Package of deno.json's import map that has the files at their paths. */
  npm?: string;
  /** sha256 of each file by its path. */
  files: Record<string, string>;
}

const schema = () =>
  z.strictObject({
    id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "lower-case letters, digits and hyphens"),
    title: z.string(),
    licence: z.string(),
    note: z.string().optional(),
    url: z.url({ protocol: /^https?$/ }).optional(),
    page: z.url().optional(),
    member: z.string().optional(),
    mirror: z.string().optional(),
    npm: z.string().optional(),
    files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hex digits")),
  }).refine(({ url, mirror, npm }) => url ?? mirror ?? npm, {
    message: "needs one of url, mirror, npm",
  })
    .refine(({ member, files }) => member === undefined || Object.keys(files).length === 1, {
      message: "with member there is one file",
      path: ["files"],
    });

/**
 * A collection out of the parsed list.
 * @throws {DataError} when there is none of this id, listing the ids, or when it is wrong, naming the field
 */
export function collectionOf(list: readonly unknown[], id: string, file: string): Collection {
  const ids = list.map((raw) => String((raw as { id?: unknown } | null)?.id));
  const found = list[ids.indexOf(id)];
  if (found === undefined) {
    const known = nearestFirst(id, ids).join(", ") || "none";
    throw new DataError({ file }, `no collection ${id}. Collections: ${known}.`);
  }
  const parsed = schema().safeParse(found);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) =>
    path.length ? `${path.join(".")}: ${message}` : message
  );
  throw new DataError({ file }, `collection ${id}: ${problems.join("; ")}.`);
}

/** The entry of each file, by its path. */
export function entriesOf(collection: Collection): Map<string, DatasetEntry> {
  const { id, title, licence, page, url, member, mirror, npm, files } = collection;
  const raw = Object.entries(files).map(([path, sha256]) => ({
    id: `${id}-${path.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`,
    ...{ title: `${title}: ${path}`, licence, sha256 },
    ...(page === undefined ? {} : { page }),
    ...(url === undefined ? {} : { url: member === undefined ? url + path : url }),
    ...(member === undefined ? {} : { member }),
    ...(mirror === undefined ? {} : { mirror: mirror + path }),
    ...(npm === undefined ? {} : { npm: { package: npm, file: path } }),
  }));
  const entries = parseEntries(JSON.stringify(raw), `collection ${id}`);
  return new Map(Object.keys(files).map((path, i) => [path, entries[i]]));
}
