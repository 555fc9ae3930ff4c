/** @file The series of data/datasets.json, as the forecasting task and as the job that fetches the file. */
import datasets from "../data/datasets.json" with { type: "json" };
import { isAbsolute } from "node:path";
import { entryOf } from "../lib/data/entry.ts";
import type { GraphBuilder, JobRef } from "./graph.ts";
import type { Tags } from "./tags.ts";

type Entry = typeof datasets[number] & {
  path?: string;
  split?: string;
  season?: number;
  [field: string]: unknown;
};
const readFields = [
  ...["date", "zone", "columns", "ignore", "series", "missing", "order", "duplicates"],
  ...["delimiter", "decimal", "thousands", "encoding", "header"],
];

/**
 * A series of data/datasets.json as a forecasting task.
 * @throws {DataError} when no entry has the id, or one that is wrong: only experiments that ask for it need it
 */
export function seriesOf(dataset: string, window: { lookback: number; horizon: number }) {
  entryOf(datasets, dataset, "data/datasets.json");
  const entry = (datasets as Entry[]).find(({ id }) => id === dataset)!;
  const { split = "70/10/20", season, drop_constant: dropConstant = false } = entry;
  const read = Object.fromEntries(readFields.flatMap((f) => f in entry ? [[f, entry[f]]] : []));
  const optional = season === undefined ? {} : { season };
  const options = { dataset, read, split, dropConstant, ...window, ...optional };
  return {
    task: { name: "forecasting", options },
    /** The job that fetches the file. */
    download(g: GraphBuilder, tags: Tags): JobRef {
      // A local file may change under its name, so its bytes are part of the key.
      const local: Record<string, JobRef> = entry.path
        ? { file: g.file(isAbsolute(entry.path) ? entry.path : `data/${entry.path}`) }
        : {};
      return g.job("download", { entry }, local, tags);
    },
  };
}
