/** @file Stage that brings one dataset's file here, verified by sha256, from wherever it can be had. */
import { z } from "zod";
import { type DatasetEntry, entrySchema } from "../../lib/data/entry.ts";
import { fetchDataset } from "../../lib/data/fetch_dataset.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params {
  /** What `data/datasets.json` says about it. */
  entry: DatasetEntry;
}

/** What a mirror has counts by its sha256, which is a parameter. */
export const permissions = {
  net: true as const,
  read: ["$DEEP_LINEAR_MIRROR"],
  write: ["data/cache"],
};

export const fixed = "an entry of data/datasets.json is changed there";

export function params() {
  return z.strictObject({ entry: entrySchema() });
}

/** Leaves `data`, the bytes of the file. */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { bytes, origin } = await fetchDataset(ctx.params.entry, {
    root: "data",
    mirror: Deno.env.get("DEEP_LINEAR_MIRROR") || undefined,
    signal: ctx.signal,
  });
  ctx.log(`${ctx.params.entry.id}: ${bytes.length} bytes from ${origin}`);
  return { files: { data: bytes }, scalars: { bytes: bytes.length } };
}
