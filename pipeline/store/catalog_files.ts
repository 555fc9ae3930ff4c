/**
 * @file The files of the catalogue, which of them can be trusted, and how a new one takes the place of the old.
 *
 *     <store>/catalog.duckdb            whole at any instant: it only ever appears by rename
 *     <store>/catalog.journal           what happened since
 *     <store>/catalog.earlier.duckdb    the catalogue before that, and
 *     <store>/catalog.earlier.journal   what happened between the two: together they are the catalogue once more
 *     <store>/catalog.sums.json         sha256 of both and of the journal between them, so that damage is noticed
 *     <store>/catalog.next.duckdb       for a moment: the new catalogue, with all of the journal
 */
import { Buffer } from "node:buffer";
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { canonical, sha256 } from "../content/canonical.ts";
import { moveTo, syncPath, writeFileDurable } from "./files.ts";
import { giveWay } from "./give_way.ts";
import { Journal } from "./journal.ts";
import { hashFile } from "./objects.ts";

const NAMES = {
  original: "catalog.duckdb",
  journal: "catalog.journal",
  earlier: "catalog.earlier.duckdb",
  earlierJournal: "catalog.earlier.journal",
  sums: "catalog.sums.json",
  next: "catalog.next.duckdb",
  damaged: "catalog.damaged.duckdb",
} as const;

/** Where the files of a store's catalogue are. */
export function catalogFiles(dir: string): Record<keyof typeof NAMES, string> {
  const places = Object.entries(NAMES).map(([what, name]) => [what, join(dir, name)]);
  return Object.fromEntries(places);
}

/** Moves folders aside that lie in the place of what a catalogue is made from; the caller holds the store's lock. */
export function clearPlaces(dir: string): void {
  const { journal, earlier, earlierJournal } = catalogFiles(dir);
  for (const path of [journal, earlier, earlierJournal]) giveWay(path, "file");
}

/** Stands for the hash of a file that is not there. */
const NONE = "none";

const hashOr = (path: string) => hashFile(path) ?? NONE;

/** The hashes that files may have: two of each while a new catalogue takes the place of the old. */
interface Sums {
  original: string[];
  earlier: string[];
  /** Of the journal between the two, which nothing is appended to; absent in stores of earlier versions. */
  between?: string;
}

/** What a catalogue is made from: a database, and journals that come after it. */
export interface Sources {
  base?: string;
  /** Its sha256, as it should be and as it is; "none" without a base, undefined for one that nothing vouches for. */
  sum?: string;
  journals: string[];
  /** Of the file that should have been the base and is not as it was written. */
  damaged?: string;
  /** A journal that is read is not as it was written either. */
  lossy?: boolean;
  /** Nothing says what the base should be: of an earlier version of the store, or its sums are damaged. */
  unchecked?: boolean;
}

/** The error of a catalogue of which nothing is left as it was written. */
export function catalogDamaged(dir: string, cause?: Error): Error {
  const { original, earlier } = catalogFiles(dir);
  return new Error(
    `The catalogue ${original} cannot be read${
      cause ? `: ${cause.message}` : ""
    }\n  It is damaged, and so is, or missing, ` +
      `the copy ${earlier} that it would be made from. Put copies that you have of both in their place, ` +
      `without ${NAMES.sums}, or move ${dir}/catalog.* away: the pipeline then runs all jobs again.`,
  );
}

/**
 * @param found the sha256 of the catalogue, for who has just looked
 * @throws {Error} when nothing that can be trusted is left
 */
export function sourcesOf(dir: string, found?: string): Sources {
  const { original, journal, earlier, earlierJournal, next } = catalogFiles(dir);
  if (existsSync(next)) return { base: next, journals: [] };
  const sums = readSums(dir);
  const base = existsSync(original) ? original : undefined;
  const journals = [journal];
  if (!sums) {
    if (base) return { base, journals, unchecked: true };
    if (!existsSync(earlier)) return { sum: NONE, journals };
    const before = [earlierJournal, journal];
    return { base: earlier, sum: hashOr(earlier), journals: before, damaged: original };
  }
  const sum = found ?? hashOr(original);
  if (sums.original.includes(sum)) return { base, sum, journals };
  const hash = hashOr(earlier);
  if (!sums.earlier.includes(hash)) throw catalogDamaged(dir);
  return {
    base: hash === NONE ? undefined : earlier,
    sum: hash,
    journals: [earlierJournal, journal],
    damaged: original,
    lossy: !isBetweenSound(dir, sums),
  };
}

/** False for a journal between the copies that is not as it was when it became that: its end may be missing, which no line tells. */
function isBetweenSound(dir: string, { between }: Sums): boolean {
  return between === undefined || between === hashOr(catalogFiles(dir).earlierJournal);
}

/** True for a store with a catalogue, or with what is to become one. */
export function hasCatalog(dir: string): boolean {
  const { original, journal, next, earlier, sums } = catalogFiles(dir);
  return [original, journal, next, earlier, sums].some((path) => existsSync(path));
}

/** True when `catalog.duckdb` lacks something that was recorded. */
export function isBehind(dir: string): boolean {
  const { journal, next } = catalogFiles(dir);
  return existsSync(journal) || existsSync(next);
}

