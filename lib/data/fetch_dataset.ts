/**
 * @file Finds the bytes of a dataset: local path, cache, mirror, npm package, download, in this
 * order. Whatever the place, the bytes count only if their sha256 is the one the entry states.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { extract } from "./archive.ts";
import { DataError } from "./data_error.ts";
import type { DatasetEntry } from "./entry.ts";
import { writeAtomic } from "./write_atomic.ts";

/** Where {@linkcode fetchDataset} looks besides the places that the entry names. */
export interface FetchOptions {
  /** Folder of datasets.json: local paths start here and downloads are cached in its `cache/`. */
  root: string;
  /** Folder or URL of a mirror, `DEEP_LINEAR_MIRROR`. */
  mirror?: string;
  /** Aborts a download. */
  signal?: AbortSignal;
}

/** A file that was found and verified. */
export interface Fetched {
  /** Content of the file, out of its archive. */
  bytes: Uint8Array;
  /** Path or URL the bytes came from. */
  origin: string;
  /** Of `bytes`, 64 lower-case hex digits. */
  sha256: string;
}

/**
 * The verified bytes of a dataset's file, extracted from its archive.
 * @throws DataError when no place has it, naming every place that was tried.
 */
export async function fetchDataset(entry: DatasetEntry, options: FetchOptions): Promise<Fetched> {
  if (entry.path !== undefined) {
    const path = isAbsolute(entry.path) ? entry.path : resolve(options.root, entry.path);
    return accept(entry, await readLocal(path, entry.id), path);
  }
  const cached = join(options.root, "cache", `${entry.id}-${entry.sha256!.slice(0, 12)}`);
  const tried: string[] = [];
  const inCache = await readOr(cached);
  // A damaged cache file is not an error: it is downloaded again below.
  if (typeof inCache !== "string" && digest(inCache) === entry.sha256) {
    checkBytes(entry, inCache, cached);
    return { bytes: inCache, origin: cached, sha256: entry.sha256 };
  }
  if (typeof inCache !== "string") tried.push(`${cached}: wrong sha256`);
  else if (inCache !== "no such file") tried.push(`${cached}: ${inCache}`);
  for (const source of sources(entry, options)) {
    const found = await source(tried);
    if (!found) continue;
    const fetched = accept(entry, found.bytes, found.origin);
    if (found.remote) await writeAtomic(cached, fetched.bytes);
    return fetched;
  }
  throw new DataError(
    { file: entry.id },
    `the file was not found. Tried: ${tried.join("; ") || "nothing"}. ${advice(entry, cached)}`,
  );
}

interface Found {
  bytes: Uint8Array;
  origin: string;
  remote?: boolean;
}
type Source = (tried: string[]) => Promise<Found | undefined>;

function sources(entry: DatasetEntry, options: FetchOptions): Source[] {
  const { mirror, signal } = options;
  return [
    (tried) => mirror ? fromMirror(entry, mirror, tried, signal) : Promise.resolve(undefined),
    (tried) => entry.npm ? fromPackage(entry.npm, tried) : Promise.resolve(undefined),
    async (tried) => {
      if (!entry.url) return undefined;
      const bytes = await download(entry.url, tried, signal);
      return bytes && { bytes, origin: entry.url, remote: true };
    },
  ];
}

function advice(entry: DatasetEntry, cached: string): string {
  const mirror = "set DEEP_LINEAR_MIRROR to a folder or URL that has it" +
    (entry.mirror ? ` (as ${entry.mirror}, or listed by sha256 in its manifest.json)` : "");
  const page = entry.page ?? entry.url;
  return page ? `Get it from ${page} and save it as ${cached}, or ${mirror}.` : `Next: ${mirror}.`;
}

function accept(entry: DatasetEntry, raw: Uint8Array, origin: string): Fetched {
  // A mirror may hold the extracted file under the archive's entry: the sha256 decides.
  const rawDigest = digest(raw);
  const extracted = entry.sha256 === rawDigest
    ? raw
    : extract(raw, entry.member, origin, entry.bytes);
  const actual = extracted === raw ? rawDigest : digest(extracted);
  if (entry.sha256 !== undefined && actual !== entry.sha256) {
    throw new DataError(
      { file: origin },
      `its sha256 is ${actual} (${extracted.length} bytes), but ${entry.id} in datasets.json states ` +
        `${entry.sha256}${
          entry.bytes ? ` (${entry.bytes} bytes)` : ""
        }. The file is damaged or was ` +
        "changed at its source: fetch it again, or correct the entry if the change is wanted.",
    );
  }
  checkBytes(entry, extracted, origin);
  return { bytes: extracted, origin, sha256: actual };
}

