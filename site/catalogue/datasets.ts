/** @file The data sources of the project, as data/datasets.json lists them. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { DatasetEntry } from "../../lib/data/entry.ts";
import { type Sample, sampleOf } from "./samples.ts";

export const DATASETS = fileURLToPath(new URL("../../data/datasets.json", import.meta.url));

export interface Dataset {
  id: string;
  title: string;
  licence: string;
  sha256: string;
  bytes: number;
  note?: string;
  /** Where it comes from, in words: a package, or an address. */
  source: string;
  /** The address, where it is one. */
  address?: string;
  /** Its beginning, where the file is at hand. */
  sample?: Sample;
}

export async function readDatasets(file = DATASETS): Promise<Dataset[]> {
  const entries = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>[];
  return await Promise.all(entries.map(async (entry): Promise<Dataset> => {
    const { id, title, licence, sha256, bytes, note, npm, url, page, path } = entry as {
      id: string;
      title: string;
      licence?: string;
      sha256?: string;
      bytes?: number;
      note?: string;
      npm?: { package: string; file: string };
      url?: string;
      page?: string;
      path?: string;
    };
    const address = url ?? page;
    return {
      ...{
        id,
        title,
        licence: licence ?? "none stated",
        sha256: sha256 ?? "",
        bytes: bytes ?? 0,
        note,
      },
      source: npm
        ? `npm package ${npm.package}, ${npm.file}`
        : address ?? path ?? "a file of the user's",
      ...(address && /^https?:/.test(address) ? { address } : {}),
      sample: await sampleOf(entry as unknown as DatasetEntry, file),
    };
  }));
}
