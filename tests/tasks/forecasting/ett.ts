/** @file ETTh1 and its like as problems of forecasting, where a mirror has them. */
import { parseEntries, readOptions } from "../../../lib/data/entry.ts";
import { fetchDataset } from "../../../lib/data/fetch_dataset.ts";
import { readSeries, type Series } from "../../../lib/data/series.ts";
import { makeProblem } from "../../../lib/tasks/forecasting/problem.ts";

const mirror = Deno.env.get("DEEP_LINEAR_MIRROR");
/** Without a mirror nothing can be read. */
export const ignore = !mirror;
if (ignore) {
  console.log("ETTh1 tests are skipped: set DEEP_LINEAR_MIRROR to a mirror that has ETTh1.csv");
}

export async function read(id: string): Promise<Series> {
  const root = new URL("../../../data", import.meta.url).pathname;
  const entries = parseEntries(await Deno.readTextFile(`${root}/datasets.json`), "datasets.json");
  const entry = entries.find((entry) => entry.id === id)!;
  const { bytes } = await fetchDataset(entry, { root, mirror });
  return readSeries(bytes, id, readOptions(entry));
}

let series: Series | undefined;
/** ETTh1, lookback 336. */
export const problemAt = async (horizon: number) =>
  makeProblem(series ??= await read("etth1"), { lookback: 336, horizon, split: "etth" });