/** @throws DataError where the entry states another size. */
function checkBytes({ id, bytes, sha256 }: DatasetEntry, { length }: Uint8Array, origin: string) {
  if (bytes === undefined || bytes === length) return;
  throw new DataError(
    { file: origin },
    `it has ${length} bytes, but ${id} in datasets.json states bytes ${bytes}. ` +
      (sha256 === undefined
        ? "It was changed or cut off, or the entry is to be corrected."
        : `Its sha256 is the stated one, so correct bytes to ${length}.`),
  );
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function readLocal(path: string, id: string): Promise<Uint8Array> {
  const found = await readOr(path);
  if (typeof found !== "string") return found;
  throw new DataError({ file: path }, `${found} (path of ${id} in datasets.json).`);
}

/** The bytes of a file, or why it has none. */
async function readOr(path: string): Promise<Uint8Array | string> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "no such file";
    return code === "EISDIR" ? "a folder; expected a file, name the one in it" : message;
  }
}

const manifestSchema = () => z.array(z.object({ path: z.string(), sha256: z.string() }));

async function fromMirror(
  entry: DatasetEntry,
  mirror: string,
  tried: string[],
  signal?: AbortSignal,
): Promise<Found | undefined> {
  const remote = /^https?:\/\//.test(mirror);
  const at = (path: string) =>
    remote ? new URL(path, mirror.endsWith("/") ? mirror : mirror + "/").href : join(mirror, path);
  const read = async (path: string) => {
    if (remote) return await download(at(path), tried, signal);
    const found = await readOr(at(path));
    if (typeof found !== "string") return found;
    tried.push(`${at(path)}: ${found}`);
  };
  const listing = await read("manifest.json");
  const paths = new Set<string>();
  if (listing) {
    const parsed = manifestSchema().safeParse(parseJson(listing, at("manifest.json")));
    if (!parsed.success) {
      throw new DataError(
        { file: at("manifest.json") },
        `expected a list of {path, sha256}: ${z.prettifyError(parsed.error)}`,
      );
    }
    for (const { path, sha256 } of parsed.data) if (sha256 === entry.sha256) paths.add(path);
  }
  if (entry.mirror) paths.add(entry.mirror);
  for (const path of paths) {
    const bytes = await read(path);
    if (bytes) return { bytes, origin: at(path), remote };
  }
  if (paths.size === 0) tried.push(`${at("manifest.json")}: does not list ${entry.sha256}`);
  return undefined;
}

function parseJson(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new DataError({ file }, `not JSON: ${(cause as Error).message}`, { cause });
  }
}

/** A package's `exports` hide its data files: its entry module is found, then its root folder. */
async function fromPackage(
  npm: { package: string; file: string },
  tried: string[],
): Promise<Found | undefined> {
  const label = `npm package ${npm.package}`;
  try {
    // Resolving alone does not install a package that nothing imports: importing does.
    await import(`${npm.package}/`);
    let folder = dirname(fileURLToPath(import.meta.resolve(`${npm.package}/`)));
    for (; dirname(folder) !== folder; folder = dirname(folder)) {
      const description = await readOr(join(folder, "package.json"));
      const name = typeof description !== "string" &&
        JSON.parse(new TextDecoder().decode(description)).name;
      if (name !== npm.package) continue;
      const path = join(folder, npm.file);
      const bytes = await readOr(path);
      if (typeof bytes !== "string") return { bytes, origin: path };
      break;
    }
    tried.push(`${label}: has no ${npm.file}`);
  } catch (error) {
    tried.push(`${label}: ${(error as Error).message}`);
  }
  return undefined;
}

async function download(
  url: string,
  tried: string[],
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  try {
    const response = await fetch(url, { signal });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    await response.body?.cancel();
    tried.push(`${url}: HTTP ${response.status} ${response.statusText}`);
  } catch (error) {
    if (signal?.aborted) throw error;
    tried.push(`${url}: unreachable (${(error as Error).message})`);
  }
  return undefined;
}
