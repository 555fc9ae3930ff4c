/** @file The collections of data/collections.json as the jobs that fetch their files. */
import collections from "../data/collections.json" with { type: "json" };
import { collectionOf, entriesOf } from "../lib/data/collection.ts";
import type { GraphBuilder, JobRef } from "./graph.ts";
import type { Tags } from "./tags.ts";

/**
 * A job for each file, by its path, as stage assess takes them.
 * @throws {DataError} when no collection has the id, or one that is wrong
 */
export function downloadAll(g: GraphBuilder, id: string, tags: Tags): Record<string, JobRef> {
  const collection = collectionOf(collections, id, "data/collections.json");
  return Object.fromEntries(
    [...entriesOf(collection)].map(([path, entry]) => [
      path,
      g.job("download", { entry }, {}, { ...tags, result: "download", file: path }),
    ]),
  );
}