/** Changes when a file of the catalogue has become another; journals that only grow are the same. */
export function stampOf(dir: string): string {
  const { original, journal, next } = catalogFiles(dir);
  return [original, journal, next].map((path) => statSync(path, { throwIfNoEntry: false })?.ino)
    .join();
}

/** The sha256 of a catalogue that holds all that was recorded; undefined when there is none. */
export function hashOfCatalog(dir: string): string | undefined {
  return isBehind(dir) ? undefined : hashFile(catalogFiles(dir).original);
}

/** As `hashOfCatalog`, of a catalogue that is as it was written; who has written it need not look again. */
export function sumOfCatalog(dir: string): string | undefined {
  if (isBehind(dir)) return undefined;
  const sums = readSums(dir);
  return sums?.original.length === 1 && existsSync(catalogFiles(dir).original)
    ? sums.original[0]
    : hashOfCatalog(dir);
}

/**
 * Lets a catalogue that is closed, and on the disk, take the place of the original.
 *
 * @param copy in the store's folder, with all of the journal in it
 * @param before the sha256 of the original, as it was when the copy was made
 */
export function replaceCatalog(dir: string, copy: string, before: string): void {
  const { next, journal } = catalogFiles(dir);
  const after = hashOr(copy);
  const earlier = readSums(dir)?.earlier ?? [];
  const between = hashOr(journal);
  writeSums(dir, { original: [before, after], earlier: [...earlier, before], between });
  renameSync(copy, next);
  syncPath(dir);
  settle(dir);
}

/**
 * Ends a replacement. Each step is on the disk before the next one: wherever a kill stops it, the next catalogue is there and
 * the rest can be done. Nothing is hashed: the files are what they were said to be when it began, or else damaged.
 */
export function settle(dir: string): void {
  const { original, journal, earlier, earlierJournal, next } = catalogFiles(dir);
  if (!existsSync(next)) return;
  for (const [from, to] of [[journal, earlierJournal], [original, earlier], [next, original]]) {
    if (!existsSync(from)) continue;
    moveTo(from, to);
    syncPath(dir);
  }
  const sums = readSums(dir);
  if (!sums) return;
  const { original: originals, earlier: earliers, ...rest } = sums;
  writeSums(dir, { original: originals.slice(-1), earlier: earliers.slice(-1), ...rest });
}

/**
 * Puts what a damaged catalogue was made from in its place: the copy before it, and a journal of everything since. After a kill
 * half-way it is done again, and a journal made twice is made once.
 */
export function restore(dir: string, { base, sum = NONE, journals }: Sources): void {
  const { original, journal, earlierJournal, damaged } = catalogFiles(dir);
  if (existsSync(original)) {
    rmSync(damaged, { recursive: true, force: true });
    if (statSync(original).isFile()) copyFileSync(original, damaged);
    else renameSync(original, damaged);
  }
  const temporary = join(dir, "tmp");
  writeFileDurable(journal, Buffer.concat(journals.map(wholeLines)), temporary);
  // The journal between the two is part of the new journal, and goes.
  writeSums(dir, { original: [...readSums(dir)?.original ?? [], sum], earlier: [sum] });
  if (base) writeFileDurable(original, readFileSync(base), temporary);
  else rmSync(original, { force: true });
  rmSync(earlierJournal, { force: true });
}

/**
 * Takes a catalogue that can be read for what it should be, with itself as the copy before.
 *
 * @returns its sha256
 */
export function adopt(dir: string): string {
  const { original, earlier, earlierJournal } = catalogFiles(dir);
  rmSync(earlierJournal, { force: true });
  copyFileSync(original, earlier);
  syncPath(earlier);
  syncPath(dir);
  const hash = hashOr(original);
  writeSums(dir, { original: [hash], earlier: [hash], between: NONE });
  return hash;
}

/** False when a catalogue that holds all that was recorded could not be made again if it were damaged. */
export function isEarlierSound(dir: string): boolean {
  const { original, earlier, earlierJournal } = catalogFiles(dir);
  if (isBehind(dir) || !existsSync(original)) return true;
  const sums = readSums(dir);
  if (!sums?.earlier.includes(hashOr(earlier)) || !isBetweenSound(dir, sums)) return false;
  // Lines that were damaged by the time the catalogue was made are not in that either.
  if (sums.between !== undefined) return true;
  let damaged = 0;
  for (const _ of new Journal(earlierJournal).changes(() => damaged++));
  return damaged === 0;
}

/** Of a journal all but a last line that has no end. */
function wholeLines(path: string): Uint8Array {
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  return bytes.subarray(0, bytes.lastIndexOf(10) + 1);
}

function readSums(dir: string): Sums | undefined {
  try {
    const { sum, ...sums } = JSON.parse(readFileSync(catalogFiles(dir).sums, "utf8"));
    return sum === sha256(canonical(sums)) ? sums : undefined;
  } catch {
    return undefined; // Missing or damaged: the catalogue itself is looked at.
  }
}

function writeSums(dir: string, sums: Sums): void {
  const text = JSON.stringify({ ...sums, sum: sha256(canonical(sums)) }, null, 1) + "\n";
  writeFileDurable(catalogFiles(dir).sums, new TextEncoder().encode(text), join(dir, "tmp"));
}
