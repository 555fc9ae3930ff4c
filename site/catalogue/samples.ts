/**
 * @file The beginning of a data set as lines, where its file is at hand: in an npm package, in the cache of downloads or in a
 * mirror on this disk. Nothing is downloaded for a picture.
 */
import { dirname } from "node:path";
import type { DatasetEntry } from "../../lib/data/entry.ts";
import { readOptions } from "../../lib/data/entry.ts";
import { fetchDataset } from "../../lib/data/fetch_dataset.ts";
import { readSeries } from "../../lib/data/series.ts";
import { formatNumber } from "../../pipeline/publish/format.ts";

export interface Sample {
  /** How many rows of it are drawn. */
  rows: number;
  /** Date of the first and of the last of them, ISO 8601; absent for a series without dates. */
  span?: [string, string];
  channels: { name: string; low: string; high: string; path: string }[];
  /** Channels that are not drawn. */
  more: number;
}

/** Bytes that are read of a file: large ones take a second, and a picture holds no more. */
const BEGINNING = 24_000;
const ROWS = 400;
const CHANNELS = 4;
/** Of the drawing, which is stretched to its place. */
export const SIZE = { width: 600, height: 60 };

/**
 * @param file where the entry stands: local paths and the cache are beside it
 * @param mirror a folder
 * @returns undefined where the file is not here, or is not read as a series
 */
export async function sampleOf(
  { url: _, ...entry }: DatasetEntry,
  file: string,
  mirror = Deno.env.get("DEEP_LINEAR_MIRROR"),
): Promise<Sample | undefined> {
  const folder = mirror && !/^https?:/.test(mirror) ? mirror : undefined;
  try {
    const { bytes } = await fetchDataset(entry, { root: dirname(file), mirror: folder });
    // Up to a whole line.
    const end = bytes.length <= BEGINNING ? bytes.length : bytes.lastIndexOf(10, BEGINNING) + 1;
    const series = readSeries(bytes.subarray(0, end), entry.id, readOptions(entry));
    const rows = Math.min(series.rows, ROWS);
    const day = (row: number) => new Date(series.dates![row]).toISOString().slice(0, 10);
    return {
      rows,
      ...(series.dates ? { span: [day(0), day(rows - 1)] as [string, string] } : {}),
      channels: series.columns.slice(0, CHANNELS).map((name, c) => ({
        name,
        ...drawn(series.channels[c].subarray(0, rows)),
      })),
      more: Math.max(0, series.columns.length - CHANNELS),
    };
  } catch {
    return undefined;
  }
}

/** A line through all values, from the least at the bottom to the greatest at the top. */
export function drawn(values: Float64Array): { low: string; high: string; path: string } {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const at = (value: number, i: number) => {
    const x = values.length > 1 ? i / (values.length - 1) * SIZE.width : SIZE.width / 2;
    const y = high > low ? (high - value) / (high - low) * SIZE.height : SIZE.height / 2;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  };
  const path = `M${Array.from(values, at).join("L")}`;
  return { low: formatNumber(low), high: formatNumber(high), path };
}
