/** @file The series that the forecast command is asked for: a file of the user's, or a dataset of data/datasets.json by its id. */
import { readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { extract } from "../../../lib/data/archive.ts";
import { DataError } from "../../../lib/data/data_error.ts";
import { type DatasetEntry, findEntry, readOptions } from "../../../lib/data/entry.ts";
import { fetchDataset } from "../../../lib/data/fetch_dataset.ts";
import { readSeries, type Series } from "../../../lib/data/series.ts";
import type { Reading } from "./reading_options.ts";

/** A series, and the entry that describes it where it is a dataset. */
export interface Loaded {
  series: Series;
  entry?: DatasetEntry;
  /** What was read, so that nothing is written over it. */
  files: string[];
}

/**
 * Reads a file or a dataset; flags win over the entry.
 * @param path of the file, from the current folder.
 * @param name as the user wrote it: a file, or the id of a dataset.
 * @throws DataError for what is no file, and what cannot be read as a series.
 */
export async function loadSeries(
  path: string,
  name: string,
  { member, ...read }: Reading,
  note: (line: string) => void,
): Promise<Loaded> {
  const bytes = readFile(path, name);
  if (bytes) return { series: readSeries(extract(bytes, member, name), name, read), files: [path] };
  const root = fileURLToPath(new URL("../../../data", import.meta.url));
  const registry = `${root}/datasets.json`;
  const entry = findEntry(readFileSync(registry, "utf8"), registry, name, note);
  const fetched = await fetchDataset(entry, { root, mirror: process.env.DEEP_LINEAR_MIRROR });
  note(`${entry.id}: ${entry.title}. Licence: ${entry.licence}. Read from ${fetched.origin}`);
  const given = Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
  const options = { ...readOptions(entry), ...given };
  const series = readSeries(fetched.bytes, entry.id, options);
  return { series, entry, files: [registry, fetched.origin] };
}

/** Its path needs the permission to everything, its number needs none. */
function readStandardInput(name: string): Uint8Array {
  if (process.stdin.isTTY) {
    throw new DataError(
      { file: name },
      "nothing is piped into the command. Give a file, or pipe one: cat FILE.csv | deno task forecast -",
    );
  }
  return readFileSync(0);
}

/** The bytes of a file or a pipe; undefined where there is nothing of that name. */
function readFile(path: string, name: string): Uint8Array | undefined {
  if (name === "-" || name === "/dev/stdin") return readStandardInput(name);
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code!)) return undefined;
    throw new DataError({ file: name }, `cannot be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  if (stats.isDirectory()) {
    const files = readdirSync(path).filter((file) => /\.(csv|tsv|txt|gz|zip)$/i.test(file));
    const has = files.length === 0 ? "no CSV file" : files.slice(0, 10).join(", ");
    throw new DataError(
      { file: name },
      `a folder, not a file. Name one of its files; it has ${has}.`,
    );
  }
  if (!stats.isFile() && !stats.isFIFO() && !stats.isSocket()) {
    throw new DataError(
      { file: name },
      "neither a file nor a pipe. Give a file, or pipe one: cat FILE.csv | deno task forecast -",
    );
  }
  try {
    return readFileSync(path);
  } catch (error) {
    throw new DataError({ file: name }, `cannot be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}
