/** @file From entries of data/datasets.json to tasks and to jobs that fetch their files. */
import assert from "node:assert/strict";
import datasets from "../../data/datasets.json" with { type: "json" };
import type { GraphBuilder, JobRef } from "../../pipeline/graph.ts";
import { seriesOf } from "../../pipeline/series.ts";

const window = { lookback: 2, horizon: 1 };

/** With more entries, for as long as it lasts. */
function withEntries(more: object[], body: () => void): void {
  const list = datasets as object[];
  list.push(...more);
  try {
    body();
  } finally {
    list.splice(-more.length);
  }
}

/** The file that the download of a dataset reads. */
function fileOf(dataset: string): string | undefined {
  let file: string | undefined;
  const g = {
    file: (path: string) => ({ label: file = path }),
    job: () => ({ label: "download" }) as JobRef,
  };
  seriesOf(dataset, window).download(g as unknown as GraphBuilder, {});
  return file;
}

Deno.test("a local file is where its entry says: from the folder of datasets.json, or absolute", () => {
  const entry = { id: "mine", title: "t", licence: "own", path: "mine.csv" };
  withEntries([entry, { ...entry, id: "far", path: "/abs/far.csv" }], () => {
    assert.equal(fileOf("mine"), "data/mine.csv");
    assert.equal(fileOf("far"), "/abs/far.csv");
  });
  assert.equal(fileOf("seattle-weather"), undefined);
});

Deno.test("an id without entry, and an entry that is wrong, are the fault of who asks for them", () => {
  const wrong = { id: "wrong", title: "t", licence: "own", path: "x.csv", Season: 3 };
  withEntries([wrong], () => {
    assert.doesNotThrow(() => seriesOf("seattle-weather", window));
    assert.throws(
      () => seriesOf("wrong", window),
      /^DataError: data\/datasets\.json: entry \d+ \("wrong"\): unknown field "Season"; allowed are season/,
    );
  });
  assert.throws(
    () => seriesOf("seatle-weather", window),
    /^DataError: seatle-weather: no dataset of this id in data\/datasets\.json\. Datasets: seattle-weather, /,
  );
});
